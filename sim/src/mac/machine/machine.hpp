// The machine itself: what is on it and how it is set, whoever manages it. It survives the end of
// an enrollment and is gone with an erase.
#pragma once

#include "mac/machine/accounts.hpp"
#include "pomona/foundation/error.hpp"
#include "pomona/foundation/time.hpp"
#include "pomona/protocol/plist/value.hpp"
#include "pomona/trace/event.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pomona::sim::mac {

/// Something that happened by itself as time went on.
struct happening {
    std::string name; ///< of the state in the trace: "application-installed"
    trace::fields about = {};
    bool restarts = false; ///< the Mac restarts because of it
};

/// Holds no clock: `now` is an argument, so that a machine can be tested, saved and put back.
/// A facet that changes by itself says when (`next_change`) and does it (`advance`).
struct machine_state {
    accounts users;              ///< everybody who can log in
    bool remote_desktop = false; ///< EnableRemoteDesktop, DisableRemoteDesktop

    /// When it changes next without anybody's doing; nullopt: never.
    [[nodiscard]] std::optional<time_point> next_change() const;
    /// Does what is due at `now`, in the order it was due.
    std::vector<happening> advance(time_point now);

    /// Everything, as a property list: `load` gives the same machine again.
    [[nodiscard]] plist::dict save() const;
    static result<machine_state> load(const plist::dict& saved);
};

} // namespace pomona::sim::mac
