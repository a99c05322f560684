// The options of `pomona run` as values.
#pragma once

#include "pomona/reports/console.hpp"
#include "pomona/scenario/parse.hpp"
#include "pomona/server/defects.hpp"
#include "settings.hpp"
#include "target_file.hpp"

#include <expected>
#include <filesystem>
#include <optional>

namespace pomona::cli {

struct run_options {
    bool virtual_world = false;
    std::uint64_t seed = 1;
    bool strict = false;
    bool examine = true; ///< doctor first
    bool scep_legacy = false;
    bool seed_schema = false;
    std::optional<std::filesystem::path> out;
    std::optional<target_document> target;
    std::string target_file;
    server::defects bugs;
    std::vector<std::string> bug_names;
    scenario::parse_options parse;
    reports::console_style style;
};

/// Complains itself.
std::expected<run_options, exit_code> read_run_options(const settings& s);

/// The command line that runs just this again.
std::string rerun_line(const scenario::scenario& what, const run_options& o);

} // namespace pomona::cli
