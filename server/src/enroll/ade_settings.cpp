#include "enroll/ade_settings.hpp"

namespace pomona::server {
namespace {

constexpr std::string_view configured_key = "DeviceConfigured";
constexpr std::string_view minimum_key = "MinimumOSVersion";
constexpr std::string_view commands_key = "SetupCommands";
constexpr std::string_view automatic = "automatic";
constexpr std::string_view held = "held";
/// Choice: more commands than this before DeviceConfigured are a mistake.
constexpr std::size_t most_commands = 100;

std::expected<std::vector<plist::dict>, std::string> read_commands(const plist::value& v) {
    const auto* list = v.get<plist::array>();
    if (list == nullptr || list->size() > most_commands) {
        return std::unexpected("SetupCommands is an array of at most 100 commands");
    }
    std::vector<plist::dict> out;
    for (const auto& item : *list) {
        const auto* command = item.get<plist::dict>();
        if (command == nullptr || command->string("RequestType") == nullptr) {
            return std::unexpected("a command of SetupCommands is a dictionary with RequestType");
        }
        out.push_back(*command);
    }
    return out;
}

} // namespace

plist::dict write_ade_settings(const ade_settings& s) {
    plist::dict out{
        {std::string{configured_key}, std::string{s.hold_device_configured ? held : automatic}}};
    if (!s.minimum_os_version.empty()) {
        out.set(minimum_key, s.minimum_os_version);
    }
    if (!s.setup_commands.empty()) {
        plist::array list;
        for (const auto& command : s.setup_commands) {
            list.emplace_back(command);
        }
        out.set(commands_key, std::move(list));
    }
    return out;
}

std::expected<ade_settings, std::string> read_ade_settings(const plist::dict& d) {
    ade_settings out;
    for (const auto& [key, item] : d) {
        const auto* text = item.get<std::string>();
        if (key == configured_key) {
            if (text == nullptr || (*text != automatic && *text != held)) {
                return std::unexpected("DeviceConfigured is \"automatic\" or \"held\"");
            }
            out.hold_device_configured = *text == held;
        } else if (key == minimum_key) {
            if (text == nullptr) {
                return std::unexpected("MinimumOSVersion is a string like \"15.2\"");
            }
            out.minimum_os_version = *text;
        } else if (key == commands_key) {
            auto commands = read_commands(item);
            if (!commands) {
                return std::unexpected(std::move(commands.error()));
            }
            out.setup_commands = *std::move(commands);
        } else {
            return std::unexpected("unknown key " + key +
                                   "; known are DeviceConfigured, MinimumOSVersion, SetupCommands");
        }
    }
    return out;
}

} // namespace pomona::server
