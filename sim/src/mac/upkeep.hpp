// What the machine does by itself, while time goes on.
#pragma once

#include "mac/core.hpp"

namespace pomona::sim::mac {

/// To be called whenever the machine may have changed (a command, a declaration, a user): sees to
/// it that its next change by itself happens in time. `cause`: the event that led to it.
void keep_up(core& self, std::uint64_t cause);

} // namespace pomona::sim::mac
