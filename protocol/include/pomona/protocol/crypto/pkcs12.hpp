// PKCS #12 (RFC 7292): an identity in one password-protected file.
#pragma once

#include "pomona/protocol/crypto/certificate.hpp"

#include <string>

namespace pomona::crypto {

/// PKCS #12 with a MAC: the key, its certificate and the others in it. Errors: malformed,
/// too_large, decrypt_failed (the password is wrong), unsupported (RC2 and other ciphers of the
/// legacy provider; too many rounds), wrong_key (no certificate for the key).
result<identity> read_pkcs12(const context& ctx, bytes_view data, std::string_view password);
/// The key and its certificate, nothing else. Error: library.
result<bytes> write_pkcs12(const identity& who, const std::string& password);

} // namespace pomona::crypto
