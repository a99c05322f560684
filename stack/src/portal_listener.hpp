// The portal of the emulated Apple Business Manager over HTTP: what `pomona ctl abm` calls.
#pragma once

#include "pomona/net/world.hpp"
#include "pomona/sim/abm/service.hpp"

#include <string>

namespace pomona::stack {

struct portal_login {
    std::string user, key;
};

/// Plain HTTP with Basic authentication; `abm` outlives the listener. 401 without the right login.
result<std::unique_ptr<net::listener>> listen_for_portal(net::world& world, net::endpoint bind,
                                                         sim::abm::service& abm,
                                                         const portal_login& who);

} // namespace pomona::stack
