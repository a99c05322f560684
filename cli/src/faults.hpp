// Injectable faults on the command line: `list faults`, `explain FAULT`.
#pragma once

#include "command.hpp"

#include <string>

namespace pomona::cli {

exit_code list_faults(bool json);
/// False when there is no such fault.
bool explain_fault(const std::string& id, bool json);
/// The nearest id; empty when none is near.
std::string nearest_fault(const std::string& id);

} // namespace pomona::cli
