// The portals of the emulated services over HTTP: what `pomona ctl` calls.
#pragma once

#include "pomona/net/world.hpp"
#include "pomona/sim/abm/service.hpp"
#include "pomona/sim/apns/service.hpp"
#include "pomona/sim/idp/service.hpp"

#include <string>

namespace pomona::stack {

struct portal_login {
    std::string user, key;
};

/// "/portal/…" goes to Apple Business Manager, "/idp/…" to the identity provider (null: 404),
/// "/push/…" to the push service.
struct portal_services {
    sim::apns::service& push;
    sim::abm::service* abm = nullptr;
    sim::idp::service* idp = nullptr;
};

/// Plain HTTP with Basic authentication; the services outlive the listener. 401 without the right
/// login.
result<std::unique_ptr<net::listener>> listen_for_portal(net::world& world, net::endpoint bind,
                                                         portal_services to,
                                                         const portal_login& who);

} // namespace pomona::stack
