// The server token of the device-enrollment service: what an administrator downloads for an MDM
// server, encrypted for that server's certificate.
#pragma once

#include "pomona/foundation/time.hpp"
#include "pomona/protocol/crypto/certificate.hpp"

#include <string>
#include <string_view>

namespace pomona::abm {

/// Apple, "Authenticating with a device assignment server". All opaque text; the prefixes CK_, CS_,
/// AT_, AS_ are how Apple's look.
struct server_token {
    std::string consumer_key;
    std::string consumer_secret;
    std::string access_token;
    std::string access_secret;
    time_point expires; ///< access_token_expiry
    bool operator==(const server_token&) const = default;
};

/// The text of a `…_smime.p7m` file: MIME headers, base64 of an EnvelopedData for `recipient`'s RSA
/// key, in it a text part with the JSON between message lines. Errors: unsupported (no RSA key),
/// library.
result<std::string> write_token_file(const server_token& token,
                                     const crypto::certificate& recipient);
/// The token of such a file. Errors: malformed, decrypt_failed (it is for another key), too_large.
result<server_token> read_token_file(std::string_view file, const crypto::identity& recipient);

} // namespace pomona::abm
