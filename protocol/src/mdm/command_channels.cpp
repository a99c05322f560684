#include "pomona/protocol/mdm/command_channels.hpp"

#include <algorithm>
#include <array>

namespace pomona::mdm {
namespace {

using enum command_channel;

struct entry {
    std::string_view request_type;
    command_channel where = device;
};

constexpr std::array<entry, 50> commands{{
    {"AccountConfiguration"},
    {"ActivationLockBypassCode"},
    {"ActiveNSExtensions", user},
    {"AvailableOSUpdates"},
    {"CertificateList", both},
    {"ClearActivationLockBypassCode"},
    {"ContentCachingInformation"},
    {"DeclarativeManagement", both},
    {"DeleteUser"},
    {"DeviceConfigured"},
    {"DeviceInformation", both},
    {"DeviceLock"},
    {"DisableRemoteDesktop"},
    {"EnableRemoteDesktop"},
    {"EraseDevice"},
    {"InstallApplication", both},
    {"InstallEnterpriseApplication"},
    {"InstallMedia", user},
    {"InstallProfile", both},
    {"InstallProvisioningProfile"},
    {"InstalledApplicationList", both},
    {"InviteToProgram", user},
    {"LOMDeviceRequest"},
    {"LOMSetupRequest"},
    {"ManagedApplicationConfiguration"},
    {"ManagedApplicationFeedback", user},
    {"ManagedApplicationList", both},
    {"NSExtensionMappings", user},
    {"OSUpdateStatus"},
    {"ProfileList", both},
    {"ProvisioningProfileList"},
    {"RemoveApplication"},
    {"RemoveProfile", both},
    {"RemoveProvisioningProfile"},
    {"RequestMirroring"},
    {"RestartDevice"},
    {"RotateFileVaultKey"},
    {"ScheduleOSUpdate"},
    {"ScheduleOSUpdateScan"},
    {"SecurityInfo", both},
    {"SetAutoAdminPassword"},
    {"SetFirmwarePassword"},
    {"SetRecoveryLock"},
    {"Settings", both},
    {"ShutDownDevice"},
    {"StopMirroring"},
    {"UnlockUserAccount"},
    {"UserList"},
    {"VerifyFirmwarePassword"},
    {"VerifyRecoveryLock"},
}};
static_assert(std::ranges::is_sorted(commands, {}, &entry::request_type));

} // namespace

std::optional<command_channel> channel_of_command(std::string_view request_type) {
    const auto* found = std::ranges::lower_bound(commands, request_type, {}, &entry::request_type);
    if (found == commands.end() || found->request_type != request_type) {
        return std::nullopt;
    }
    return found->where;
}

} // namespace pomona::mdm
