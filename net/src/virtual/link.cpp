#include "virtual/link.hpp"

#include <algorithm>

namespace pomona::net::virtual_world {

namespace {
constexpr std::uint64_t length_of_travel = 2;
/// At connections that end with what is under way on them.
constexpr auto look_again = std::chrono::milliseconds{10};
} // namespace

latency::latency(std::uint64_t seed, duration min, duration max)
    : stream_{seed, length_of_travel},
      min_{std::max(min, duration::zero())},
      span_{static_cast<std::uint64_t>(std::max(max - min_, duration::zero()).count()) + 1} {}

duration latency::draw() {
    return min_ + duration{static_cast<duration::rep>(stream_.below(span_))};
}

void listening::close() {
    open = false;
    on_request.reset();
    for (const auto& [number, weak] : std::exchange(links, {})) {
        if (const auto l = weak.lock()) {
            l->break_off("the server closed the connection");
        }
    }
}

bool listening::say_last(const link_map& all) {
    bool busy = false;
    for (const auto& [number, weak] : all) {
        const auto l = weak.lock();
        if (!l) {
            continue;
        }
        l->say_last();
        if (l->busy()) {
            busy = true;
        } else {
            l->break_off("the server closed the connection");
        }
    }
    return busy;
}

task<void> listening::drain(std::shared_ptr<listening> self, world* w, time_point deadline) {
    while (say_last(link_map{self->links}) && w->now() < deadline) {
        co_await w->sleep_until(std::min(deadline, w->now() + look_again));
    }
    self->close();
}

task<void> listening::part(link_map all, world* w) {
    while (say_last(all)) {
        co_await w->sleep_for(look_again);
    }
}

void pending::resolve(exchange_result r) {
    if (!outcome) {
        outcome = std::move(r);
        changed.notify_all();
    }
}

link::link(world& w, latency& l, facts f)
    : world_{&w}, latency_{&l}, facts_{std::move(f)}, idle_since_{w.now()}, turn_{w} {}

time_point link::arrival(direction d) {
    auto& last = last_arrival_.at(static_cast<std::size_t>(d));
    last = std::max(world_->now() + latency_->draw(), last + duration{1});
    return last;
}

std::optional<std::string> link::unusable(std::size_t mine) const {
    if (broken_) {
        return broken_;
    }
    if (last_said_) {
        return "the server takes no further request on this connection";
    }
    const auto busy = active_.size() + waiting_.size();
    if (busy <= mine && world_->now() - idle_since_ > facts_.server->options.limits.idle_timeout) {
        return "the server closed the idle connection";
    }
    return std::nullopt;
}

bool link::busy() const {
    return !pending_.empty() || std::ranges::any_of(streams_, [](const auto& weak) {
        const auto s = weak.lock();
        return s && (!s->ends_at || !s->unread.empty());
    });
}

void link::break_off(std::string why) {
    if (broken_) {
        return;
    }
    broken_ = why;
    const auto keep_alive = shared_from_this();
    facts_.server->links.erase(facts_.number);
    for (const auto& [number, p] : std::exchange(pending_, {})) {
        p->resolve(std::unexpected(transport_error{transport_failure::reset, true, why}));
    }
    for (const auto& weak : std::exchange(streams_, {})) {
        if (const auto s = weak.lock()) {
            s->unread.clear();
            s->end(world_->now(), why);
            s->client_left();
        }
    }
    turn_.notify_all();
}

std::size_t link::side_by_side() const {
    return multiplexed() ? std::max(1U, facts_.server->options.limits.max_concurrent_streams) : 1;
}

std::uint64_t link::line_up() {
    waiting_.push_back(++places_);
    return places_;
}

bool link::try_start(std::uint64_t place) {
    if (active_.size() >= side_by_side() || waiting_.empty() || waiting_.front() != place) {
        return false;
    }
    waiting_.pop_front();
    active_.insert(place);
    turn_.notify_all(); // the next one may have room too
    return true;
}

void link::leave(std::uint64_t place) {
    if (active_.erase(place) == 0) {
        std::erase(waiting_, place);
    }
    if (active_.empty()) {
        idle_since_ = world_->now();
    }
    turn_.notify_all();
}

void link::keep(const std::shared_ptr<stream_state>& s) {
    std::erase_if(streams_, [](const auto& weak) { return weak.expired(); });
    streams_.push_back(s);
}

} // namespace pomona::net::virtual_world
