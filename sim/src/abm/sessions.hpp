// Who asks the device-enrollment service: OAuth 1.0a at GET /session, a session token afterwards.
#pragma once

#include "abm/dep_answer.hpp"
#include "pomona/net/world.hpp"
#include "pomona/sim/abm/organization.hpp"

#include <deque>
#include <expected>
#include <set>

namespace pomona::sim::abm {

/// Choice: what clients assume, too.
inline constexpr duration session_lifetime = std::chrono::minutes{3};
/// Choice: the clock of a client may be off by this much, either way.
inline constexpr duration clock_tolerance = std::chrono::minutes{5};

class session_keeper {
  public:
    session_keeper(net::world& world, organization& of) : world_{&world}, of_{&of} {}

    /// GET /session. `urls`: the addresses under which a client may know this one, without query
    /// (ABM-012..014; RFC 5849 section 3.2).
    std::expected<std::string, dep_error> open(const net::request& what,
                                               const std::vector<std::string>& urls);
    /// The server whose session `token` is; null when there is none, or it is over.
    server_entry* find(std::string_view token);
    /// Another token for the session of `token`, which is over.
    std::string renew(std::string_view token);
    void close_all() { sessions_.clear(); }

  private:
    struct session {
        std::string server;
        time_point ends;
    };
    std::expected<server_entry*, dep_error> judge(const net::request& what,
                                                  const std::vector<std::string>& urls);
    std::string make(std::string server);
    /// False when it was used before.
    bool take_nonce(std::string nonce, time_point now);

    net::world* world_;
    organization* of_;
    std::map<std::string, session, std::less<>> sessions_;
    std::deque<std::pair<time_point, std::string>> nonce_times_;
    std::set<std::string, std::less<>> nonces_;
};

} // namespace pomona::sim::abm
