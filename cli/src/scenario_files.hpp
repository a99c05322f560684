// From operands to scenario files.
#pragma once

#include "command.hpp"

#include <expected>
#include <filesystem>
#include <vector>

namespace pomona::cli {

/// Files as given; of a folder every *.yaml in it that begins a scenario (not targets, personas or
/// fragments), sorted. Complains itself.
std::expected<std::vector<std::filesystem::path>, exit_code>
find_scenarios(const std::vector<std::string>& operands);

} // namespace pomona::cli
