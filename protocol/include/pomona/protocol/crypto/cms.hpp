// CMS (RFC 5652): detached and attached signatures, as Mdm-Signature and signed profiles use them.
#pragma once

#include "pomona/protocol/crypto/certificate.hpp"

#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace pomona::crypto {

/// DER SignedData, detached, SHA-256, signer certificate inside, signingTime = `at`; nullopt:
/// without signed attributes, the signature is over the content itself (RFC 5652 section 5.4).
result<bytes> sign_detached(bytes_view content, const identity& signer,
                            std::optional<time_point> at);
/// The digest of a signature; SHA-1 only for what old devices sign.
enum class cms_digest { sha256, sha1 };
/// DER SignedData with the content attached; `signer.chain` is included.
result<bytes> sign_attached(bytes_view content, const identity& signer, time_point at,
                            cms_digest digest = cms_digest::sha256);

struct verified {
    certificate signer;
    std::vector<certificate> certificates; ///< all that the message carries
    std::optional<time_point> signing_time;
    bytes content; ///< the attached content; empty for detached
};
/// Checks the one signature over `content`; does not judge the signer: use verify_chain. Errors:
/// malformed, unsupported (MD5, more than one signer), signature_invalid.
result<verified> verify_detached(const context& ctx, bytes_view cms, bytes_view content);
result<verified> verify_attached(const context& ctx, bytes_view cms);
/// Signers whose messages come again and again: decoding a certificate costs several times as much
/// as verifying a signature with it. Only certificates whose signature held are kept, by their
/// exact bytes; the oldest goes. One thread at a time.
class signer_cache {
  public:
    explicit signer_cache(std::size_t most = 4096) : most_{most} {}
    /// As crypto::verify_detached, with the same outcome for every input.
    result<verified> verify_detached(const context& ctx, bytes_view cms, bytes_view content);
    [[nodiscard]] std::size_t size() const { return known_.size(); }
    /// How often a certificate did not have to be decoded.
    [[nodiscard]] std::size_t hits() const { return hits_; }

  private:
    std::size_t most_;
    std::size_t hits_ = 0;
    std::map<bytes, certificate> known_; ///< by DER
    std::deque<bytes> order_;
};
/// DER EnvelopedData, AES-256, for one recipient with an RSA key.
result<bytes> seal_enveloped(const context& ctx, bytes_view content, const certificate& recipient);
/// decrypt_failed: not for `recipient`, or damaged. Decrypted bytes are not authenticated: with a
/// wrong key they may also be anything.
result<bytes> open_enveloped(const context& ctx, bytes_view cms, const identity& recipient);
/// True when the bytes begin as a DER/BER ContentInfo: tells a signed profile from a bare plist.
bool looks_like_cms(bytes_view data);

} // namespace pomona::crypto
