// The machine itself: what is on it and how it is set, whoever manages it. It survives the end of
// an enrollment and is gone with an erase.
#pragma once

#include "mac/machine/accounts.hpp"
#include "mac/machine/applications.hpp"
#include "mac/machine/happening.hpp"
#include "mac/machine/os_updates.hpp"
#include "mac/machine/power.hpp"
#include "mac/machine/provisioning.hpp"
#include "mac/machine/security.hpp"
#include "mac/machine/settings.hpp"
#include "pomona/foundation/error.hpp"
#include "pomona/foundation/time.hpp"
#include "pomona/protocol/plist/value.hpp"
#include "pomona/sim/mac/persona.hpp"

#include <optional>
#include <vector>

namespace pomona::sim::mac {

/// Holds no clock: `now` is an argument, so that a machine can be tested, saved and put back.
/// A facet that changes by itself says when (`next_change`) and does it (`advance`).
struct machine_state {
    machine_state() = default;
    /// As it comes out of its box.
    explicit machine_state(const persona& kind);

    power_state power;
    accounts users;              ///< everybody who can log in
    bool remote_desktop = false; ///< EnableRemoteDesktop, DisableRemoteDesktop
    provisioning provisioned;
    applications apps;
    security_state security;
    settings_state settings;
    os_updates updates; ///< and which system is installed

    /// What MDM brought and left in the machine goes with the enrollment.
    void enrollment_ended();
    /// Installations and downloads go on: it runs, or restarts for the sake of one.
    [[nodiscard]] bool is_at_work() const;

    /// When it changes next without anybody's doing; nullopt: never.
    [[nodiscard]] std::optional<time_point> next_change() const;
    /// Does what is due at `now`, in the order it was due.
    std::vector<happening> advance(time_point now);

    /// Everything, as a property list: `load` gives the same machine again.
    [[nodiscard]] plist::dict save() const;
    /// `shelf` may be null: nothing is shared with other Macs then.
    static result<machine_state> load(const plist::dict& saved, app_shelf* shelf = nullptr);
};

} // namespace pomona::sim::mac
