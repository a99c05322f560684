// Public keys as they come in a SubjectPublicKeyInfo.
#pragma once

#include "crypto/handles.hpp"

namespace pomona::crypto {

/// Error: malformed.
result<evp_pkey_ptr> read_public_key(const context& ctx, bytes_view spki);
/// SHA-256 with RSA PKCS #1 v1.5, or ECDSA in DER. Error: signature_invalid.
result<void> verify_with(const context& ctx, EVP_PKEY* key, bytes_view data, bytes_view signature);

} // namespace pomona::crypto
