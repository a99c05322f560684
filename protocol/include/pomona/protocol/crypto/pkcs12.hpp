// PKCS #12 (RFC 7292): an identity in one password-protected file.
#pragma once

#include "pomona/protocol/crypto/certificate.hpp"

#include <string>

namespace pomona::crypto {

/// The key, its certificate and what else is in it. errc::wrong_key: another password, or
/// algorithms that are not permitted (RC2 of old files).
result<identity> read_pkcs12(const context& ctx, bytes_view der, const std::string& password);
result<bytes> write_pkcs12(const identity& who, const std::string& password);

} // namespace pomona::crypto
