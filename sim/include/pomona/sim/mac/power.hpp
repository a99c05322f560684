// How a Mac is running.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim::mac {

enum class power_mode {
    awake,
    power_nap, ///< asleep on battery, but for short moments: most commands are answered NotNow
               ///< (Apple, "Handling a NotNow status")
    asleep,    ///< no network; pushes wait at the push service
    off,
    restarting,
    unlock_screen, ///< FileVault: before a password was given nothing of macOS runs
    pin_lock       ///< DeviceLock: before the PIN was given nothing of macOS runs
};
/// "awake", "power_nap", "asleep", "off", "restarting", "unlock_screen", "pin_lock".
std::string_view to_text(power_mode m);
std::optional<power_mode> find_power_mode(std::string_view text);
/// Those that somebody at the machine can bring about; the others come by themselves.
std::vector<std::string> settable_power_modes();
/// macOS is up and has the network.
[[nodiscard]] constexpr bool runs(power_mode m) {
    return m == power_mode::awake || m == power_mode::power_nap;
}

} // namespace pomona::sim::mac
