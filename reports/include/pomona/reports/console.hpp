// Verdicts for a terminal: a line a step while a run goes on, and the summary at its end.
#pragma once

#include "pomona/scenario/outcome.hpp"

#include <string>

namespace pomona::reports {

struct console_style {
    bool color = false;
    bool verbose = false; ///< every passed check and n/a check too
    bool quiet = false;   ///< failures and the last line only
};

/// "  pass  expect: TokenUpdate                200/200  1.2s"
std::string step_line(const scenario::step_outcome& s, const console_style& style);

/// Failures read like a compiler's: file:line with caret, expected, actual, trace numbers, then the
/// checks (id, level, basis, rule, source, bugs it was seen as), the line that runs just this
/// again, and one line that sums up. `trace_folder` may be empty.
std::string summary(const scenario::run_outcome& run, const std::string& trace_folder,
                    const console_style& style);

} // namespace pomona::reports
