// The push service's own calls, "/push/…": the portals of Apple's that a provider needs, and a look
// at what happens.
#pragma once

#include "apns/push_log.hpp"
#include "pomona/net/world.hpp"

namespace pomona::sim::apns {

/// JSON in, JSON out (docs/apns.md has the list). 400 {"error"} says what is wrong, 404 what is not
/// there.
net::reply answer_push_calls(service& s, net::world& world, const push_log& log,
                             const net::request& what);

} // namespace pomona::sim::apns
