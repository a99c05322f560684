// What every subcommand is: a name, a sentence, and a function from arguments to an exit code.
#pragma once

#include "pomona/scenario/outcome.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::cli {

using scenario::exit_code;

/// Arguments after the subcommand's name.
using arguments = std::vector<std::string>;

struct command {
    std::string_view name;
    std::string_view summary;
    exit_code (*run)(const arguments& args);
};
std::span<const command> commands();

exit_code run_command(const arguments& args);
exit_code serve_command(const arguments& args);
exit_code ctl_command(const arguments& args);
exit_code doctor_command(const arguments& args);
exit_code mac_command(const arguments& args);
exit_code report_command(const arguments& args);
exit_code list_command(const arguments& args);
exit_code explain_command(const arguments& args);
exit_code lint_command(const arguments& args);
exit_code version_command(const arguments& args);

/// "pomona: error: what" on stderr, with "help: how" below when there is a mend.
void complain(std::string_view what, std::string_view how = {});
/// complain, and exit_code::usage.
exit_code usage_error(std::string_view what, std::string_view how = {});

/// Standard error is a terminal and colours are wanted (--color=auto and NO_COLOR as usual).
bool color_wanted(std::string_view choice, int descriptor);

} // namespace pomona::cli
