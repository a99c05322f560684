// How the device-enrollment service behaves where Apple's differs from client to client, or where
// a test wants it otherwise.
#pragma once

#include "pomona/foundation/time.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace pomona::sim::abm {

/// How an error's body is written. Apple sends the bare code; its old simulator put it in quotes;
/// mocks of some clients write {"code": …}. Clients have to find it in each (ABM-022).
enum class error_form { bare, quoted, json };

struct rules {
    abm::error_form error_form = abm::error_form::bare;
    /// After a restart a session is 403 FORBIDDEN, as the old simulator says it, instead of 401.
    bool forbidden_sessions = false;
    std::size_t default_page = 100; ///< Apple, "Fetch Devices"
    std::size_t max_page = 1000;    ///< more is capped
    /// User-Agents that begin so are USER_AGENT_INVALID. Observed: Apple refuses some by name.
    std::vector<std::string> refused_agents;
    /// A device that is assigned a profile more often than this within a day is THROTTLED for the
    /// cool-down; 0: never.
    std::size_t assignments_a_day = 0;
    duration cool_down = std::chrono::hours{24}; ///< Observed: what Apple told clients
    /// Every answer moves the session to another token.
    bool moving_sessions = false;
};

} // namespace pomona::sim::abm
