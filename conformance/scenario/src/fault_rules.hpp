// A scenario's fault rules in force: from the words of a file to the injector's terms.
#pragma once

#include "pomona/faults/injector.hpp"
#include "step_context.hpp"

namespace pomona::scenario {

/// Puts the rules of `file` in force in the run's world, and keeps an injector for those of steps.
void begin_faults(step_context& c, const scenario& file);
/// From now on this one too. `macs` as the step selects them.
void add_fault(step_context& c, const fault_rule& r);

} // namespace pomona::scenario
