// What the operator says about Macs of Automated Device Enrollment. Values only.
#pragma once

#include "pomona/foundation/error.hpp"
#include "pomona/protocol/plist/value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pomona::server {

struct ade_settings {
    /// DeviceConfigured waits for the operator, who queues it as any command. Otherwise it follows
    /// the set-up commands by itself (MDM-CHK-045, MDM-CHK-046).
    bool hold_device_configured = false;
    /// Macs with an older version that can update are told to (ENR-042); empty: none are.
    std::string minimum_os_version;
    /// Queued for each Mac that awaits its configuration: dictionaries with RequestType.
    std::vector<plist::dict> setup_commands;
};

/// Where the store keeps them.
inline constexpr std::string_view ade_setting = "ade.settings";
/// The document of /v1/ade, a property list: DeviceConfigured ("automatic" or "held"),
/// MinimumOSVersion, SetupCommands.
plist::dict write_ade_settings(const ade_settings& s);
/// Strict: an unknown key is an error. What is absent is at its default.
std::expected<ade_settings, std::string> read_ade_settings(const plist::dict& d);

} // namespace pomona::server
