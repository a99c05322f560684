// What check-in and command loop ask of every request before they read it.
#pragma once

#include "handlers.hpp"

#include <expected>

namespace pomona::server {

/// A PUT from a holder of a certificate of ours: that certificate, or the answer that refuses the
/// request.
std::expected<crypto::certificate, net::response>
sender_of_put(const service_ptr& s, const net::incoming& in, time_point now);

} // namespace pomona::server
