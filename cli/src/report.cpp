#include "command.hpp"
#include "pomona/reports/console.hpp"
#include "pomona/scenario/runner.hpp"
#include "report_files.hpp"
#include "settings.hpp"

#include <iostream>
#include <unistd.h>

namespace pomona::cli {
namespace {

/// What the scenario had selected is what run.json lists; the verdicts come from the trace.
void judge_again(scenario::run_outcome& outcome, const trace::run& run, bool strict) {
    std::vector<const trace::event*> events;
    for (const auto& e : run.events()) {
        events.push_back(&e);
    }
    std::vector<std::string> ids;
    for (const auto& c : outcome.checks) {
        ids.push_back(c.id);
    }
    const checks::trace_view view{std::move(events),
                                  [&run](const trace::body_ref& ref) { return run.body(ref); }};
    outcome.strict = strict;
    outcome.checks = scenario::judge_trace(view, ids, strict);
    if (outcome.exit == exit_code::failed) {
        outcome.exit = exit_code::ok; // settled anew below
    }
    scenario::settle(outcome);
}

exit_code render(const std::filesystem::path& folder, const settings& s) {
    const auto run = trace::run::open(folder);
    if (!run) {
        complain(folder.string() + ": " + run.error().message(),
                 "a run's folder holds trace.ndjson and run.json");
        return exit_code::invalid_input;
    }
    if (run->description().empty()) {
        complain(folder.string() + ": the run was cut off before it wrote run.json",
                 "its trace.ndjson can still be read");
        return exit_code::invalid_input;
    }
    auto outcome = scenario::from_json(run->description());
    if (!outcome) {
        complain(folder.string() + ": " + outcome.error().message());
        return exit_code::invalid_input;
    }
    judge_again(*outcome, *run, s.flag("strict") || outcome->strict);
    std::vector<const trace::event*> events;
    for (const auto& e : run->events()) {
        events.push_back(&e);
    }
    const auto written =
        write_report_files(folder, {&*outcome, std::move(events),
                                    [&run](const trace::body_ref& ref) { return run->body(ref); }});
    const reports::console_style style{
        color_wanted(s.text("color").value_or("auto"), STDOUT_FILENO), s.flag("verbose"),
        s.flag("quiet")};
    std::cout << reports::summary(*outcome, folder.string(), style);
    if (!written) {
        complain(written.error().message());
        return exit_code::internal;
    }
    return outcome->exit;
}

} // namespace

exit_code report_command(const arguments& args) {
    const auto s =
        settings::read({"report", "RUN...",
                        "Judges a run's trace again and renders junit.xml and report.html in its "
                        "folder. The exit code is the run's.",
                        "pomona report pomona-runs/latest",
                        with_common({{"strict", 0, "",
                                      "should, observed and derived rules fail too", "", false}})},
                       args);
    if (!s) {
        return s.error();
    }
    if (s->operands().empty()) {
        return usage_error("which run?", "for instance pomona report pomona-runs/latest");
    }
    auto code = exit_code::ok;
    for (const auto& folder : s->operands()) {
        code = scenario::worse(code, render(folder, *s));
    }
    return code;
}

} // namespace pomona::cli
