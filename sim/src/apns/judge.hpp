// The verdict on one provider request: every rule of the provider API, its reason, and the order in
// which rules win. Pure: no clock, no store, no connection.
#pragma once

#include "pomona/net/http.hpp"
#include "pomona/sim/apns/service.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim::apns {

/// What the connection's client certificate, or the request's provider token, is worth at this
/// moment.
struct credential {
    enum class kind {
        none,
        trusted, ///< a certificate
        refused,
        wrong_environment,
        token, ///< a provider token that is good
        bad_token,
        expired_token,
        too_many_tokens
    };
    kind state = kind::none;
    std::vector<topic> topics; ///< that it may push to; of a certificate: the subject UID
};

struct request_facts {
    std::string_view method;
    std::string_view target;
    const net::headers& headers;
    std::size_t body_bytes = 0;
    const credential& who;
    time_point now;
    const std::optional<push_token>& token; ///< token_in(target)
};

/// What the store knows of the token in the path.
struct token_state {
    topic owner;
    /// Set once it is dead: since when, and the reason told to providers.
    std::optional<time_point> dead_since{};
    pomona::apns::reason death = pomona::apns::reason::unregistered;
    std::size_t pushes_in_last_minute = 0;
};

struct verdict {
    std::optional<pomona::apns::reason> refused; ///< nullopt: 200
    std::optional<long long> timestamp_ms;       ///< with the 410 reasons
    std::optional<std::string> id;               ///< to be echoed; nullopt: make one
    /// With 200 only.
    bool deliver = false;
    topic for_topic;
    /// Until when an offline device's notification is kept; `now` or before: one attempt.
    time_point expires;
};

/// The token in `/3/device/<hex>`; nullopt when the path has none or it is not hex.
std::optional<push_token> token_in(std::string_view target);

/// `token` is nullopt when the store does not know the token of the path.
verdict judge(const request_facts& facts, const std::optional<token_state>& token, const rules& r);

/// Letters, digits, '.', '-' and '_', at most 255.
bool is_topic(std::string_view text);

} // namespace pomona::sim::apns
