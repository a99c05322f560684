#include "mac/command_processor.hpp"

#include "mac/command_screening.hpp"
#include "mac/command_table.hpp"
#include "mac/commands/handler.hpp"
#include "pomona/protocol/mdm/keys.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>

namespace pomona::sim::mac {
namespace {

using mdm::command;
using mdm::command_status;

const handler* find_handler(std::string_view request_type) {
    for (const auto area :
         {account_commands(), application_commands(), certificate_commands(),
          declarative_commands(), extension_commands(), information_commands(), network_commands(),
          power_commands(), profile_commands(), provisioning_commands(), remote_desktop_commands(),
          security_commands(), settings_commands(), setup_account_commands(), setup_commands(),
          software_update_commands()}) {
        const auto found = std::ranges::find(area, request_type, &handler::request_type);
        if (found != area.end()) {
            return &*found;
        }
    }
    return nullptr;
}

/// Apple, "Handling a NotNow status": profiles of a user whose keychain is locked have to wait.
bool waits_for_keychain(const command& c, const device_state& state) {
    return state.is_user_channel() && state.keychain_locked &&
           (c.request_type == "InstallProfile" || c.request_type == "RemoveProfile");
}

/// Apple, "Handling a NotNow status": what may take long does not hold somebody up who waits at the
/// login window. (The older reference names DeviceInformation too.)
bool waits_for_login(const command& c, const device_state& state) {
    return state.login_blocked && c.request_type == "InstalledApplicationList";
}

/// Observed (F3): no declarative management in Setup Assistant.
bool waits_for_setup(const command& c, const device_state& state) {
    // Observed (F33, fleetdm/fleet#37371): after a restart there, no application either.
    return (state.awaiting_configuration && c.request_type == "DeclarativeManagement") ||
           (state.setup_stalled && (c.request_type == "InstallApplication" ||
                                    c.request_type == "InstallEnterpriseApplication"));
}

/// What a wire persona (persona.hpp) carries out.
bool is_wire_command(std::string_view request_type) {
    constexpr std::array<std::string_view, 5> known{"DeclarativeManagement", "DeviceInformation",
                                                    "InstallProfile", "ProfileList",
                                                    "RemoveProfile"};
    return std::ranges::find(known, request_type) != known.end();
}

outcome process(const command& c, const device_state& state) {
    if (!state.machine.kind.is_mac() && !is_wire_command(c.request_type)) {
        return refused(
            c, state,
            mac_error(mdm_error_domain, code::unknown_request_type,
                      "The request type \"" + c.request_type + "\" is not known to this device."));
    }
    if (auto why = screen_availability(c, state)) {
        return refused(c, state, *std::move(why));
    }
    if ((state.power_nap && !works_in_power_nap(c.request_type)) || waits_for_keychain(c, state) ||
        waits_for_login(c, state) || waits_for_setup(c, state)) {
        return answered(c, state, command_status::not_now); // and forgotten (MDM-CHK-068)
    }
    if (auto what = screen_form(c, state)) {
        return malformed(c, state, *std::move(what));
    }
    if (const auto* found = find_handler(c.request_type)) {
        const auto known_part = without_foreign_keys(c, state);
        return found->run(known_part ? *known_part : c, state);
    }
    return refused(c, state,
                   mac_error(mdm_error_domain, code::unknown_request_type,
                             "The request type \"" + c.request_type +
                                 "\" is not carried out by this virtual Mac."));
}

/// A failure is a fault of this Mac: builds for tests find it with whatever makes the answer.
outcome checked([[maybe_unused]] const command& c, [[maybe_unused]] const device_state& state,
                outcome made) {
#ifndef NDEBUG
    if (made.answer.status == command_status::acknowledged) {
        const auto found =
            schema::validate_answer(c.request_type, made.answer.result, schema_context(state));
        if (const auto* problem = schema::first_problem(found)) {
            throw std::logic_error{"the virtual Mac's answer to " + c.request_type +
                                   " is not as the schema has it: " + problem->to_string()};
        }
    }
#endif
    return made;
}

} // namespace

outcome answer_command(const command& c, const device_state& state) {
    return checked(c, state, process(c, state));
}

std::optional<outcome> process_command(bytes_view body, const device_state& state) {
    if (const auto c = mdm::parse_command(body)) {
        return answer_command(*c, state);
    }
    // Malformed, but it can be answered when it says which command it was.
    const auto d = plist::parse_dict(body);
    const auto* uuid = d ? d->string(mdm::key::command_uuid) : nullptr;
    if (uuid == nullptr || uuid->empty()) {
        return std::nullopt;
    }
    command c;
    c.uuid = command_uuid{*uuid};
    return malformed(c, state, "The command has no dictionary Command with a RequestType.");
}

mdm::report failed_report(const mdm::report& planned, mdm::error_chain_item why) {
    mdm::report out;
    out.from = planned.from;
    out.status = command_status::error;
    out.uuid = planned.uuid;
    out.not_on_console = planned.not_on_console;
    out.errors.push_back(std::move(why));
    if (const auto* type = planned.result.string(mdm::key::request_type)) {
        out.result.set(mdm::key::request_type, *type);
    }
    return out;
}

} // namespace pomona::sim::mac
