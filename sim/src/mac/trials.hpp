// Carries out what a scenario puts a machine to.
#pragma once

#include "mac/core.hpp"
#include "pomona/sim/mac/trials.hpp"

namespace pomona::sim::mac {

void apply(core& self, const trials& t);

} // namespace pomona::sim::mac
