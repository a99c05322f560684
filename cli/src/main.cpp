#include "command.hpp"
#include "interrupts.hpp"
#include "pomona/scenario/source.hpp"
#include "version.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <sys/resource.h>
#include <unistd.h>

namespace pomona::cli {
namespace {

constexpr std::array all_commands{
    command{"run", "Run scenarios and judge what went over the wire", run_command},
    command{"serve", "Reference server with emulated APNs, for `run -t` or a team's own clients",
            serve_command},
    command{"ctl", "Work the emulated Apple services of a running serve: ABM, push", ctl_command},
    command{"doctor",
            "Is a target usable, and this machine? What is wrong, where, and how to mend it",
            doctor_command},
    command{"mac", "Persistent Macs by hand: enroll, poke, lock, answer, … against any server",
            mac_command},
    command{"report", "Render a run's report again, from its folder alone", report_command},
    command{"list", "List checks, bugs, faults, messages or personas", list_command},
    command{"explain",
            "Explain a check, a planted bug, a fault, a persona, or a message by Apple's schema",
            explain_command},
    command{"lint", "Say whether scenario files are valid, without running them", lint_command},
    command{"version", "Print the version", version_command},
};

/// A connection is a descriptor, and many systems begin with 1024: what may be had is taken.
void raise_descriptor_limit() {
    constexpr rlim_t enough = 65'536;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < enough) {
        limit.rlim_cur = std::min(limit.rlim_max, enough);
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

void print_help() {
    std::cout << "pomona: virtual Macs, Apple's services around them, and the checks that judge an "
                 "MDM server\n"
                 "by what went over the wire.\n\nUsage: pomona COMMAND [options]\n\nCommands:\n";
    for (const auto& c : all_commands) {
        std::string name{c.name};
        name.resize(10, ' ');
        std::cout << "  " << name << c.summary << '\n';
    }
    std::cout << "\n`pomona COMMAND --help` has the options and an example.\n\nExample:\n"
                 "  pomona run scenarios/first-fleet.yaml --macs 50\n";
}

exit_code dispatch(const arguments& args) {
    if (args.empty() || args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
        print_help();
        return args.empty() ? exit_code::usage : exit_code::ok;
    }
    if (args[0] == "--version") {
        return version_command({});
    }
    std::vector<std::string_view> names;
    for (const auto& c : all_commands) {
        if (c.name == args[0]) {
            return c.run({args.begin() + 1, args.end()});
        }
        names.push_back(c.name);
    }
    const auto near = scenario::nearest(args[0], names);
    return usage_error("there is no command `" + args[0] + "`",
                       near.empty() ? "`pomona --help` lists the commands"
                                    : "did you mean `pomona " + near + "`?");
}

} // namespace

std::span<const command> commands() {
    return all_commands;
}

void complain(std::string_view what, std::string_view how) {
    std::cerr << "pomona: error: " << what << '\n';
    if (!how.empty()) {
        std::cerr << "  help: " << how << '\n';
    }
}

exit_code usage_error(std::string_view what, std::string_view how) {
    complain(what, how);
    return exit_code::usage;
}

bool color_wanted(std::string_view choice, int descriptor) {
    if (choice != "auto") {
        return choice == "always";
    }
    return std::getenv("NO_COLOR") == nullptr && ::isatty(descriptor) == 1;
}

exit_code version_command(const arguments&) {
    std::cout << "pomona " << version << '\n';
    return exit_code::ok;
}

} // namespace pomona::cli

int main(int argc, char** argv) {
    using namespace pomona::cli;
    spdlog::set_default_logger(spdlog::stderr_color_mt("pomona"));
    spdlog::set_level(spdlog::level::err);
    raise_descriptor_limit();
    interrupts::block(); // before any thread exists: one thread of ours takes the signals
    try {
        return static_cast<int>(dispatch({argv + 1, argv + argc}));
    } catch (const std::exception& e) {
        complain(std::string{"an unforeseen failure: "} + e.what(),
                 "this is a fault of Pomona; please report it");
        return static_cast<int>(exit_code::internal);
    }
}
