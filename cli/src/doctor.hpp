// What `run` asks of doctor before it begins.
#pragma once

#include "command.hpp"
#include "target_file.hpp"

#include <optional>

namespace pomona::cli {

/// Looks at the machine and, when there is one, at the target. ok, or unusable_target after
/// complaining about each problem: then nothing of what is under test has been judged.
exit_code examine_before_run(const std::optional<target_document>& target, const std::string& file,
                             std::size_t macs, bool scep_legacy);

} // namespace pomona::cli
