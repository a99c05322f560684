// The portal's calls, "/portal/…": what an administrator does with the mouse at Apple's.
#pragma once

#include "pomona/sim/abm/service.hpp"

namespace pomona::sim::abm {

/// JSON in, JSON out (docs/abm.md has the list). 400 {"error"} says what is wrong, 404 what is not
/// there. `entropy`: for names that are drawn.
net::reply answer_portal(service& s, net::world& world, const net::request& what);

} // namespace pomona::sim::abm
