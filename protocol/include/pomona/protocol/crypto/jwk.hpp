// JSON Web Keys (RFC 7517) of RSA and P-256 public keys: what an OpenID provider publishes and a
// relying party reads.
#pragma once

#include "pomona/protocol/crypto/jws.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pomona::crypto {

/// One key of a set that verifies signatures.
struct verification_key {
    std::string id; ///< "kid"; may be empty
    jws_algorithm algorithm{};
    bytes spki; ///< DER SubjectPublicKeyInfo
};

/// A JSON Web Key Set with the public part of `key` as its only member, "use": "sig". Error:
/// library.
result<std::string> write_jwk_set(const private_key& key, std::string_view id);

/// The keys of a set that can verify; others are left out (RFC 7517 section 5). At most 100 are
/// looked at. Errors: malformed, too_large (over 256 KiB).
result<std::vector<verification_key>> read_jwk_set(const context& ctx, std::string_view text);

} // namespace pomona::crypto
