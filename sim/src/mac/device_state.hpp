// What answers are made from: the Mac as it stands when a command arrives.
#pragma once

#include "mac/machine/machine.hpp"
#include "mac/profile_store.hpp"
#include "pomona/protocol/mdm/checkin.hpp"
#include "pomona/sim/mac/account.hpp"
#include "pomona/sim/mac/persona.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pomona::sim::mac {

/// References into the Mac; valid during one call.
struct device_state {
    const hardware& machine;
    const profile_store& profiles;
    machine_state& box; ///< the one thing here that a command may change
    const crypto::context& crypto;
    /// Of the environment; null: profiles are not shared.
    profile_shelf* known_profiles = nullptr;
    /// Of the enrollment; null: none.
    const crypto::identity* identity = nullptr;
    std::int64_t access_rights = 0;
    push_token token;
    time_point now;
    /// Enrolled by a profile that the user installed: since macOS 11 such a Mac is supervised.
    bool supervised = true;
    bool power_nap = false;
    /// Somebody waits at the login window: what takes long has to wait.
    bool login_blocked = false;
    /// Enrolled by Automated Device Enrollment.
    bool by_ade = false;
    bool user_enrollment = false; ///< account-driven, of a user (BYOD)
    /// In Setup Assistant, until DeviceConfigured (Apple, "Token Update").
    bool awaiting_configuration = false;
    /// Restarted in the middle of that.
    bool setup_stalled = false;
    bool seed_schema = false; ///< what a seed of macOS brings is known, too
    /// Whose channel it is; null: the device's.
    const account* user = nullptr;
    bool on_console = true; ///< the user is the one at the screen
    bool keychain_locked = false;
    app_shelf* shelf = nullptr;                 ///< null: applications are not shared
    std::vector<std::string> active_users = {}; ///< GUIDs of the managed users that are logged in

    [[nodiscard]] bool is_user_channel() const { return user != nullptr; }
    [[nodiscard]] bool may(std::int64_t right) const { return (access_rights & right) == right; }
};

/// How a message of the channel names its sender; `user` may be null.
mdm::sender sender_of(const hardware& machine, const account* user);

/// "14.7.1" as 1407: for the release at which something was introduced.
int os_release(const persona& kind);

/// One query of DeviceInformation; nullopt when it is unknown here, has no value, or lacks its
/// right.
std::optional<plist::value> answer_query(std::string_view query, const device_state& state);
/// How the Mac names itself on the network.
std::string local_host_name(const hardware& machine);
std::string host_name(const hardware& machine);

/// The dictionary SecurityInfo.
plist::dict security_info(const device_state& state);

} // namespace pomona::sim::mac
