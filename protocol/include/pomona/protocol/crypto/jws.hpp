// JSON Web Signatures in compact form (RFC 7515) with ES256 and RS256 (RFC 7518): provider tokens
// of APNs, client assertions of Apple Business Manager, Managed Apple Account tokens.
#pragma once

#include "pomona/protocol/crypto/key.hpp"

#include <string>
#include <string_view>

namespace pomona::crypto {

/// Three base64url parts, taken apart. Nothing is verified yet.
struct compact_jws {
    std::string header; ///< JSON text of the JOSE header, not judged
    std::string claims; ///< JSON text of the payload, not judged
    std::string signed_text;
    bytes signature;
};
/// Errors: malformed, too_large (over 16 KiB).
result<compact_jws> parse_jws(std::string_view text);

enum class jws_algorithm { es256, rs256 };

/// Does the signature hold with the public key `spki` (DER SubjectPublicKeyInfo)? The algorithm is
/// the caller's, never the header's (RFC 8725 section 3.1). Errors: signature_invalid, wrong_key
/// (of another kind).
result<void> verify_jws(const context& ctx, const compact_jws& what, jws_algorithm algorithm,
                        bytes_view spki);

/// `header` and `claims` are JSON texts. ES256 with a P-256 key, RS256 with an RSA key; the header
/// has to say so. Errors: wrong_key, library.
result<std::string> sign_jws(std::string_view header, std::string_view claims,
                             const private_key& key);

} // namespace pomona::crypto
