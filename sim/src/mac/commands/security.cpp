// Passwords and keys of the machine: Activation Lock, firmware password, recovery lock, FileVault
// (schema mdm/commands/device.activationlock.*.yaml, passcode.firmware.*.yaml,
// passcode.recovery.*.yaml, rotate.file.vault.key.yaml).
#include "mac/commands/handler.hpp"
#include "mac/machine/machine.hpp"
#include "pomona/protocol/crypto/cms.hpp"

#include <algorithm>
#include <array>

namespace pomona::sim::mac {
namespace {

using mdm::command;
using mdm::command_status;

/// A command of the other kind of Mac. Choice: the code; Apple states none.
outcome other_chip(const command& c, const device_state& state, std::string_view whose) {
    return refused(c, state,
                   mac_error(mdm_error_domain, code::unknown_request_type,
                             c.request_type + " is for Macs with " + std::string{whose} + '.'));
}

outcome wrong_password(const command& c, const device_state& state) {
    return refused(c, state,
                   mac_error(mdm_error_domain, code::wrong_password,
                             "The current password is missing, or another."));
}

bool same(const std::string& a, const std::string& b) {
    return crypto::equal_constant_time(as_bytes(a), as_bytes(b));
}

/// Whether CurrentPassword is the one that is set; nothing has to be given where none is.
bool knows(const command& c, const std::string& current) {
    const auto* given = c.body.string("CurrentPassword");
    return current.empty() || (given != nullptr && same(*given, current));
}

// ---- Activation Lock

/// Choice: the Mac makes its code when it is asked for the first time; cleared, there is none until
/// the next enrollment.
outcome bypass_code(const command& c, const device_state& state) {
    auto& s = state.box.security;
    if (s.bypass_cleared) {
        return refused(
            c, state,
            mac_error(mdm_error_domain, code::no_bypass_code, "The bypass code is not available."));
    }
    if (s.activation_lock_bypass.empty()) {
        s.activation_lock_bypass = bypass_code_of(state.crypto.random(26));
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("ActivationLockBypassCode", s.activation_lock_bypass);
    return out;
}

outcome clear_bypass_code(const command& c, const device_state& state) {
    state.box.security.activation_lock_bypass.clear();
    state.box.security.bypass_cleared = true;
    return answered(c, state, command_status::acknowledged);
}

// ---- Intel

outcome set_firmware_password(const command& c, const device_state& state) {
    const auto* wanted = c.body.string("NewPassword");
    if (wanted == nullptr) {
        return malformed(c, state, "SetFirmwarePassword without NewPassword.");
    }
    if (state.machine.kind.apple_silicon) {
        return other_chip(c, state, "Intel processors");
    }
    auto& s = state.box.security;
    // Schema passcode.firmware.set.yaml: what can be typed at the firmware's screen.
    const bool typable =
        std::ranges::all_of(*wanted, [](char ch) { return ch >= 0x20 && ch <= 0x7E; });
    // Schema information.security.yaml, ChangePending.
    if (!typable || s.new_firmware_password || !knows(c, s.firmware_password)) {
        auto out = typable && !s.new_firmware_password
                       ? wrong_password(c, state)
                       : refused(c, state,
                                 mac_error(mdm_error_domain, code::firmware_refused,
                                           typable ? "A change waits for a restart."
                                                   : "The password has other characters than "
                                                     "printable ASCII."));
        out.answer.result.set("SetFirmwarePassword", plist::dict{{"PasswordChanged", false}});
        return out;
    }
    const auto* oroms = c.body.boolean("AllowOroms");
    s.new_firmware_password = *wanted;
    s.new_allow_oroms = oroms != nullptr && *oroms;
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("SetFirmwarePassword", plist::dict{{"PasswordChanged", true}});
    return out;
}

outcome verify_firmware_password(const command& c, const device_state& state) {
    const auto* given = c.body.string("Password");
    if (given == nullptr) {
        return malformed(c, state, "VerifyFirmwarePassword without Password.");
    }
    if (state.machine.kind.apple_silicon) {
        return other_chip(c, state, "Intel processors");
    }
    const auto& current = state.box.security.firmware_password;
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set(
        "VerifyFirmwarePassword",
        plist::dict{{"PasswordVerified", !current.empty() && same(*given, current)}});
    return out;
}

// ---- Apple silicon

outcome set_recovery_lock(const command& c, const device_state& state) {
    const auto* wanted = c.body.string("NewPassword");
    if (wanted == nullptr) {
        return malformed(c, state, "SetRecoveryLock without NewPassword.");
    }
    if (!state.machine.kind.apple_silicon) {
        return other_chip(c, state, "Apple silicon");
    }
    if (!knows(c, state.box.security.recovery_lock)) {
        return wrong_password(c, state);
    }
    state.box.security.recovery_lock = *wanted;
    return answered(c, state, command_status::acknowledged);
}

outcome verify_recovery_lock(const command& c, const device_state& state) {
    const auto* given = c.body.string("Password");
    if (given == nullptr) {
        return malformed(c, state, "VerifyRecoveryLock without Password.");
    }
    if (!state.machine.kind.apple_silicon) {
        return other_chip(c, state, "Apple silicon");
    }
    const auto& current = state.box.security.recovery_lock;
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("PasswordVerified", !current.empty() && same(*given, current));
    return out;
}

// ---- FileVault

outcome no_rotation(const command& c, const device_state& state, std::string why) {
    return refused(c, state, mac_error(mdm_error_domain, code::rotation_failed, std::move(why)));
}

outcome rotate_personal(const command& c, const device_state& state, const plist::dict& unlock) {
    auto& s = state.box.security;
    const auto* password = unlock.string("Password");
    if (s.recovery_key.empty()) {
        return no_rotation(c, state, "There is no personal recovery key.");
    }
    // Choice: nobody has told this Mac its user's password, so that any is taken for it; what looks
    // like a recovery key has to be the one in force.
    const bool as_key = password != nullptr && password->size() == s.recovery_key.size() &&
                        std::ranges::count(*password, '-') == 5;
    if (password == nullptr || password->empty() || (as_key && !same(*password, s.recovery_key))) {
        return no_rotation(c, state, "The password does not unlock FileVault.");
    }
    const auto fresh = recovery_key_of(state.crypto.random(24));
    auto out = answered(c, state, command_status::acknowledged);
    if (const auto* der = c.body.data("ReplyEncryptionCertificate")) {
        const auto recipient = crypto::certificate::from_der(state.crypto, *der);
        auto sealed = recipient ? crypto::seal_enveloped(state.crypto, as_bytes(fresh), *recipient)
                                : std::unexpected(recipient.error());
        if (!sealed) {
            return no_rotation(c, state, "ReplyEncryptionCertificate cannot be used.");
        }
        out.answer.result.set("RotateResult",
                              plist::dict{{"EncryptedNewRecoveryKey", *std::move(sealed)}});
    }
    s.recovery_key = fresh;
    return out;
}

outcome rotate_institutional(const command& c, const device_state& state) {
    const auto* der = c.body.data("NewCertificate");
    if (der == nullptr || !crypto::certificate::from_der(state.crypto, *der)) {
        return no_rotation(c, state, "NewCertificate is missing, or cannot be used.");
    }
    state.box.security.institutional_key = true;
    return answered(c, state, command_status::acknowledged);
}

outcome rotate_file_vault_key(const command& c, const device_state& state) {
    const auto* type = c.body.string("KeyType");
    const auto* unlock = c.body.dictionary("FileVaultUnlock");
    if (type == nullptr || unlock == nullptr || (*type != "personal" && *type != "institutional")) {
        return malformed(c, state,
                         "RotateFileVaultKey without KeyType (personal or institutional) or "
                         "FileVaultUnlock.");
    }
    if (!state.box.power.file_vault) {
        return no_rotation(c, state, "FileVault is off.");
    }
    return *type == "personal" ? rotate_personal(c, state, *unlock)
                               : rotate_institutional(c, state);
}

constexpr std::array<handler, 7> handlers{{
    {"ActivationLockBypassCode", bypass_code},
    {"ClearActivationLockBypassCode", clear_bypass_code},
    {"RotateFileVaultKey", rotate_file_vault_key},
    {"SetFirmwarePassword", set_firmware_password},
    {"SetRecoveryLock", set_recovery_lock},
    {"VerifyFirmwarePassword", verify_firmware_password},
    {"VerifyRecoveryLock", verify_recovery_lock},
}};

} // namespace

std::span<const handler> security_commands() {
    return handlers;
}

} // namespace pomona::sim::mac
