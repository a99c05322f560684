#include "mac/machine/security.hpp"

#include "mac/machine/saved.hpp"

#include <initializer_list>

namespace pomona::sim::mac {
namespace {

/// Thirty-two signs that cannot be mistaken for one another.
constexpr std::string_view alphabet = "0123456789ACDEFGHJKLMNPQRTUVWXYZ";
static_assert(alphabet.size() == 32);

std::string grouped(bytes_view random, std::initializer_list<std::size_t> groups) {
    std::string out;
    std::size_t next = 0;
    for (const auto size : groups) {
        if (!out.empty()) {
            out += '-';
        }
        for (std::size_t i = 0; i < size && next < random.size(); ++i) {
            out += alphabet[random[next++] % alphabet.size()];
        }
    }
    return out;
}

} // namespace

std::string recovery_key_of(bytes_view random) {
    return grouped(random, {4, 4, 4, 4, 4, 4});
}

std::string bypass_code_of(bytes_view random) {
    return grouped(random, {5, 5, 4, 4, 4, 4});
}

void security_state::restarted() {
    if (new_firmware_password) {
        firmware_password = *std::move(new_firmware_password);
        allow_oroms = new_allow_oroms;
        new_firmware_password.reset();
    }
}

void security_state::enrollment_ended() {
    recovery_lock.clear();
    file_vault_at_log_in = false;
}

security_state security_state::after_erase() const {
    security_state out;
    out.firmware_password = new_firmware_password.value_or(firmware_password);
    out.allow_oroms = new_firmware_password ? new_allow_oroms : allow_oroms;
    out.erase_obstacle = {};
    return out;
}

plist::dict security_state::save() const {
    plist::dict d{{"RecoveryLock", recovery_lock},
                  {"FirmwarePassword", firmware_password},
                  {"AllowOroms", allow_oroms},
                  {"NewAllowOroms", new_allow_oroms},
                  {"RecoveryKey", recovery_key},
                  {"InstitutionalKey", institutional_key},
                  {"FileVaultAtLogIn", file_vault_at_log_in},
                  {"ActivationLockBypass", activation_lock_bypass},
                  {"BypassCleared", bypass_cleared},
                  {"LockMessage", lock_message},
                  {"LockPhone", lock_phone},
                  {"EraseObstacle", erase_obstacle}};
    if (new_firmware_password) {
        d.set("NewFirmwarePassword", *new_firmware_password);
    }
    return d;
}

result<security_state> security_state::load(const plist::dict& d) {
    security_state out;
    out.recovery_lock = saved::text(d, "RecoveryLock");
    out.firmware_password = saved::text(d, "FirmwarePassword");
    out.allow_oroms = saved::flag(d, "AllowOroms", false);
    out.new_allow_oroms = saved::flag(d, "NewAllowOroms", false);
    if (const auto* pending = d.string("NewFirmwarePassword")) {
        out.new_firmware_password = *pending;
    }
    out.recovery_key = saved::text(d, "RecoveryKey");
    out.institutional_key = saved::flag(d, "InstitutionalKey", false);
    out.file_vault_at_log_in = saved::flag(d, "FileVaultAtLogIn", false);
    out.activation_lock_bypass = saved::text(d, "ActivationLockBypass");
    out.bypass_cleared = saved::flag(d, "BypassCleared", false);
    out.lock_message = saved::text(d, "LockMessage");
    out.lock_phone = saved::text(d, "LockPhone");
    out.erase_obstacle = saved::text(d, "EraseObstacle");
    return out;
}

} // namespace pomona::sim::mac
