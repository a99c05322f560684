// Device tokens and what waits for them: one stored notification a token. No clock, no connection:
// time comes in, and who listens is a queue.
#pragma once

#include "apns/judge.hpp"
#include "pomona/net/world.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace pomona::sim::apns {

/// One device-side stream: any number of tokens listen on it.
struct listening_stream {
    std::string id;
    std::shared_ptr<net::message_queue> queue;
};

struct notification {
    std::string id; ///< apns-id
    bytes payload;
    time_point expires;
};

/// One notification as a line of the device's stream, without the newline.
bytes to_line(const push_token& token, const topic& for_topic, const notification& what);

class token_store {
  public:
    /// Choice: more tokens than any run of one machine needs; a bound on memory.
    static constexpr std::size_t max_tokens = 1'000'000;
    using keep_function = std::function<bool(const token_record&)>;

    /// `keep` is told of every new token and of every death (service_options::on_token); null:
    /// nobody keeps them.
    explicit token_store(keep_function keep = {}) : keep_{std::move(keep)} {}

    /// A token of an earlier store, alive or dead; `keep` knows it.
    void restore(token_record known);
    /// The live token of this device and topic, or `fresh` as a new one. An error when the store
    /// is full or `fresh` could not be kept.
    result<push_token> enroll(const udid& device, const topic& for_topic, push_token fresh);
    [[nodiscard]] std::optional<token_state> state_of(const push_token& token, time_point now);

    /// Hands the notification to whoever listens; otherwise it takes the token's one place in the
    /// store, unless it has expired. The token has to be a live one.
    /// True when somebody listened.
    bool push(const push_token& token, notification what, time_point now);
    /// False for a token that is unknown or dead. A stored notification that has not expired goes
    /// out at once.
    bool subscribe(const push_token& token, std::shared_ptr<listening_stream> on, time_point now);
    bool unsubscribe(const push_token& token);
    /// False when unknown; a dead token keeps its first death.
    bool end(const push_token& token, pomona::apns::reason why, time_point now);

  private:
    struct entry {
        udid device;
        topic owner;
        std::optional<time_point> dead_since;
        pomona::apns::reason death = pomona::apns::reason::unregistered;
        std::shared_ptr<listening_stream> listener;
        std::optional<notification> stored;
        std::deque<time_point> recent; ///< pushes of the last minute, the newest at the back
    };
    static void forget_old(entry& e, time_point now);
    [[nodiscard]] bool keep(const push_token& token, const entry& e) const;
    entry* live(const push_token& token);

    keep_function keep_;
    std::map<push_token, entry> tokens_;
    std::map<std::pair<udid, topic>, push_token> by_device_;
};

} // namespace pomona::sim::apns
