#include "mac/command_table.hpp"

#include <algorithm>
#include <array>

namespace pomona::sim::mac {
namespace {

namespace right = access_right;

/// Schema mdm/commands, macOS 15.1, in alphabetical order; the schema names rights by word, the
/// bits are those of com.apple.mdm. Last member: Apple, "Handling a NotNow status".
constexpr std::array<command_kind, 50> commands{{
    {"AccountConfiguration"},
    {"ActivationLockBypassCode", right::none, true},
    {"ActiveNSExtensions", right::inspect_apps},
    {"AvailableOSUpdates"},
    {"CertificateList", right::inspect_profiles},
    {"ClearActivationLockBypassCode", right::none, true},
    {"ContentCachingInformation", right::network_information},
    {"DeclarativeManagement"},
    {"DeleteUser", right::none, true},
    {"DeviceConfigured"},
    {"DeviceInformation"}, // decided query by query
    {"DeviceLock", right::lock_device, true},
    {"DisableRemoteDesktop"},
    {"EnableRemoteDesktop"},
    {"EraseDevice", right::erase_device, true},
    {"InstallApplication", right::manage_apps},
    {"InstallEnterpriseApplication", right::manage_apps},
    {"InstallMedia", right::manage_apps},
    {"InstallProfile", right::change_profiles},
    {"InstallProvisioningProfile"},
    {"InstalledApplicationList", right::inspect_apps},
    {"InviteToProgram"},
    {"LOMDeviceRequest", right::lock_device},
    {"LOMSetupRequest", right::lock_device},
    {"ManagedApplicationConfiguration", right::manage_apps},
    {"ManagedApplicationFeedback", right::manage_apps},
    {"ManagedApplicationList", right::manage_apps},
    {"NSExtensionMappings", right::inspect_apps},
    {"OSUpdateStatus"},
    {"ProfileList", right::inspect_profiles},
    {"ProvisioningProfileList"},
    {"RemoveApplication", right::manage_apps},
    {"RemoveProfile", right::change_profiles},
    {"RemoveProvisioningProfile"},
    {"RequestMirroring"},
    {"RestartDevice", right::lock_device, true},
    {"RotateFileVaultKey", right::lock_device},
    {"ScheduleOSUpdate"},
    {"ScheduleOSUpdateScan"},
    {"SecurityInfo", right::security_queries},
    {"SetAutoAdminPassword"},
    {"SetFirmwarePassword", right::lock_device},
    {"SetRecoveryLock", right::lock_device},
    {"Settings", right::settings},
    {"ShutDownDevice", right::lock_device, true},
    {"StopMirroring"},
    {"UnlockUserAccount", right::lock_device, true},
    {"UserList", right::none, true},
    {"VerifyFirmwarePassword"},
    {"VerifyRecoveryLock", right::lock_device},
}};
static_assert(std::ranges::is_sorted(commands, {}, &command_kind::request_type));

} // namespace

const command_kind* find_command(std::string_view request_type) {
    const auto* found =
        std::ranges::lower_bound(commands, request_type, {}, &command_kind::request_type);
    return found == commands.end() || found->request_type != request_type ? nullptr : found;
}

} // namespace pomona::sim::mac
