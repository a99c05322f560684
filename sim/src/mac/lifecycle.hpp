// What happens to a Mac as a whole: restart, shut-down, lock, erase, and what comes back by itself
// afterwards. To be called on the world's thread; none waits. `cause`: the event that led to it.
#pragma once

#include "mac/core.hpp"

namespace pomona::sim::mac {

/// Down at once, up again after `takes` (policy.hpp's `restart_time`): users are logged out,
/// connections end, sessions at work are lost (the server offers an unanswered command again). A
/// Mac that is off stays off.
void restart(const core_ptr& self, std::uint64_t cause);
void restart(const core_ptr& self, duration takes, std::uint64_t cause);
void shut_down(const core_ptr& self, std::uint64_t cause);
/// DeviceLock: restarts, and asks for `pin` before it starts; empty: for nothing that MDM knows.
void lock_with_pin(const core_ptr& self, std::string pin, std::uint64_t cause);
/// Somebody enters the PIN of DeviceLock; false when it is another, or none is asked for.
bool unlock_with_pin(const core_ptr& self, std::string_view pin, std::uint64_t cause);
/// Everything that users and MDM brought is gone, without a word to the server; its push tokens
/// die. After policy.hpp's `erase_time` Setup Assistant begins.
void erase(const core_ptr& self, std::uint64_t cause);

/// Setup Assistant has nothing to wait for any more: the first user logs in. A Mac that was
/// restarted while it waited stays as it is.
void finish_setup(const core_ptr& self, std::uint64_t cause);

/// Another macOS is installed, and the Mac restarts into it; an empty build is made up. The server
/// learns of it by a TokenUpdate (Apple, "Token Update").
void install_os(const core_ptr& self, installed_os what, std::uint64_t cause);

/// What `restore` comes back to: to be called before an enrollment goes.
void keep_backup(core& self);

/// Somebody at the machine, or its lid, brings it into `to`: settable_power_modes.
void set_power(const core_ptr& self, power_mode to, std::uint64_t cause);
/// A restart is over (upkeep.cpp).
void came_up(const core_ptr& self, std::uint64_t cause);
/// The network came or went: connections, the push service and waiting sessions follow. `before`:
/// core::is_reachable until now.
void reach_changed(core& self, bool before, std::uint64_t cause);

} // namespace pomona::sim::mac
