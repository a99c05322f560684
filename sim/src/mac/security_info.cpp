// SecurityInfo (schema mdm/commands/information.security.yaml): the keys of macOS.
#include "mac/device_state.hpp"

namespace pomona::sim::mac {
namespace {

/// A Mac as it comes: no FileVault, no firewall, full security.
plist::dict firewall() {
    return {{"FirewallEnabled", false}, {"BlockAllIncoming", false},
            {"StealthMode", false},     {"Applications", plist::array{}},
            {"LoggingEnabled", true},   {"LoggingOption", "throttled"}};
}

plist::dict management_status() {
    return {{"EnrolledViaDEP", false},
            {"UserApprovedEnrollment", true},
            {"IsUserEnrollment", false},
            {"IsActivationLockManageable", true}};
}

plist::dict secure_boot(bool apple_silicon) {
    plist::dict d{{"SecureBootLevel", "full"},
                  {"ExternalBootLevel", apple_silicon ? "not supported" : "disallowed"}};
    if (apple_silicon) {
        d.set("ReducedSecurity", plist::array{});
    }
    return d;
}

} // namespace

plist::dict security_info(const device_state& state) {
    if (state.is_user_channel()) { // every other key of macOS is the device channel's
        return {{"ManagementStatus", management_status()}};
    }
    const bool silicon = state.machine.kind.apple_silicon;
    plist::dict d{{"FDE_Enabled", false},
                  {"FDE_HasPersonalRecoveryKey", false},
                  {"FDE_HasInstitutionalRecoveryKey", false},
                  {"SystemIntegrityProtectionEnabled", true},
                  {"FirewallSettings", firewall()},
                  {"ManagementStatus", management_status()},
                  {"SecureBoot", secure_boot(silicon)},
                  {"RemoteDesktopEnabled", state.box.remote_desktop},
                  {"AuthenticatedRootVolumeEnabled", true},
                  {"BootstrapTokenAllowedForAuthentication", "allowed"},
                  {"BootstrapTokenRequiredForSoftwareUpdate", silicon},
                  {"BootstrapTokenRequiredForKernelExtensionApproval", silicon}};
    // A Mac has either a recovery lock or a firmware password.
    if (silicon) {
        d.set("IsRecoveryLockEnabled", false);
    } else {
        d.set("FirmwarePasswordStatus", plist::dict{{"PasswordExists", false},
                                                    {"ChangePending", false},
                                                    {"AllowOroms", false}});
    }
    return d;
}

} // namespace pomona::sim::mac
