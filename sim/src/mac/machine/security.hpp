// What guards a Mac beside its accounts: recovery lock or firmware password, FileVault's recovery
// keys, the bypass code of Activation Lock. Secrets; they are saved, and never go into a trace.
#pragma once

#include "pomona/foundation/error.hpp"
#include "pomona/protocol/plist/value.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace pomona::sim::mac {

struct security_state {
    std::string recovery_lock; ///< Apple silicon; empty: none

    // Intel. Schema information.security.yaml, ChangePending: a change takes effect with the next
    // restart, and until then there is no other.
    std::string firmware_password; ///< empty: none
    bool allow_oroms = false;
    std::optional<std::string> new_firmware_password = {};
    bool new_allow_oroms = false;

    std::string recovery_key;           ///< of FileVault, personal; empty: none
    bool institutional_key = false;     ///< there is one beside or instead of it
    bool file_vault_at_log_in = false;  ///< a profile wants it, from the next log-in on
    std::string activation_lock_bypass; ///< empty: not made yet, or cleared
    bool bypass_cleared = false;

    std::string lock_message, lock_phone; ///< of DeviceLock, on the lock screen
    /// Why Erase All Content and Settings cannot run; empty: it can ("success").
    std::string erase_obstacle;

    /// A password change that waited for it holds now.
    void restarted();
    /// Apple, "Set Recovery Lock": it goes with the enrollment.
    void enrollment_ended();
    /// What is left after an erase: what Intel's firmware keeps.
    [[nodiscard]] security_state after_erase() const;

    [[nodiscard]] plist::dict save() const;
    static result<security_state> load(const plist::dict& saved);
    bool operator==(const security_state&) const = default;
};

/// Six groups of four, as FileVault shows it: "ABCD-…"; from 24 random bytes.
std::string recovery_key_of(bytes_view random);
/// Of Activation Lock: groups of 5, 5, 4, 4, 4 and 4; from 26 random bytes.
std::string bypass_code_of(bytes_view random);

} // namespace pomona::sim::mac
