// JUnit XML, as CI systems read it.
#pragma once

#include "pomona/scenario/outcome.hpp"

#include <string>

namespace pomona::reports {

/// One testsuite a run; a testcase a step and a check. fail → failure, blocked and n/a → skipped
/// with the reason, error → error, warn and lenient pass with their words in system-out.
std::string junit(const scenario::run_outcome& run);

} // namespace pomona::reports
