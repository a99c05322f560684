// DeviceLock, EraseDevice, RestartDevice, ShutDownDevice (schema mdm/commands/device.lock.yaml and
// its neighbours). What they do to the Mac is lifecycle.hpp's.
#include "mac/capabilities.hpp"
#include "mac/commands/handler.hpp"
#include "mac/machine/machine.hpp"

#include <algorithm>
#include <array>

namespace pomona::sim::mac {
namespace {

using mdm::command;
using mdm::command_status;

outcome with_power(outcome out, effect::power::what kind, std::string pin = {}) {
    out.effect = effect::power{.kind = kind, .pin = std::move(pin)};
    return out;
}

bool somebody_logged_in(const device_state& state) {
    return std::ranges::any_of(state.box.users.all(), &local_account::logged_in);
}

/// An error when a PIN is needed and none was given. (That it has six characters is a matter of the
/// command's form.)
std::optional<outcome> missing_pin(const command& c, const device_state& state, bool required) {
    if (!required || c.body.string("PIN") != nullptr) {
        return std::nullopt;
    }
    return refused(
        c, state,
        mac_error(mdm_error_domain, code::malformed_request, "This Mac needs a PIN for it."));
}

outcome lock(const command& c, const device_state& state) {
    if (auto bad = missing_pin(c, state, pin_required_for_lock(state.machine.kind))) {
        return *std::move(bad);
    }
    auto& s = state.box.security;
    const auto* message = c.body.string("Message");
    const auto* phone = c.body.string("PhoneNumber");
    s.lock_message = message == nullptr ? std::string{} : *message;
    // Schema device.lock.yaml, PhoneNumber: Apple silicon only.
    s.lock_phone = phone == nullptr || !state.machine.kind.apple_silicon ? std::string{} : *phone;
    auto out = answered(c, state, command_status::acknowledged);
    if (message != nullptr || phone != nullptr) {
        out.answer.result.set("MessageResult", "Success");
    }
    const auto* pin = c.body.string("PIN");
    return with_power(std::move(out), effect::power::what::lock,
                      pin == nullptr ? std::string{} : *pin);
}

outcome erase(const command& c, const device_state& state) {
    const auto* given = c.body.string("ObliterationBehavior");
    const std::string_view behavior = given == nullptr ? std::string_view{"Default"} : *given;
    if (behavior != "Default" && behavior != "DoNotObliterate" &&
        behavior != "ObliterateWithWarning" && behavior != "Always") {
        return malformed(c, state, "EraseDevice with an unknown ObliterationBehavior.");
    }
    if (auto bad = missing_pin(c, state, pin_required_for_erase(state.machine.kind))) {
        return *std::move(bad);
    }
    const bool failed = can_erase_content(state.machine.kind) && behavior != "Always" &&
                        !state.box.security.erase_obstacle.empty();
    // Schema device.erase.yaml: the preflight of Erase All Content and Settings.
    if (failed && (behavior == "Default" || behavior == "DoNotObliterate")) {
        auto out = refused(c, state,
                           mac_error(mdm_error_domain, code::erase_preflight_failed,
                                     "Erase All Content and Settings cannot run: " +
                                         state.box.security.erase_obstacle + '.'));
        // MDM-CHK-082: "Default" says Error, and erases all the same.
        return behavior == "Default" ? with_power(std::move(out), effect::power::what::erase) : out;
    }
    return with_power(answered(c, state, command_status::acknowledged), effect::power::what::erase);
}

outcome restart(const command& c, const device_state& state) {
    const auto* notify = c.body.boolean("NotifyUser");
    auto out = answered(c, state, command_status::acknowledged);
    // Schema device.restart.yaml: who is logged in is asked. Choice: the user of a virtual Mac
    // goes on working.
    if (notify != nullptr && *notify && somebody_logged_in(state)) {
        return out;
    }
    const auto* rebuild = c.body.boolean("RebuildKernelCache");
    out = with_power(std::move(out), effect::power::what::restart);
    std::get<effect::power>(out.effect).with_bootstrap_token =
        rebuild != nullptr && *rebuild && state.machine.kind.apple_silicon;
    return out;
}

outcome shut_down(const command& c, const device_state& state) {
    return with_power(answered(c, state, command_status::acknowledged),
                      effect::power::what::shut_down);
}

constexpr std::array<handler, 4> handlers{{
    {"DeviceLock", lock},
    {"EraseDevice", erase},
    {"RestartDevice", restart},
    {"ShutDownDevice", shut_down},
}};

} // namespace

std::span<const handler> power_commands() {
    return handlers;
}

} // namespace pomona::sim::mac
