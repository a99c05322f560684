// How a request of HTTP/1.1 leaves when a wire fault is to act on it.
#pragma once

#include "pomona/net/world.hpp"
#include "real/socket_stream.hpp"

namespace pomona::net::real {

/// Sends `what` as `tap` wants it, or simply. After a fault that ends the connection the error is
/// `closed`. All arguments outlive the call.
task<io_result<void>> send_request(world& w, socket_stream& stream, const request& what,
                                   exchange_tap* tap, time_point deadline);

} // namespace pomona::net::real
