// How long a Mac waits and how often it tries: the numbers Apple does not give, in one place.
#pragma once

#include "pomona/foundation/time.hpp"

namespace pomona::sim::mac {

/// Doubles from `first` up to `most`.
struct back_off {
    duration first;
    duration most;
    /// `attempt` counts from 0.
    [[nodiscard]] constexpr duration delay(unsigned attempt) const {
        auto d = first;
        for (; attempt > 0 && d < most; --attempt) {
            d *= 2;
        }
        return d < most ? d : most;
    }
};

/// Apple, "Sending MDM commands": a result is sent again until it is accepted. Choice: the delays.
inline constexpr back_off result_resend{std::chrono::seconds{1}, std::chrono::seconds{60}};
/// Choice: an Idle that nobody answered is tried again a few times before the next push is waited
/// for.
inline constexpr unsigned idle_tries = 3;
/// Choice: how often a request of declarative management is made when nothing is heard of it.
inline constexpr unsigned ddm_tries = 3;
/// Apple, "StatusReport": a full report about once a day.
inline constexpr duration full_report_period = std::chrono::hours{24};
/// Choice: a synchronisation, a status report or a download that failed is tried again by itself
/// after so long, or with the next session if that is sooner.
inline constexpr back_off ddm_repeat{std::chrono::minutes{5}, std::chrono::hours{6}};
/// Choice: changes of a Mac that come close together are told in one report.
inline constexpr duration report_delay = std::chrono::seconds{1};
/// Choice (a model; Apple is silent): TokenUpdate is repeated until it is accepted.
inline constexpr back_off token_update_repeat{std::chrono::seconds{10}, std::chrono::hours{1}};
/// After this many tries the user is told that the enrollment failed.
inline constexpr unsigned token_update_tries = 3;
/// Choice: a connection that nothing has used for so long is closed. Apple names no number; it has
/// to be shorter than what servers keep (minutes), so that few requests meet a closed connection.
inline constexpr duration keep_connection = std::chrono::seconds{10};
/// Choice: redirects of one transaction.
inline constexpr int most_redirects = 5;
/// Choice: from the end of one macOS to the login window of the next.
inline constexpr duration restart_time = std::chrono::seconds{60};
/// Choice: from EraseDevice to Setup Assistant.
inline constexpr duration erase_time = std::chrono::minutes{5};
/// What the virtual world takes for a signature and for one step of SCEP.
inline constexpr duration signature_cost = std::chrono::milliseconds{1};
inline constexpr duration scep_step_cost = std::chrono::milliseconds{5};

} // namespace pomona::sim::mac
