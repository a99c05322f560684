#include "doctor.hpp"

#include "interrupts.hpp"
#include "pomona/doctor/doctor.hpp"
#include "pomona/stack/key_pool.hpp"
#include "scep_options.hpp"
#include "settings.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <iostream>
#include <unistd.h>

namespace pomona::cli {
namespace {

using doctor::finding;
using doctor::report;
using doctor::verdict;

constexpr std::uint64_t usual_macs = 20;
constexpr std::uint64_t load_macs = 5000;

net::task<void> examine(net::world* world, doctor::subject what, report* to) {
    *to = co_await doctor::examine_target(*world, std::move(what));
}

/// The target's report, in a world of its own; an exit code when a signal came.
std::expected<report, exit_code> look_at_target(const target_document& target,
                                                const std::string& file, bool scep_legacy) {
    const auto world = net::make_real_world();
    const interrupts signals{[w = world.get()] { w->interrupt(); }};
    report out;
    const bool over =
        world->run(examine(world.get(), {target.value, file, target.lines, scep_legacy}, &out));
    world->shutdown();
    if (!over) {
        return std::unexpected(static_cast<exit_code>(128 + signals.caught()));
    }
    return out;
}

void append(report& to, report more) {
    to.findings.insert(to.findings.end(), std::make_move_iterator(more.findings.begin()),
                       std::make_move_iterator(more.findings.end()));
    to.not_examined.insert(to.not_examined.end(), more.not_examined.begin(),
                           more.not_examined.end());
}

std::string painted(verdict v, bool color) {
    std::string word{doctor::to_text(v)};
    const std::string padding(9 - word.size(), ' ');
    if (color) {
        const char* code = v == verdict::ok ? "32" : v == verdict::warn ? "33" : "31";
        word = "\x1b[" + std::string{code} + 'm' + word + "\x1b[0m";
    }
    return word + padding;
}

void print(const finding& f, bool color) {
    std::cout << painted(f.verdict, color) << f.id << ": " << f.what << '\n';
    if (f.verdict == verdict::ok) {
        return;
    }
    std::cout << "         where: " << f.where << "\n         mend:  " << f.mend << '\n';
}

void print_last_line(const report& r, bool has_target) {
    std::size_t problems = 0;
    std::size_t warnings = 0;
    for (const auto& f : r.findings) {
        problems += f.verdict == verdict::problem ? 1 : 0;
        warnings += f.verdict == verdict::warn ? 1 : 0;
    }
    std::cout << '\n'
              << (has_target ? "This target" : "This machine")
              << (problems > 0 ? " is not usable" : " is usable") << ": " << problems
              << (problems == 1 ? " problem, " : " problems, ") << warnings
              << (warnings == 1 ? " warning.\n" : " warnings.\n");
}

void print_json(const report& r, const std::string& target) {
    auto findings = nlohmann::ordered_json::array();
    for (const auto& f : r.findings) {
        findings.push_back({{"id", f.id},
                            {"verdict", doctor::to_text(f.verdict)},
                            {"what", f.what},
                            {"where", f.where},
                            {"mend", f.mend}});
    }
    const nlohmann::ordered_json out{{"target", target},
                                     {"verdict", doctor::to_text(r.worst())},
                                     {"findings", std::move(findings)},
                                     {"not_examined", r.not_examined}};
    std::cout << out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

doctor::machine_plan plan_for(std::size_t macs, bool with_server, std::filesystem::path out) {
    return {macs, with_server, std::move(out), stack::key_pool::default_folder()};
}

usage doctor_usage() {
    return {
        "doctor", "",
        "Says whether a target is usable: names, TLS, clocks, enrollment profile, SCEP, push "
        "service, API; and\n"
        "whether this machine is: open files, ports, memory, disk, key pool. Each problem comes "
        "with its place and\n"
        "its mend. It only reads: no certificate is requested, no command queued, no push "
        "sent.\n\n"
        "Exit: 0 usable, 3 not usable, 4 target file invalid, 64 usage.",
        "pomona doctor -t pomona-data/target.yaml",
        with_common({{"target", 't', "FILE",
                      "The target file; without one only the machine is examined", "", false},
                     {"macs", 0, "N", "How many Macs are planned", "", false},
                     {"load", 0, "",
                      "A load run is planned: 5000 Macs unless --macs says otherwise", "", false},
                     {"out", 0, "DIR", "Where the run folder will be", "pomona-runs", false},
                     scep_legacy_option(),
                     {"json", 0, "", "As JSON", "", false}})};
}

} // namespace

exit_code examine_before_run(const std::optional<target_document>& target, const std::string& file,
                             std::size_t macs, bool scep_legacy) {
    doctor::raise_open_files();
    auto all = doctor::examine_machine(plan_for(macs, !target, {}));
    // Whether the run folder can be written is known as soon as it is.
    std::erase_if(all.findings, [](const finding& f) { return f.id == "out-folder"; });
    if (target) {
        auto seen = look_at_target(*target, file, scep_legacy);
        if (!seen) {
            return seen.error();
        }
        append(all, std::move(*seen));
    }
    if (all.worst() != verdict::problem) {
        return exit_code::ok;
    }
    for (const auto& f : all.findings) {
        if (f.verdict == verdict::problem) {
            complain(f.what + "\n  where: " + f.where, f.mend);
        }
    }
    std::cerr << "Nothing was judged. `pomona doctor" << (target ? " -t " + file : "")
              << "` examines all of it; --no-doctor begins all the same.\n";
    return exit_code::unusable_target;
}

exit_code doctor_command(const arguments& args) {
    const auto s = settings::read(doctor_usage(), args);
    if (!s) {
        return s.error();
    }
    if (!s->operands().empty()) {
        return usage_error("`pomona doctor` takes no operand, but got `" + s->operands().front() +
                               "`",
                           "a target file goes with -t");
    }
    const auto macs = s->number("macs", 1, 1'000'000);
    if (!macs) {
        return macs.error();
    }
    const auto file = s->text("target");
    std::optional<target_document> target;
    if (file) {
        auto read = read_target(*file);
        if (!read) {
            std::cerr << read.error();
            return exit_code::invalid_input;
        }
        target = std::move(*read);
    }
    doctor::raise_open_files();
    report all;
    if (target) {
        auto seen = look_at_target(*target, *file, s->flag("scep-legacy"));
        if (!seen) {
            return seen.error();
        }
        all = std::move(*seen);
    }
    const auto planned = macs->value_or(s->flag("load") ? load_macs : usual_macs);
    append(all, doctor::examine_machine(plan_for(static_cast<std::size_t>(planned), !target,
                                                 s->text("out").value_or(""))));
    if (s->flag("json")) {
        print_json(all, target ? target->value.name : "");
    } else {
        const bool color = color_wanted(s->text("color").value_or("auto"), STDOUT_FILENO);
        for (const auto& f : all.findings) {
            if (!s->flag("quiet") || f.verdict != verdict::ok) {
                print(f, color);
            }
        }
        for (const auto& what : all.not_examined) {
            std::cout << "not examined: " << what << '\n';
        }
        print_last_line(all, target.has_value());
    }
    return all.worst() == verdict::problem ? exit_code::unusable_target : exit_code::ok;
}

} // namespace pomona::cli
