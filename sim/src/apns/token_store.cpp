#include "apns/token_store.hpp"

#include "pomona/foundation/encoding.hpp"

#include <nlohmann/json.hpp>

#include <chrono>

namespace pomona::sim::apns {

namespace {

/// Enough to see a limit exceeded, whatever the limit is set to.
constexpr std::size_t max_recent = 1000;

bool can_hear(const std::shared_ptr<listening_stream>& stream) {
    return stream && !stream->queue->closed();
}

} // namespace

bytes to_line(const push_token& token, const topic& for_topic, const notification& what) {
    const nlohmann::ordered_json line{{"token", to_hex(token.value())},
                                      {"topic", for_topic.value()},
                                      {"payload", to_base64(what.payload)},
                                      {"id", what.id}};
    return to_bytes(line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

bool token_store::keep(const push_token& token, const entry& e) const {
    return !keep_ || keep_({.device = e.device,
                            .for_topic = e.owner,
                            .token = token,
                            .dead_since = e.dead_since,
                            .death = e.death});
}

void token_store::restore(token_record known) {
    if (tokens_.size() >= max_tokens) {
        return;
    }
    if (!known.dead_since) {
        by_device_.insert_or_assign({known.device, known.for_topic}, known.token);
    }
    entry e;
    e.device = std::move(known.device);
    e.owner = std::move(known.for_topic);
    e.dead_since = known.dead_since;
    e.death = known.death;
    tokens_.insert_or_assign(std::move(known.token), std::move(e));
}

result<push_token> token_store::enroll(const udid& device, const topic& for_topic,
                                       push_token fresh) {
    const auto known = by_device_.find({device, for_topic});
    if (known != by_device_.end() && live(known->second) != nullptr) {
        return known->second;
    }
    if (tokens_.size() >= max_tokens) {
        return fail(std::make_error_code(std::errc::not_enough_memory), "too many tokens");
    }
    entry e;
    e.device = device;
    e.owner = for_topic;
    if (!keep(fresh, e)) {
        return fail(std::make_error_code(std::errc::io_error), "the token could not be kept");
    }
    tokens_.insert_or_assign(fresh, std::move(e));
    by_device_.insert_or_assign({device, for_topic}, fresh);
    return fresh;
}

std::optional<token_state> token_store::state_of(const push_token& token, time_point now) {
    const auto found = tokens_.find(token);
    if (found == tokens_.end()) {
        return std::nullopt;
    }
    auto& e = found->second;
    forget_old(e, now);
    return token_state{.owner = e.owner,
                       .dead_since = e.dead_since,
                       .death = e.death,
                       .pushes_in_last_minute = e.recent.size()};
}

bool token_store::push(const push_token& token, notification what, time_point now) {
    auto* const e = live(token);
    if (e == nullptr) {
        return false;
    }
    forget_old(*e, now);
    if (e->recent.size() == max_recent) {
        e->recent.pop_front();
    }
    e->recent.push_back(now);
    if (can_hear(e->listener)) {
        // Delivered live: neither stored nor repeated, and what was stored is older.
        e->stored.reset();
        e->listener->queue->push(to_line(token, e->owner, what));
        return true;
    }
    if (what.expires > now) {
        e->stored = std::move(what);
    }
    return false;
}

bool token_store::subscribe(const push_token& token, std::shared_ptr<listening_stream> on,
                            time_point now) {
    auto* const e = live(token);
    if (e == nullptr) {
        return false;
    }
    e->listener = std::move(on);
    if (e->stored && can_hear(e->listener)) {
        const auto waiting = *std::exchange(e->stored, std::nullopt);
        if (waiting.expires > now) {
            e->listener->queue->push(to_line(token, e->owner, waiting));
        }
    }
    return true;
}

bool token_store::unsubscribe(const push_token& token) {
    auto* const e = live(token);
    if (e == nullptr) {
        return false;
    }
    e->listener.reset();
    return true;
}

bool token_store::end(const push_token& token, pomona::apns::reason why, time_point now) {
    const auto found = tokens_.find(token);
    if (found == tokens_.end()) {
        return false;
    }
    auto& e = found->second;
    if (!e.dead_since) {
        e.dead_since = now;
        e.death = why;
        e.listener.reset();
        e.stored.reset();
        (void)keep(token, e); // dead it is in any case
    }
    return true;
}

void token_store::forget_old(entry& e, time_point now) {
    while (!e.recent.empty() && now - e.recent.front() >= std::chrono::minutes{1}) {
        e.recent.pop_front();
    }
}

token_store::entry* token_store::live(const push_token& token) {
    const auto found = tokens_.find(token);
    return found == tokens_.end() || found->second.dead_since ? nullptr : &found->second;
}

} // namespace pomona::sim::apns
