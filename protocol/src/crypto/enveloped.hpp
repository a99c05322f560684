// CMS EnvelopedData with RSA key transport (RFC 5652 section 6), as SCEP and server tokens use it.
#pragma once

#include "crypto/handles.hpp"

namespace pomona::crypto {

/// DER, or BER of indefinite length with `ber`. The recipient has an RSA key: with another OpenSSL
/// would silently make a key agreement of it.
result<bytes> write_enveloped(const context& ctx, bytes_view content, const certificate& recipient,
                              const EVP_CIPHER* cipher, bool ber);
/// What was enveloped for `recipient`; with a wrong key that is garbage or nothing (RFC 3218
/// section 2.3.2), and no error says which. Error: malformed, when it is no EnvelopedData.
result<bytes> read_enveloped(const context& ctx, bytes_view envelope, const identity& recipient);

} // namespace pomona::crypto
