// Plain signatures over SHA-256: RSA PKCS #1 v1.5 (RFC 8017) or ECDSA in DER.
#pragma once

#include "pomona/protocol/crypto/key.hpp"

namespace pomona::crypto {

/// Error: library.
result<bytes> sign_sha256(bytes_view data, const private_key& key);
/// Does it hold with `spki` (DER SubjectPublicKeyInfo)? Errors: malformed (the key),
/// signature_invalid.
result<void> verify_sha256(const context& ctx, bytes_view data, bytes_view signature,
                           bytes_view spki);

} // namespace pomona::crypto
