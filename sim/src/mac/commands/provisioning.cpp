// Provisioning profiles: list, install, remove.
#include "mac/commands/handler.hpp"

#include <array>

namespace pomona::sim::mac {
namespace {

using mdm::command;
using mdm::command_status;

outcome list_provisioning(const command& c, const device_state& state) {
    plist::array list;
    for (const auto& p : state.box.provisioned.all()) {
        plist::dict d{{"Name", p.name}, {"UUID", p.uuid}};
        if (p.expires) {
            d.set("ExpiryDate", *p.expires);
        }
        list.emplace_back(std::move(d));
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("ProvisioningProfileList", std::move(list));
    return out;
}

outcome install_provisioning(const command& c, const device_state& state) {
    const auto* data = c.body.data("ProvisioningProfile");
    if (data == nullptr) {
        return malformed(c, state, "InstallProvisioningProfile without ProvisioningProfile.");
    }
    auto read = read_provisioning_profile(state.crypto, *data);
    if (!read) {
        return refused(
            c, state,
            mac_error(provisioning_error_domain, code::bad_provisioning_profile,
                      "The provisioning profile cannot be read: " + read.error().message()));
    }
    state.box.provisioned.put(*std::move(read));
    return answered(c, state, command_status::acknowledged);
}

outcome remove_provisioning(const command& c, const device_state& state) {
    const auto* uuid = c.body.string("UUID");
    if (uuid == nullptr) {
        return malformed(c, state, "RemoveProvisioningProfile without UUID.");
    }
    if (!state.box.provisioned.remove(*uuid)) {
        return refused(c, state,
                       mac_error(provisioning_error_domain, code::bad_provisioning_profile,
                                 "There is no provisioning profile " + *uuid + '.'));
    }
    return answered(c, state, command_status::acknowledged);
}

constexpr std::array<handler, 3> handlers{{
    {"InstallProvisioningProfile", install_provisioning},
    {"ProvisioningProfileList", list_provisioning},
    {"RemoveProvisioningProfile", remove_provisioning},
}};

} // namespace

std::span<const handler> provisioning_commands() {
    return handlers;
}

} // namespace pomona::sim::mac
