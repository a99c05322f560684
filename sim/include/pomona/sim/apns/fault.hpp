// Named faults of the push service: what it does on purpose to pushes that it would accept.
#pragma once

#include "pomona/foundation/ids.hpp"
#include "pomona/foundation/time.hpp"
#include "pomona/protocol/apns/message.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace pomona::sim::apns {

enum class fault : std::uint8_t {
    // The push is refused.
    answer,              ///< with the order's reason, any of the table
    unregistered,        ///< 410, dead since this moment; the token itself lives on
    too_many_requests,   ///< 429
    service_unavailable, ///< 503
    // It is not even read.
    lose_request,  ///< the connection ends in place of an answer
    refuse_stream, ///< RST_STREAM(REFUSED_STREAM)
    // It goes its way, but the provider is told otherwise, or later, or nothing.
    delay,         ///< the answer comes the order's `delay` later
    lose_answer,   ///< delivered, and the connection ends in place of the answer
    silent_drop,   ///< 200, and nothing is delivered
    close_in_body, ///< 503, and the connection ends in the middle of its body; not delivered
    one_stream,    ///< the answer comes with a limit of one stream, until the next accepted push
    shutdown       ///< every connection is told to end behind the answer: Shutdown
};

/// The name scenarios and `pomona ctl apns` use: "lose-answer".
std::string_view name_of(fault f);
std::optional<fault> find_fault(std::string_view name);
/// One line for people.
std::string_view about(fault f);
std::span<const fault> all_faults();

struct fault_order {
    fault what{};
    std::uint32_t times = 1;           ///< that many pushes
    std::optional<push_token> token{}; ///< nullopt: any
    std::optional<topic> for_topic{};  ///< nullopt: any
    unsigned percent = 100;            ///< the chance of each push, by the world's randomness
    duration delay = std::chrono::seconds{5};                                  ///< of fault::delay
    pomona::apns::reason reason = pomona::apns::reason::internal_server_error; ///< fault::answer
};

} // namespace pomona::sim::apns
