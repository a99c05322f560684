// SecurityInfo (schema mdm/commands/information.security.yaml): the keys of macOS.
#include "mac/capabilities.hpp"
#include "mac/device_state.hpp"
#include "pomona/protocol/crypto/cms.hpp"

namespace pomona::sim::mac {
namespace {

bool flag_of(const profile::payload& p, std::string_view key) {
    const auto* found = p.content.boolean(key);
    return found != nullptr && *found;
}

/// A Mac as it comes has its firewall off; com.apple.security.firewall sets it.
plist::dict firewall(const profile_store& profiles) {
    bool on = false;
    bool block = false;
    bool stealth = false;
    for (const auto& i : profiles.all()) {
        for (const auto* p : i.content->of_type("com.apple.security.firewall")) {
            on = on || flag_of(*p, "EnableFirewall");
            block = block || flag_of(*p, "BlockAllIncoming");
            stealth = stealth || flag_of(*p, "EnableStealthMode");
        }
    }
    return {{"FirewallEnabled", on},  {"BlockAllIncoming", block},
            {"StealthMode", stealth}, {"Applications", plist::array{}},
            {"LoggingEnabled", true}, {"LoggingOption", "throttled"}};
}

plist::dict management_status(const device_state& state) {
    return {{"EnrolledViaDEP", state.by_ade},
            {"UserApprovedEnrollment", true},
            {"IsUserEnrollment", state.user_enrollment},
            {"IsActivationLockManageable", state.supervised}};
}

plist::dict secure_boot(bool apple_silicon) {
    plist::dict d{{"SecureBootLevel", "full"},
                  {"ExternalBootLevel", apple_silicon ? "not supported" : "disallowed"}};
    if (apple_silicon) {
        d.set("ReducedSecurity", plist::array{});
    }
    return d;
}

/// The profile that wants the personal recovery key escrowed: its payload, and the certificate it
/// names (schema com.apple.security.FDERecoveryKeyEscrow).
struct escrow {
    const profile::payload* what = nullptr;
    const bytes* certificate = nullptr;
};
escrow find_escrow(const profile_store& profiles) {
    for (const auto& i : profiles.all()) {
        for (const auto* p : i.content->of_type("com.apple.security.FDERecoveryKeyEscrow")) {
            const auto* uuid = p->content.string("EncryptCertPayloadUUID");
            const auto* holder = uuid == nullptr ? nullptr : i.content->by_uuid(*uuid);
            if (const auto* der =
                    holder == nullptr ? nullptr : holder->content.data("PayloadContent")) {
                return {.what = p, .certificate = der};
            }
        }
    }
    return {};
}

/// The recovery key, readable for the organization only.
void add_escrow(plist::dict& d, const device_state& state) {
    const auto wanted = find_escrow(state.profiles);
    if (wanted.what == nullptr || state.box.security.recovery_key.empty()) {
        return;
    }
    const auto recipient = crypto::certificate::from_der(state.crypto, *wanted.certificate);
    if (!recipient) {
        return;
    }
    auto sealed =
        crypto::seal_enveloped(state.crypto, as_bytes(state.box.security.recovery_key), *recipient);
    if (!sealed) {
        return;
    }
    d.set("FDE_PersonalRecoveryKeyCMS", *std::move(sealed));
    const auto* key = wanted.what->content.string("DeviceKey");
    d.set("FDE_PersonalRecoveryKeyDeviceKey", key == nullptr ? state.machine.serial.value() : *key);
}

void add_file_vault(plist::dict& d, const device_state& state) {
    const auto& s = state.box.security;
    const bool on = state.box.power.file_vault;
    d.set("FDE_Enabled", on);
    d.set("FDE_HasPersonalRecoveryKey", on && !s.recovery_key.empty());
    d.set("FDE_HasInstitutionalRecoveryKey", on && s.institutional_key);
    if (on) {
        add_escrow(d, state);
    }
}

plist::dict firmware(const security_state& s) {
    return {{"PasswordExists", !s.firmware_password.empty()},
            {"ChangePending", s.new_firmware_password.has_value()},
            {"AllowOroms", s.allow_oroms}};
}

/// Schema mdm/commands/information.security.yaml: what a user enrollment does not tell.
void leave_out(plist::dict& d) {
    for (const auto* key :
         {"FDE_HasPersonalRecoveryKey", "FDE_HasInstitutionalRecoveryKey",
          "FDE_PersonalRecoveryKeyCMS", "FDE_PersonalRecoveryKeyDeviceKey", "RemoteDesktopEnabled",
          "BootstrapTokenAllowedForAuthentication", "BootstrapTokenRequiredForSoftwareUpdate",
          "BootstrapTokenRequiredForKernelExtensionApproval", "IsRecoveryLockEnabled"}) {
        d.erase(key);
    }
    if (auto* firewall_settings = d.find("FirewallSettings")) {
        auto settings = *firewall_settings->get<plist::dict>();
        settings.erase("Applications");
        d.set("FirewallSettings", std::move(settings));
    }
}

} // namespace

plist::dict security_info(const device_state& state) {
    if (state.is_user_channel()) { // every other key of macOS is the device channel's
        return {{"ManagementStatus", management_status(state)}};
    }
    const bool silicon = state.machine.kind.apple_silicon;
    plist::dict d;
    add_file_vault(d, state);
    d.set("SystemIntegrityProtectionEnabled", true);
    d.set("FirewallSettings", firewall(state.profiles));
    d.set("ManagementStatus", management_status(state));
    d.set("SecureBoot", secure_boot(silicon));
    d.set("RemoteDesktopEnabled", state.box.remote_desktop);
    d.set("AuthenticatedRootVolumeEnabled", true);
    d.set("BootstrapTokenAllowedForAuthentication", !silicon           ? "not supported"
                                                    : state.supervised ? "allowed"
                                                                       : "disallowed");
    d.set("BootstrapTokenRequiredForSoftwareUpdate", silicon);
    d.set("BootstrapTokenRequiredForKernelExtensionApproval", silicon);
    // A Mac has either a recovery lock or a firmware password.
    if (silicon) {
        d.set("IsRecoveryLockEnabled", !state.box.security.recovery_lock.empty());
    } else {
        d.set("FirmwarePasswordStatus", firmware(state.box.security));
    }
    if (state.user_enrollment) {
        leave_out(d);
    }
    return d;
}

} // namespace pomona::sim::mac
