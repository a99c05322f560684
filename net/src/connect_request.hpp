// The head of a request to a CONNECT proxy, and what it is answered.
#pragma once

#include "pomona/net/tunnel.hpp"

#include <expected>
#include <span>
#include <string_view>

namespace pomona::net {

/// An HTTP/1.1 response with its text, after which the connection ends.
std::string tunnel_refusal(unsigned status, std::string_view why);

/// `head`: everything up to and including the empty line. The route, or the whole answer that
/// refuses it: 400 malformed, 403 no route, 405 no CONNECT.
std::expected<const tunnel_route*, std::string>
read_connect_request(std::string_view head, std::span<const tunnel_route> routes);

} // namespace pomona::net
