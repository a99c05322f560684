#include "scenario_files.hpp"

#include <algorithm>
#include <fstream>

namespace pomona::cli {
namespace {

/// A scenario has `steps:` at the beginning of a line; other YAML of a folder (targets, profiles'
/// settings) has not.
bool is_scenario(const std::filesystem::path& file) {
    std::ifstream in{file};
    std::string line;
    while (std::getline(in, line)) {
        if (line.starts_with("steps:")) {
            return true;
        }
    }
    return false;
}

} // namespace

std::expected<std::vector<std::filesystem::path>, exit_code>
find_scenarios(const std::vector<std::string>& operands) {
    if (operands.empty()) {
        return std::unexpected(
            usage_error("which scenario?", "for instance scenarios/first-fleet.yaml"));
    }
    std::vector<std::filesystem::path> out;
    for (const auto& operand : operands) {
        std::error_code code;
        if (!std::filesystem::is_directory(operand, code)) {
            out.emplace_back(operand);
            continue;
        }
        std::vector<std::filesystem::path> found;
        for (const auto& entry : std::filesystem::directory_iterator{operand, code}) {
            const auto extension = entry.path().extension();
            if ((extension == ".yaml" || extension == ".yml") && is_scenario(entry.path())) {
                found.push_back(entry.path());
            }
        }
        if (found.empty()) {
            complain("there is no scenario in the folder " + operand,
                     "a scenario is a .yaml file with `steps:`");
            return std::unexpected(exit_code::invalid_input);
        }
        std::ranges::sort(found);
        out.insert(out.end(), found.begin(), found.end());
    }
    return out;
}

} // namespace pomona::cli
