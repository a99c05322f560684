// What a listener refused, for its operator: lines that no flood can make many.
#pragma once

#include "pomona/foundation/time.hpp"
#include "pomona/net/http.hpp"

#include <array>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace pomona::net::real {

enum class refusal {
    answer,     ///< a status from 400 on
    handshake,  ///< TLS did not come about
    malformed,  ///< not HTTP
    broken_off, ///< the client went inside a request
    timeout,    ///< silence where something was due
    stalled,    ///< an answer that is not taken
    flood,      ///< more frames, resets or headers than anyone needs
    overload    ///< no place left
};
inline constexpr std::size_t refusal_kinds = 8;
std::string_view to_text(refusal kind);

/// Of each kind (and of each status that is answered) thirty lines a minute at most; what was left
/// out is counted in the next one. On the world's thread.
class refusal_log {
  public:
    using sink = std::function<void(const std::string&)>;
    /// `service` begins each line. Without a sink lines are warnings of the process's log.
    explicit refusal_log(std::string service, sink write = {});

    /// `what` may hold a peer's words: they are escaped and cut.
    void note(time_point now, refusal kind, const endpoint& client, std::string_view what,
              unsigned status = 0);

  private:
    struct window {
        time_point began = time_point::min();
        std::size_t lines = 0;
        std::size_t left_out = 0;
    };
    std::string service_;
    sink write_;
    std::map<std::pair<refusal, unsigned>, window> windows_; ///< few: handlers choose the statuses
};

} // namespace pomona::net::real
