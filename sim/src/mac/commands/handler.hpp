// What the handlers of commands share: how an answer begins, and how an area lists what it carries
// out.
#pragma once

#include "mac/command_processor.hpp"
#include "mac/device_state.hpp"
#include "mac/error_codes.hpp"

#include <span>
#include <string>
#include <string_view>

namespace pomona::sim::mac {

/// The report of `c` with nothing in it yet.
outcome answered(const mdm::command& c, const device_state& state, mdm::command_status status);
/// Error with one item in its chain.
outcome refused(const mdm::command& c, const device_state& state, mdm::error_chain_item why);
/// CommandFormatError: the command itself is not as Apple's schema has it.
outcome malformed(const mdm::command& c, const device_state& state, std::string what);

/// One command that this Mac carries out. `run` is called once the command was found to be
/// permitted; it may change `state.box` at once. What has to wait for the report is an effect.
struct handler {
    std::string_view request_type;
    outcome (*run)(const mdm::command&, const device_state&);
};

// One table an area, each in the file of its name.
std::span<const handler> account_commands();
std::span<const handler> application_commands();
std::span<const handler> certificate_commands();
std::span<const handler> declarative_commands();
std::span<const handler> extension_commands();
std::span<const handler> information_commands();
std::span<const handler> network_commands();
std::span<const handler> power_commands();
std::span<const handler> profile_commands();
std::span<const handler> provisioning_commands();
std::span<const handler> remote_desktop_commands();
std::span<const handler> security_commands();
std::span<const handler> settings_commands();
std::span<const handler> setup_account_commands();
std::span<const handler> setup_commands();
std::span<const handler> software_update_commands();

} // namespace pomona::sim::mac
