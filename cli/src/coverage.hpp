// `list checks --subject`: who is judged by which rule of the protocols, and which test holds it.
#pragma once

#include "command.hpp"

namespace pomona::cli {

/// What `--subject` may be: "device", "server", …
std::vector<std::string_view> coverage_subjects();
/// Every check of the protocol sheets that judges `subject`, whether this version judges it over
/// traces or not: level, basis, the tests that name it, or why none does; and the share with tests.
/// From docs/coverage.md as it was when the command was built.
exit_code list_coverage(std::string_view subject, bool json);

} // namespace pomona::cli
