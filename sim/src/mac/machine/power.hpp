// Power: up, asleep, off, on its way up, or waiting for somebody at its start.
#pragma once

#include "pomona/foundation/error.hpp"
#include "pomona/foundation/time.hpp"
#include "pomona/protocol/plist/value.hpp"
#include "pomona/sim/mac/power.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pomona::sim::mac {

struct happening;

struct power_state {
    power_mode mode = power_mode::awake;
    bool lid_closed = false; ///< of a notebook: keeps it asleep
    /// FileVault is on: a start ends at its screen.
    bool file_vault = false;
    /// An authenticated restart: the next start passes FileVault's screen (Apple, "fdesetup",
    /// authrestart: as updates of macOS do it).
    bool authenticated = false;
    std::optional<time_point> up_at; ///< restarting: when it is over
    /// Of DeviceLock (six digits; may be empty): asked for at the next start.
    std::optional<std::string> pin;

    [[nodiscard]] bool runs() const { return sim::mac::runs(mode); }
    /// Goes down, and is up again at `then`.
    void restart(time_point then);
    /// Where a start ends: awake, at FileVault's screen or at that of DeviceLock.
    [[nodiscard]] power_mode after_start() const;

    [[nodiscard]] std::optional<time_point> next_change() const;
    void advance(time_point now, std::vector<happening>& out);
    [[nodiscard]] plist::dict save() const;
    static result<power_state> load(const plist::dict& saved);
};

} // namespace pomona::sim::mac
