// Commands of Setup Assistant.
#include "mac/commands/handler.hpp"

#include <array>

namespace pomona::sim::mac {
namespace {

/// Schema mdm/commands/device.configured.yaml: ADE only. Apple, "Token Update": Setup Assistant
/// goes on. Choice: outside of Setup Assistant it changes nothing.
outcome device_configured(const mdm::command& c, const device_state& state) {
    if (!state.by_ade) {
        return refused(c, state,
                       mac_error(mdm_error_domain, code::malformed_request,
                                 "DeviceConfigured is for Macs of Automated Device Enrollment."));
    }
    auto out = answered(c, state, mdm::command_status::acknowledged);
    out.effect = effect::configured{};
    return out;
}

constexpr std::array commands{handler{"DeviceConfigured", device_configured}};

} // namespace

std::span<const handler> setup_commands() {
    return commands;
}

} // namespace pomona::sim::mac
