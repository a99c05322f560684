// A CONNECT proxy (RFC 9110 section 9.3.6) that leads a few names to servers of this machine and
// nowhere else.
#pragma once

#include "pomona/foundation/time.hpp"
#include "pomona/net/http.hpp"

#include <string>
#include <vector>

namespace pomona::net {

struct tunnel_route {
    std::string host; ///< as clients know it, lower case
    std::uint16_t port = 443;
    endpoint to;
};

struct tunnel_options {
    endpoint bind;
    /// Everything else is refused with 403: nothing is resolved and nothing leaves this machine.
    std::vector<tunnel_route> routes;
    std::size_t max_header_bytes = 8192;
    std::size_t max_tunnels = 1000;
    duration header_timeout = std::chrono::seconds{10};
    duration connect_timeout = std::chrono::seconds{10};
    duration write_timeout = std::chrono::seconds{30}; ///< a peer that takes nothing meanwhile
    duration idle_timeout = std::chrono::hours{1};     ///< neither side says anything
};

} // namespace pomona::net
