#include "command.hpp"
#include "pomona/scenario/parse.hpp"
#include "scenario_files.hpp"
#include "settings.hpp"

#include <iostream>

namespace pomona::cli {

exit_code lint_command(const arguments& args) {
    const auto s = settings::read({"lint", "FILE|DIR...",
                                   "Reads scenario files as `run` would and reports every problem.",
                                   "pomona lint scenarios/first-fleet.yaml", with_common({})},
                                  args);
    if (!s) {
        return s.error();
    }
    const auto files = find_scenarios(s->operands());
    if (!files) {
        return files.error();
    }
    auto code = exit_code::ok;
    for (const auto& file : *files) {
        // Verbs and faults that need one of the worlds are valid here: `run` says when the world
        // does not fit.
        const auto parsed = scenario::load(file, {.vars = {}, .macs = {}, .any_world = true});
        if (!parsed) {
            std::cerr << parsed.error().render();
            code = exit_code::invalid_input;
        } else if (!s->flag("quiet")) {
            std::cout << file.string() << ": ok (" << parsed->steps.size() << " steps, "
                      << parsed->mac_count() << " Macs)\n";
        }
    }
    return code;
}

} // namespace pomona::cli
