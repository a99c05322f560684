// Settings (schema mdm/commands/settings.yaml): the six items of macOS.
#include "mac/command_screening.hpp"
#include "mac/command_table.hpp"
#include "mac/commands/handler.hpp"
#include "mac/machine/machine.hpp"

#include <algorithm>
#include <array>
#include <expected>
#include <memory>
#include <utility>

namespace pomona::sim::mac {
namespace {

using mdm::command;
using mdm::command_status;
using item_result = std::expected<void, mdm::error_chain_item>;

std::unexpected<mdm::error_chain_item> missing(std::string_view key) {
    return std::unexpected{mac_error(mdm_error_domain, code::malformed_request,
                                     "The item has no " + std::string{key} + " of its type.")};
}

item_result bluetooth(const plist::dict& d, const device_state& state) {
    const auto* on = d.boolean("Enabled");
    if (on == nullptr) {
        return missing("Enabled");
    }
    state.box.settings.bluetooth = *on;
    return {};
}

item_result device_name(const plist::dict& d, const device_state& state) {
    const auto* name = d.string("DeviceName");
    if (name == nullptr || name->empty()) {
        return missing("DeviceName");
    }
    state.box.settings.device_name = *name;
    return {};
}

item_result host_name_item(const plist::dict& d, const device_state& state) {
    const auto* name = d.string("HostName");
    if (name == nullptr || name->empty()) {
        return missing("HostName");
    }
    state.box.settings.host_name = *name;
    return {};
}

/// Schema settings.yaml: without the dictionary the information is removed.
item_result organization(const plist::dict& d, const device_state& state) {
    const auto* info = d.dictionary("OrganizationInfo");
    if (info == nullptr && d.contains("OrganizationInfo")) {
        return missing("OrganizationInfo");
    }
    if (info != nullptr && info->string("OrganizationName") == nullptr) {
        return missing("OrganizationName");
    }
    state.box.settings.organization = info == nullptr ? plist::dict{} : *info;
    return {};
}

item_result mdm_options(const plist::dict& d, const device_state& state) {
    const auto* options = d.dictionary("MDMOptions");
    if (options == nullptr) {
        return missing("MDMOptions");
    }
    auto& s = state.box.settings;
    for (const auto& [key, target] :
         {std::pair{"ActivationLockAllowedWhileSupervised", &s.activation_lock_allowed},
          std::pair{"BootstrapTokenAllowed", &s.bootstrap_token_allowed},
          std::pair{"PromptUserToAllowBootstrapTokenForAuthentication",
                    &s.prompt_for_bootstrap_token}}) {
        if (const auto* on = options->boolean(key)) {
            *target = *on;
        } else if (options->contains(key)) {
            return missing(key);
        }
    }
    return {};
}

/// Schema settings.yaml: right 4096, device channel only.
item_result application_configuration(const plist::dict& d, const device_state& state) {
    const auto* identifier = d.string("Identifier");
    if (identifier == nullptr) {
        return missing("Identifier");
    }
    if (!state.may(access_right::manage_apps) || state.is_user_channel()) {
        return std::unexpected{mac_error(mdm_error_domain, code::not_authorised,
                                         "The server may not configure applications here.")};
    }
    const auto* configuration = d.dictionary("Configuration");
    const auto why = state.box.apps.configure(
        *identifier,
        configuration == nullptr ? nullptr : std::make_shared<const plist::dict>(*configuration));
    if (why != app_refusal::none) {
        return std::unexpected{error_of(why)};
    }
    return {};
}

struct item_kind {
    std::string_view name;
    item_result (*set)(const plist::dict&, const device_state&);
};

constexpr std::array<item_kind, 6> items{{
    {"ApplicationConfiguration", application_configuration},
    {"Bluetooth", bluetooth},
    {"DeviceName", device_name},
    {"HostName", host_name_item},
    {"MDMOptions", mdm_options},
    {"OrganizationInfo", organization},
}};

/// Schema settings.yaml: some are not for a user enrollment, or for one channel.
bool is_there(std::string_view name, const device_state& state) {
    static const auto& list = *schema::find_command("Settings")->root.child("Settings");
    const auto found = std::ranges::find_if(list.children(), [&](const schema::node& kind) {
        const auto* item = kind.child("Item");
        return item != nullptr && item->values().front().string.view() == name;
    });
    return found == list.children().end() ||
           schema::obstacle_of(*found, schema_context(state)) == schema::obstacle::none;
}

item_result apply(const plist::value& v, const device_state& state) {
    const auto* d = v.get<plist::dict>();
    const auto* name = d == nullptr ? nullptr : d->string("Item");
    if (name == nullptr) {
        return missing("Item");
    }
    const auto* found = std::ranges::find(items, *name, &item_kind::name);
    if (found == items.end()) {
        return std::unexpected{mac_error(settings_error_domain, code::unknown_setting,
                                         "This Mac has no setting \"" + *name + "\".")};
    }
    if (!is_there(*name, state)) {
        return std::unexpected{mac_error(mdm_error_domain, code::not_authorised,
                                         "The server may not set \"" + *name + "\" here.")};
    }
    return found->set(*d, state);
}

/// Apple's older protocol reference: an entry for each item, in order, and the command as a whole
/// is Acknowledged; the schema's type of it is wrong.
outcome settings(const command& c, const device_state& state) {
    const auto* wanted = c.body.list("Settings");
    if (wanted == nullptr) {
        return malformed(c, state, "Settings without an array Settings.");
    }
    plist::array results;
    for (const auto& v : *wanted) {
        const auto done = apply(v, state);
        plist::dict d{{"Status", done ? "Acknowledged" : "Error"}};
        if (const auto* item = v.get<plist::dict>();
            item != nullptr && item->string("Item") != nullptr) {
            d.set("Item", *item->string("Item"));
        }
        if (!done) {
            const auto& why = done.error();
            d.set("ErrorChain",
                  plist::array{plist::dict{{"ErrorCode", why.code},
                                           {"ErrorDomain", why.domain},
                                           {"LocalizedDescription", why.localized_description},
                                           {"USEnglishDescription", why.localized_description}}});
        }
        results.emplace_back(std::move(d));
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("Settings", std::move(results));
    return out;
}

constexpr std::array<handler, 1> handlers{{{"Settings", settings}}};

} // namespace

std::span<const handler> settings_commands() {
    return handlers;
}

} // namespace pomona::sim::mac
