// How long a Mac waits and how often it tries: the numbers Apple does not give, in one place.
#pragma once

#include "pomona/foundation/time.hpp"
#include "pomona/sim/mac/manner.hpp"

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

/// How patient a Mac is with a server in trouble. Apple says what is repeated, but gives no number:
/// each of them is a choice.
struct retry_policy {
    /// Apple, "Sending MDM commands": a result is sent again until it is accepted.
    back_off result_resend{std::chrono::seconds{1}, std::chrono::seconds{60}};
    /// An Idle that nobody answered is tried again a few times before the next push is waited for.
    unsigned idle_tries = 3;
    /// How often a request of declarative management is made when nothing is heard of it.
    unsigned ddm_tries = 3;
    /// A model: TokenUpdate, and a network user's log-in, are repeated until they are accepted.
    back_off token_update_repeat{std::chrono::seconds{10}, std::chrono::hours{1}};
    /// After this many tries the user is told that the enrollment failed.
    unsigned token_update_tries = 3;
};

/// `retry` of a group of Macs: "apple" is the model of a Mac; "eager" comes back soon and often,
/// "patient" late and seldom, as tests of a server under strain want it.
inline constexpr retry_policy apple_retry{};
inline constexpr retry_policy eager_retry{
    .result_resend = {std::chrono::milliseconds{200}, std::chrono::seconds{5}},
    .idle_tries = 10,
    .ddm_tries = 10,
    .token_update_repeat = {std::chrono::seconds{1}, std::chrono::minutes{1}},
    .token_update_tries = 10};
inline constexpr retry_policy patient_retry{
    .result_resend = {std::chrono::seconds{30}, std::chrono::minutes{30}},
    .idle_tries = 1,
    .ddm_tries = 1,
    .token_update_repeat = {std::chrono::minutes{5}, std::chrono::hours{6}},
    .token_update_tries = 2};

[[nodiscard]] constexpr const retry_policy& policy_of(retry_manner how) {
    switch (how) {
    case retry_manner::eager:
        return eager_retry;
    case retry_manner::patient:
        return patient_retry;
    case retry_manner::apple:
        break;
    }
    return apple_retry;
}

/// Apple, "StatusReport": a full report about once a day.
inline constexpr duration full_report_period = std::chrono::hours{24};
/// Choice: a synchronisation, a status report or a download that failed is tried again by itself
/// after so long, or with the next session if that is sooner.
inline constexpr back_off ddm_repeat{std::chrono::minutes{5}, std::chrono::hours{6}};
/// Choice: changes of a Mac that come close together are told in one report.
inline constexpr duration report_delay = std::chrono::seconds{1};
/// Choice: a connection that nothing has used for so long is closed. Apple names no number; it has
/// to be shorter than what servers keep (minutes), so that few requests meet a closed connection.
inline constexpr duration keep_connection = std::chrono::seconds{10};
/// Choice: redirects of one transaction.
inline constexpr int most_redirects = 5;
/// Choice, as runs in the real world wait for it: from the end of one macOS to the login window of
/// the next; a real Mac takes a minute or two.
inline constexpr duration restart_time = std::chrono::seconds{20};
/// The same from EraseDevice to Setup Assistant; a real Mac takes some minutes.
inline constexpr duration erase_time = std::chrono::seconds{30};
/// The same for another macOS, from the restart to the login window.
inline constexpr duration upgrade_time = std::chrono::minutes{1};
/// What the virtual world takes for a signature and for one step of SCEP.
inline constexpr duration signature_cost = std::chrono::milliseconds{1};
inline constexpr duration scep_step_cost = std::chrono::milliseconds{5};

} // namespace pomona::sim::mac
