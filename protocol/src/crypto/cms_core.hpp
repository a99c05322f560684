// What Mdm-Signature, signed profiles and SCEP have in common: one SignerInfo, written and
// verified. The trust in the signer is not judged here.
#pragma once

#include "crypto/handles.hpp"

#include <string>
#include <vector>

namespace pomona::crypto {

/// A further signed attribute with one value.
struct signed_attribute {
    std::string oid; ///< dotted
    int type = 0;    ///< V_ASN1_…
    bytes value;     ///< the content octets
};

struct signing_options {
    const EVP_MD* digest = nullptr;
    std::optional<time_point> signing_time; ///< nullopt: no signed attributes at all
    bool detached = false;                  ///< eContent absent
    bool with_chain = false;
    std::vector<signed_attribute> attributes;
};

/// DER SignedData over `content`. Every random byte (ECDSA) comes from `ctx`.
result<bytes> sign_cms(const context& ctx, bytes_view content, const identity& signer,
                       const signing_options& options);

/// A BER or DER ContentInfo and nothing behind it. `ctx` must outlive it.
result<cms_ptr> parse_cms(const context& ctx, bytes_view data);

/// The one SignerInfo of a SignedData and its certificate, both borrowed from the message.
struct signer_view {
    CMS_SignerInfo* info = nullptr;
    X509* cert = nullptr;     ///< borrowed; from the message, or one of `known`
    int digest = 0;           ///< NID of the digest algorithm; anything, MD5 also
    int signature_digest = 0; ///< NID of the digest that the signature algorithm names, or 0
};
/// errc::malformed: no SignedData, no signer or no certificate for it. errc::unsupported: several
/// signers.
result<signer_view> find_signer(CMS_ContentInfo* cms, const std::vector<certificate>& known = {});
/// SHA-1 and the SHA-2 family; MD5 and whatever else is refused.
bool digests_permitted(const signer_view& signer);

/// True when the signature holds, and with signed attributes also their contentType and
/// messageDigest. `detached_content` is null when the content is inside. `out` may be null.
bool signature_holds(CMS_ContentInfo* cms, const signer_view& signer, BIO* detached_content,
                     BIO* out);
bool content_is_absent(CMS_ContentInfo* cms);
std::optional<time_point> signing_time_of(const CMS_SignerInfo* info);
/// All certificates of a SignedData.
std::vector<certificate> certificates_of(const context& ctx, CMS_ContentInfo* cms);

} // namespace pomona::crypto
