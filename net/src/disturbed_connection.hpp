// A connection whose exchanges may be disturbed: the same decorator in both worlds.
#pragma once

#include "pomona/net/world.hpp"

namespace pomona::net {

/// Message faults are carried out here, around `inner`; wire faults are handed down to it.
std::shared_ptr<connection> make_disturbed(world& w, std::shared_ptr<connection> inner,
                                           std::shared_ptr<fault_injector> injector);

} // namespace pomona::net
