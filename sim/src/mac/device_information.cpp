// DeviceInformation (schema mdm/commands/information.device.yaml): its macOS queries.
#include "mac/capabilities.hpp"
#include "mac/command_screening.hpp"
#include "mac/device_state.hpp"
#include "pomona/foundation/encoding.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace pomona::sim::mac {
namespace {

using answer = std::optional<plist::value>;

answer text(const std::string& t) {
    return t.empty() ? answer{} : answer{plist::value{t}};
}
answer flag(bool b) {
    return plist::value{b};
}

/// Observed (F20): 8 and 16 hex digits on Apple silicon; the second part is the chip's own number,
/// which this Mac derives from its UDID.
std::string provisioning_udid(const hardware& h) {
    if (h.kind.chip.empty()) {
        return h.device.value();
    }
    const auto digest = crypto::sha256(as_bytes("ecid " + h.device.value()));
    return "0000" + h.kind.chip + "-00" + to_hex_upper(bytes_view{digest}.first(7));
}

constexpr double capacity_gb = 494.384795648;

/// Between a quarter and three quarters of the disk, always the same for one machine.
double available_gb(const hardware& h) {
    const auto digest = crypto::sha256(as_bytes("disk " + h.device.value()));
    return capacity_gb * (0.25 + 0.5 * digest[0] / 255.0);
}

plist::dict update_settings(const os_updates& updates) {
    plist::dict out{
        {"CatalogURL", "https://swscan.apple.com/content/catalogs/others/index.sucatalog.gz"},
        {"IsDefaultCatalog", true},
        {"PerformPeriodicCheck", true},
        {"AutoCheckEnabled", true},
        {"BackgroundDownloadEnabled", true},
        {"AutomaticAppInstallationEnabled", true},
        {"AutomaticOSInstallationEnabled", false},
        {"AutomaticSecurityUpdatesEnabled", true}};
    if (const auto last = updates.last_scan()) {
        out.set("PreviousScanDate", *last);
    }
    return out;
}

plist::dict mdm_options(const settings_state& s) {
    return {{"ActivationLockAllowedWhileSupervised", s.activation_lock_allowed},
            {"BootstrapTokenAllowed", s.bootstrap_token_allowed},
            {"PromptUserToAllowBootstrapTokenForAuthentication", s.prompt_for_bootstrap_token}};
}

/// The answer has no OrganizationShortName (schema information.device.yaml).
answer organization(const settings_state& s) {
    if (s.organization.empty()) {
        return {};
    }
    auto out = s.organization;
    out.erase("OrganizationShortName");
    return plist::value{std::move(out)};
}

const std::string& device_name(const device_state& s) {
    return s.box.settings.device_name_or(s.machine.computer_name);
}

std::string full_host_name(const device_state& s) {
    const auto& set = s.box.settings.host_name;
    return set.empty() ? network_name_of(device_name(s)) + ".local" : set;
}

/// Schema information.device.yaml, EACSPreflight: "success", or why it cannot be.
answer erase_preflight(const device_state& s) {
    if (s.is_user_channel()) {
        return {};
    }
    const auto& obstacle = s.box.security.erase_obstacle;
    return !can_erase_content(s.machine.kind) ? text("This Mac cannot erase its content only.")
           : obstacle.empty()                 ? text("success")
                                              : text(obstacle);
}

/// Of the device channel only, like EACSPreflight.
answer active_users(const device_state& s) {
    if (s.is_user_channel()) {
        return {};
    }
    plist::array all;
    for (const auto& id : s.active_users) {
        all.emplace_back(id);
    }
    return plist::value{std::move(all)};
}

/// Of automated device enrollment only: who was made by AccountConfiguration.
answer auto_setup_admins(const device_state& s) {
    plist::array all;
    for (const auto& a : s.box.users.all()) {
        if (a.auto_admin) {
            all.emplace_back(plist::dict{{"GUID", a.guid}, {"shortName", a.short_name}});
        }
    }
    return s.by_ade && !all.empty() ? answer{plist::value{std::move(all)}} : answer{};
}

struct query_kind {
    std::string_view name;
    answer (*make)(const device_state&);
};

/// The 42 of macOS 15.1 (rights, versions and channels are the schema's to say). Those without a
/// value on this Mac answer nothing, as a real one leaves out what it does not have: no App Store
/// account, no attestation by Apple, no accounts made by ADE, no supplemental OS version.
constexpr std::array<query_kind, 42> queries{{
    {"UDID", [](const device_state& s) { return text(s.machine.device.value()); }},
    {"ProvisioningUDID", [](const device_state& s) { return text(provisioning_udid(s.machine)); }},
    {"OrganizationInfo", [](const device_state& s) { return organization(s.box.settings); }},
    {"MDMOptions", [](const device_state& s) { return answer{mdm_options(s.box.settings)}; }},
    {"AwaitingConfiguration", [](const device_state& s) { return flag(s.awaiting_configuration); }},
    {"iTunesStoreAccountIsActive", [](const device_state&) { return flag(false); }},
    {"iTunesStoreAccountHash", [](const device_state&) { return answer{}; }},
    {"DeviceName", [](const device_state& s) { return text(device_name(s)); }},
    {"OSVersion", [](const device_state& s) { return text(s.box.updates.installed().version); }},
    {"SupplementalOSVersionExtra", [](const device_state&) { return answer{}; }},
    {"BuildVersion", [](const device_state& s) { return text(s.box.updates.installed().build); }},
    {"SupplementalBuildVersion",
     [](const device_state& s) { return text(s.box.updates.installed().build); }},
    {"ModelName", [](const device_state& s) { return text(s.machine.kind.model_name); }},
    {"Model", [](const device_state& s) { return text(s.machine.kind.model); }},
    {"ModelNumber", [](const device_state& s) { return text(s.machine.kind.model_number); }},
    {"IsAppleSilicon", [](const device_state& s) { return flag(s.machine.kind.apple_silicon); }},
    {"ProductName", [](const device_state& s) { return text(s.machine.kind.model); }},
    {"SerialNumber", [](const device_state& s) { return text(s.machine.serial.value()); }},
    {"DeviceCapacity", [](const device_state&) { return answer{plist::value{capacity_gb}}; }},
    {"AvailableDeviceCapacity",
     [](const device_state& s) { return answer{plist::value{available_gb(s.machine)}}; }},
    {"BatteryLevel",
     [](const device_state& s) {
         return s.machine.kind.has_battery ? answer{plist::value{1.0}} : answer{};
     }},
    {"HasBattery", [](const device_state& s) { return flag(s.machine.kind.has_battery); }},
    {"IsSupervised", [](const device_state& s) { return flag(s.supervised); }},
    {"IsActivationLockEnabled", [](const device_state&) { return flag(false); }},
    {"IsActivationLockSupported", [](const device_state&) { return flag(true); }},
    {"ActiveManagedUsers", [](const device_state& s) { return active_users(s); }},
    {"OSUpdateSettings",
     [](const device_state& s) { return answer{update_settings(s.box.updates)}; }},
    {"LocalHostName", [](const device_state& s) { return text(network_name_of(device_name(s))); }},
    {"HostName", [](const device_state& s) { return text(full_host_name(s)); }},
    {"AutoSetupAdminAccounts", auto_setup_admins},
    {"SystemIntegrityProtectionEnabled", [](const device_state&) { return flag(true); }},
    {"SupportsLOMDevice", [](const device_state& s) { return flag(supports_lom(s.machine.kind)); }},
    {"PushToken",
     [](const device_state& s) {
         return s.token.empty() ? answer{} : answer{plist::value{s.token.value()}};
     }},
    {"BluetoothMAC", [](const device_state& s) { return text(s.machine.bluetooth_mac); }},
    {"WiFiMAC", [](const device_state& s) { return text(s.machine.wifi_mac); }},
    {"EthernetMAC", [](const device_state& s) { return text(s.machine.ethernet_mac); }},
    {"PINRequiredForEraseDevice",
     [](const device_state& s) { return flag(pin_required_for_erase(s.machine.kind)); }},
    {"PINRequiredForDeviceLock",
     [](const device_state& s) { return flag(pin_required_for_lock(s.machine.kind)); }},
    {"SupportsiOSAppInstalls",
     [](const device_state& s) { return flag(s.machine.kind.apple_silicon); }},
    {"SoftwareUpdateDeviceID", [](const device_state& s) { return text(s.machine.kind.board); }},
    {"DevicePropertiesAttestation", [](const device_state&) { return answer{}; }},
    {"EACSPreflight", [](const device_state& s) { return erase_preflight(s); }},
}};

} // namespace

int os_release(const persona& kind) {
    int major = 0;
    int minor = 0;
    const auto& v = kind.os_version;
    const auto* const end = v.data() + v.size();
    const auto [rest, bad] = std::from_chars(v.data(), end, major);
    if (bad == std::errc{} && rest != end && *rest == '.') {
        std::from_chars(rest + 1, end, minor);
    }
    return major * 100 + minor;
}

std::string local_host_name(const hardware& machine) {
    return machine.computer_name;
}

std::string host_name(const hardware& machine) {
    return machine.computer_name + ".local";
}

answer answer_query(std::string_view query, const device_state& state) {
    const auto* found = std::ranges::find(queries, query, &query_kind::name);
    // Derived (MDM-CHK-076): what the Mac may not tell is left out.
    static const auto& names =
        schema::find_command("DeviceInformation")->root.child("Queries")->children().front();
    const auto* known = names.child(query);
    if (found == queries.end() || known == nullptr ||
        schema::obstacle_of(*known, schema_context(state)) != schema::obstacle::none) {
        return std::nullopt;
    }
    return found->make(state);
}

} // namespace pomona::sim::mac
