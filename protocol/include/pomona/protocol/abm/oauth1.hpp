// OAuth 1.0a as the device-enrollment service uses it for GET /session (RFC 5849, HMAC-SHA1 only).
#pragma once

#include "pomona/foundation/error.hpp"
#include "pomona/foundation/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pomona::abm {

/// Decoded name and value, in the order of the wire.
using oauth_parameters = std::vector<std::pair<std::string, std::string>>;

/// The parameters of an `Authorization: OAuth …` header (RFC 5849 section 3.5.1); `realm` is among
/// them. Nullopt when it is of another scheme or malformed. At most 32 parameters, 8 KiB.
std::optional<oauth_parameters> parse_oauth_header(std::string_view value);

/// RFC 5849 section 3.4.1. `url`: scheme, host (with a port that is not the scheme's own) and path,
/// no query. `parameters`: those of the header and of the query; `realm` and `oauth_signature` are
/// left out here.
std::string oauth_base_string(std::string_view method, std::string_view url,
                              const oauth_parameters& parameters);

/// RFC 5849 section 3.4.2: base64 of HMAC-SHA1 with "consumer_secret&token_secret".
std::string oauth_signature(std::string_view base_string, std::string_view consumer_secret,
                            std::string_view token_secret);

/// A whole header for a request of a client.
struct oauth_request {
    std::string method = "GET";
    std::string url; ///< as in oauth_base_string
    std::string consumer_key, consumer_secret;
    std::string access_token, access_secret;
    std::string nonce;
    time_point at;
    std::optional<std::string> realm =
        "ADM"; ///< Apple, "Authenticating with a device assignment server"
};
std::string write_oauth_header(const oauth_request& what);

} // namespace pomona::abm
