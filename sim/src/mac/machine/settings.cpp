#include "mac/machine/settings.hpp"

#include "mac/machine/saved.hpp"

#include <cctype>

namespace pomona::sim::mac {

void settings_state::enrollment_ended() {
    organization = {};
    activation_lock_allowed = bootstrap_token_allowed = prompt_for_bootstrap_token = false;
}

plist::dict settings_state::save() const {
    return {{"DeviceName", device_name},
            {"HostName", host_name},
            {"Bluetooth", bluetooth},
            {"Organization", organization},
            {"ActivationLockAllowed", activation_lock_allowed},
            {"BootstrapTokenAllowed", bootstrap_token_allowed},
            {"PromptForBootstrapToken", prompt_for_bootstrap_token}};
}

result<settings_state> settings_state::load(const plist::dict& d) {
    settings_state out;
    out.device_name = saved::text(d, "DeviceName");
    out.host_name = saved::text(d, "HostName");
    out.bluetooth = saved::flag(d, "Bluetooth", true);
    if (const auto* organization = d.dictionary("Organization")) {
        out.organization = *organization;
    }
    out.activation_lock_allowed = saved::flag(d, "ActivationLockAllowed", false);
    out.bootstrap_token_allowed = saved::flag(d, "BootstrapTokenAllowed", false);
    out.prompt_for_bootstrap_token = saved::flag(d, "PromptForBootstrapToken", false);
    return out;
}

std::string network_name_of(std::string_view device_name) {
    std::string out;
    for (const char c : device_name) {
        const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
        if (plain) {
            out += c;
        } else if (c != '\'' && !out.empty() && out.back() != '-') {
            out += '-';
        }
    }
    while (!out.empty() && out.back() == '-') {
        out.pop_back();
    }
    return out.empty() ? "Mac" : out;
}

} // namespace pomona::sim::mac
