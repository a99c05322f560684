// The library context every cryptographic operation runs in: where its randomness comes from.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/error.hpp"

#include <memory>

struct ossl_lib_ctx_st; // OpenSSL's OSSL_LIB_CTX

namespace pomona::crypto {

enum class errc {
    malformed = 1, ///< the bytes are not the structure that was expected
    unsupported,   ///< well-formed, but an algorithm or form we refuse
    signature_invalid,
    decrypt_failed,
    untrusted, ///< no path to a trust anchor
    expired,
    not_yet_valid,
    wrong_key,
    too_large,
    library ///< OpenSSL failed for another reason; the detail has its error queue
};
std::error_code make_error_code(errc value);

/// A handle on an OSSL_LIB_CTX; copies share it. Keys and certificates made in a context keep it
/// alive.
class context {
  public:
    /// OpenSSL's own entropy: the real world.
    static context system();
    /// Every random byte comes from a DRBG provider of ours fed by `seed`: the same seed and the
    /// same calls give the same bytes. One thread at a time. For the virtual world and for derived
    /// test keys.
    static context seeded(bytes_view seed);
    /// A library context of its own with OpenSSL's legacy provider beside the default one, so that
    /// single DES exists in it and nowhere else. Its randomness is OpenSSL's own (that provider's
    /// cannot be replaced), so nothing that has to be repeatable may use it. Error: library, when
    /// the provider is not installed.
    static result<context> with_legacy();

    [[nodiscard]] bytes random(std::size_t count) const;
    [[nodiscard]] ossl_lib_ctx_st* native() const;

  private:
    struct impl;
    explicit context(std::shared_ptr<impl> i) : impl_{std::move(i)} {}
    std::shared_ptr<impl> impl_;
};

bytes sha256(bytes_view data);
bytes sha1(bytes_view data);
/// For HTTP Digest, fingerprints of old profiles and the hashes of application manifests only.
bytes md5(bytes_view data);
bytes hmac_sha256(bytes_view key, bytes_view data);
/// For OAuth 1.0a only, which knows nothing better (RFC 5849 section 3.4.2).
bytes hmac_sha1(bytes_view key, bytes_view data);
/// Equality in time that depends on the lengths only: for challenges, tokens, passwords.
bool equal_constant_time(bytes_view a, bytes_view b);

} // namespace pomona::crypto

POMONA_ERROR_ENUM(pomona::crypto::errc);
