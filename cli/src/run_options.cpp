#include "run_options.hpp"

#include "bugs.hpp"

#include <iostream>
#include <unistd.h>

namespace pomona::cli {
namespace {

std::expected<std::map<std::string, std::string>, exit_code> read_vars(const settings& s) {
    std::map<std::string, std::string> out;
    for (const auto& text : s.texts("var")) {
        const auto equals = text.find('=');
        if (equals == std::string::npos || equals == 0) {
            return std::unexpected(usage_error("--var takes name=value, not `" + text + "`"));
        }
        out[text.substr(0, equals)] = text.substr(equals + 1);
    }
    return out;
}

} // namespace

std::expected<run_options, exit_code> read_run_options(const settings& s) {
    run_options o;
    const auto world = s.text("world").value_or("real");
    if (world != "real" && world != "virtual") {
        return std::unexpected(usage_error("--world is real or virtual, not `" + world + "`"));
    }
    o.virtual_world = o.parse.virtual_world = world == "virtual";
    const auto seed = s.number("seed", 0, UINT64_MAX);
    const auto macs = s.number("macs", 1, 100'000);
    auto vars = read_vars(s);
    if (!seed || !macs || !vars) {
        return std::unexpected(exit_code::usage);
    }
    o.seed = seed->value_or(1);
    if (*macs) {
        o.parse.macs = static_cast<std::size_t>(**macs);
    }
    o.parse.vars = std::move(*vars);
    o.strict = s.flag("strict");
    o.examine = !s.flag("no-doctor");
    o.scep_legacy = s.flag("scep-legacy");
    o.seed_schema = s.flag("seed-schema");
    if (o.scep_legacy && o.virtual_world) {
        return std::unexpected(usage_error("old SCEP peers live in the real world",
                                           "leave out --world virtual, or --scep-legacy"));
    }
    if (const auto out = s.text("out")) {
        o.out = *out;
    }
    o.style = {color_wanted(s.text("color").value_or("auto"), STDOUT_FILENO), s.flag("verbose"),
               s.flag("quiet")};
    const auto bugs = read_bugs(s);
    if (!bugs) {
        return std::unexpected(bugs.error());
    }
    o.bugs = *bugs;
    o.bug_names = s.texts("bug");
    if (const auto file = s.text("target")) {
        if (!o.bug_names.empty()) {
            return std::unexpected(
                usage_error("--bug plants a defect in the server that the run starts",
                            "for a server of its own: pomona serve --bug ID, then -t"));
        }
        if (o.virtual_world) {
            return std::unexpected(usage_error("a separate server lives in the real world",
                                               "leave out --world virtual, or -t"));
        }
        auto target = read_target(*file);
        if (!target) {
            std::cerr << target.error();
            return std::unexpected(exit_code::invalid_input);
        }
        o.target = std::move(*target);
        o.target_file = *file;
    }
    return o;
}

std::string rerun_line(const scenario::scenario& what, const run_options& o) {
    auto out = "pomona run " + what.file + (o.virtual_world ? " --world virtual" : "") +
               " --seed " + std::to_string(o.seed);
    if (o.parse.macs) {
        out += " --macs " + std::to_string(*o.parse.macs);
    }
    for (const auto& [name, value] : o.parse.vars) {
        out += " --var " + name + '=' + value;
    }
    for (const auto& name : o.bug_names) {
        out += " --bug " + name;
    }
    if (!o.target_file.empty()) {
        out += " -t " + o.target_file;
    }
    return out + (o.strict ? " --strict" : "") + (o.examine ? "" : " --no-doctor") +
           (o.scep_legacy ? " --scep-legacy" : "") + (o.seed_schema ? " --seed-schema" : "");
}

} // namespace pomona::cli
