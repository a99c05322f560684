// App extensions of a user: those that macOS brings, less what com.apple.NSExtension denies.
#include "mac/commands/handler.hpp"

#include <algorithm>
#include <array>

namespace pomona::sim::mac {
namespace {

using mdm::command;
using mdm::command_status;

struct extension {
    std::string_view identifier, point, display_name, container, container_name, path;
};
/// A choice of what is on every Mac.
constexpr std::array<extension, 4> extensions{{
    {"com.apple.MarkupUI.Markup", "com.apple.ui-services", "Markup", "", "",
     "/System/Library/PrivateFrameworks/MarkupUI.framework/PlugIns/Markup.appex"},
    {"com.apple.Notes.SharingExtension", "com.apple.share-services", "Notes", "com.apple.Notes",
     "Notes",
     "/System/Applications/Notes.app/Contents/PlugIns/com.apple.Notes.SharingExtension.appex"},
    {"com.apple.reminders.sharingextension", "com.apple.share-services", "Reminders",
     "com.apple.reminders", "Reminders",
     "/System/Applications/Reminders.app/Contents/PlugIns/RemindersSharingExtension.appex"},
    {"com.apple.ncplugin.stocks", "com.apple.widget-extension", "Stocks", "com.apple.stocks",
     "Stocks", "/System/Applications/Stocks.app/Contents/PlugIns/StocksWidget.appex"},
}};

bool lists(const plist::dict& payload, std::string_view key, std::string_view what) {
    const auto* list = payload.list(key);
    return list != nullptr && std::ranges::any_of(*list, [&](const plist::value& v) {
               const auto* text = v.get<std::string>();
               return text != nullptr && *text == what;
           });
}

/// Schema mdm/profiles/com.apple.NSExtension.yaml.
bool is_denied(const extension& e, const profile_store& profiles) {
    return std::ranges::any_of(
        profiles.payloads_of("com.apple.NSExtension"), [&](const profile::payload* p) {
            const bool not_allowed = p->content.contains("AllowedExtensions") &&
                                     !lists(p->content, "AllowedExtensions", e.identifier);
            return not_allowed || lists(p->content, "DeniedExtensions", e.identifier) ||
                   lists(p->content, "DeniedExtensionPoints", e.point);
        });
}

plist::dict mapping(const extension& e) {
    return {
        {"Identifier", e.identifier}, {"ExtensionPoint", e.point}, {"DisplayName", e.display_name}};
}

outcome active(const command& c, const device_state& state) {
    const bool filtered = c.body.contains("FilterExtensionPoints");
    plist::array list;
    for (const auto& e : extensions) {
        if (is_denied(e, state.profiles) ||
            (filtered && !lists(c.body, "FilterExtensionPoints", e.point))) {
            continue;
        }
        auto d = mapping(e);
        if (!e.container.empty()) {
            d.set("ContainerDisplayName", e.container_name);
            d.set("ContainerIdentifier", e.container);
        }
        d.set("Path", e.path);
        d.set("Version", "1.0");
        d.set("UserElection", "Default");
        list.emplace_back(std::move(d));
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("Extensions", std::move(list));
    return out;
}

outcome mappings(const command& c, const device_state& state) {
    plist::array list;
    for (const auto& e : extensions) {
        list.emplace_back(mapping(e));
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("Extensions", std::move(list));
    return out;
}

constexpr std::array<handler, 2> handlers{{
    {"ActiveNSExtensions", active},
    {"NSExtensionMappings", mappings},
}};

} // namespace

std::span<const handler> extension_commands() {
    return handlers;
}

} // namespace pomona::sim::mac
