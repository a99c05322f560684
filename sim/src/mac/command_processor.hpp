// From a command and the Mac's state to the report, and to what has to be done around it.
#pragma once

#include "mac/device_state.hpp"
#include "mac/machine/app_manifest.hpp"
#include "pomona/protocol/mdm/command.hpp"

#include <optional>
#include <string>
#include <variant>

namespace pomona::sim::mac {

/// What the driver does before it sends the report (install, remove) or once that was accepted
/// (leave, synchronise).
namespace effect {
struct install {
    profile_ptr what;
};
struct remove {
    std::string identifier;
};
/// The enrollment profile was replaced: a new identity and a new check-in, then the report.
struct renew {
    bytes profile; ///< as it came
};
/// The enrollment profile was removed: CheckOut if it says so, then silence.
struct leave {};
struct synchronise {
    std::optional<bytes> tokens; ///< Data of the command
};
/// An account was deleted: the channel of its user, if there is one, ends.
struct end_user {
    std::string short_name;
};
/// The whole Mac, once the report was accepted (lifecycle.hpp).
struct power {
    enum class what { restart, shut_down, erase, lock } kind{};
    std::string pin = {}; ///< lock
    /// Not without asking the server for the bootstrap token (schema device.restart.yaml).
    bool with_bootstrap_token = false;
};
/// Setup Assistant may go on.
struct configured {};
/// The manifest is fetched where it is not at hand; the package once the report is on its way.
struct install_package {
    std::string manifest_url = {};
    std::vector<bytes> pins = {}; ///< DER; when there are any, only they are trusted
    std::optional<app_manifest> manifest = {};
    app_request how = {}; ///< without `what`
};
} // namespace effect
using effect_type = std::variant<std::monostate, effect::install, effect::remove, effect::renew,
                                 effect::leave, effect::synchronise, effect::end_user,
                                 effect::power, effect::configured, effect::install_package>;

struct outcome {
    mdm::report answer;
    effect_type effect;
};

/// `body` is what the server sent, not empty. Nullopt when it names no command that could be
/// answered. Changes nothing.
std::optional<outcome> process_command(bytes_view body, const device_state& state);
/// The same with the command as it was read.
outcome answer_command(const mdm::command& c, const device_state& state);

/// How a refusal of the applications is reported.
mdm::error_chain_item error_of(app_refusal why);

/// The report of a command that could not be carried out after all.
mdm::report failed_report(const mdm::report& planned, mdm::error_chain_item why);

} // namespace pomona::sim::mac
