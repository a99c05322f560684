// What an answer of APNs means for a provider (Apple, "Handling notification responses from APNs").
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/time.hpp"

#include <optional>
#include <string>

namespace pomona::server {

enum class push_verdict {
    accepted,
    token_dead,  ///< no push to this token again
    later,       ///< APNs is busy or out of order: again after a while
    certificate, ///< our push certificate is the problem
    refused      ///< this request is wrong and stays wrong
};

struct push_judgement {
    push_verdict verdict = push_verdict::refused;
    std::string reason; ///< APNs' word, or the status
};

/// `token_updated`: the TokenUpdate that brought the token.
push_judgement judge_push(unsigned status, bytes_view body, time_point token_updated);

/// Choice: 5 s, doubled each time up to 15 min, where Apple asks for 15 min after a 5xx; ten times
/// at most, nullopt then.
std::optional<duration> retry_delay(unsigned failures);

/// Choice: a Mac that has commands and did not come is pushed again after 5 min, 20 min, 80 min
/// and so on, six times.
std::optional<duration> reminder_delay(unsigned reminders);

} // namespace pomona::server
