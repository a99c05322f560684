// What the machine tells its driver.
#pragma once

#include "pomona/foundation/time.hpp"
#include "pomona/trace/event.hpp"

#include <optional>
#include <string>

namespace pomona::sim::mac {

/// Something that happened by itself as time went on.
struct happening {
    std::string name; ///< of the state in the trace: "application-installed"
    trace::fields about = {};
    /// The Mac restarts because of it, and is down for so long.
    std::optional<duration> down_for = {};
    bool authenticated = false; ///< `down_for`: and passes FileVault's screen then
    bool started = false;       ///< the end of a restart
};

} // namespace pomona::sim::mac
