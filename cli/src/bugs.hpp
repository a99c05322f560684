// Planted defects on the command line: --bug, `list bugs`, `explain BUG`.
#pragma once

#include "pomona/server/defects.hpp"
#include "settings.hpp"

#include <expected>

namespace pomona::cli {

/// The option --bug of `run` and `serve`.
option bug_option();
/// Complains about a name that no defect has.
std::expected<server::defects, exit_code> read_bugs(const settings& s);

exit_code list_bugs(bool json);
/// False when there is no such defect.
bool explain_bug(const std::string& name, bool json);
/// The nearest name; empty when none is near.
std::string nearest_bug(const std::string& name);

} // namespace pomona::cli
