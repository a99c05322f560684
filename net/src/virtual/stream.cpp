// Responses without end: the server's pump and the client's reading end.
#include "virtual/link.hpp"

#include <algorithm>

namespace pomona::net::virtual_world {

namespace {

/// Choice: a client that does not read holds the server's pump at this many messages, as a TCP
/// window would.
constexpr std::size_t max_unread = 1000;

task<void> tell_server(world* w, std::shared_ptr<message_queue> queue, time_point when) {
    co_await w->sleep_until(when);
    if (queue->closed()) {
        co_return; // the server was first
    }
    queue->close();
    if (queue->on_closed) {
        queue->on_closed();
    }
}

task<std::expected<message_stream::message, transport_error>>
next_recorded(std::shared_ptr<stream_state> s, std::shared_ptr<exchange_log> log,
              time_point deadline) {
    auto data = co_await next_message(std::move(s), deadline);
    if (!data) {
        co_return std::unexpected(std::move(data.error()));
    }
    message_stream::message out{.data = std::move(*data)};
    out.event = log->stream_message(out.data);
    co_return out;
}

class virtual_stream final : public message_stream {
  public:
    virtual_stream(std::shared_ptr<link> l, std::shared_ptr<stream_state> s, exchange_log log,
                   std::shared_ptr<place> held)
        : link_{std::move(l)},
          state_{std::move(s)},
          log_{std::make_shared<exchange_log>(std::move(log))},
          held_{std::move(held)} {}
    virtual_stream(const virtual_stream&) = delete;
    virtual_stream& operator=(const virtual_stream&) = delete;
    ~virtual_stream() override { leave(); }

    task<std::expected<message, transport_error>> next(time_point deadline) override {
        return next_recorded(state_, log_, deadline);
    }
    void close() override { leave(); }

  private:
    void leave() {
        const auto held = std::exchange(held_, nullptr);
        if (!held) {
            return;
        }
        const bool over = state_->ends_at.has_value();
        state_->unread.clear();
        state_->end(state_->owner->now(), "this end closed the stream");
        state_->client_left();
        // HTTP/1.1 has no other way to end a response that has no end.
        if (!over && !link_->multiplexed()) {
            link_->break_off("this end closed the stream, and with it the connection");
        }
    }
    std::shared_ptr<link> link_;
    std::shared_ptr<stream_state> state_;
    std::shared_ptr<exchange_log> log_;
    std::shared_ptr<place> held_;
};

} // namespace

void stream_state::end(time_point when, std::string reason) {
    if (!ends_at || when < *ends_at) {
        ends_at = when;
        why = std::move(reason);
    }
    changed.notify_all();
}

void stream_state::client_left() {
    if (const auto q = std::exchange(queue, nullptr)) {
        owner->spawn("stream close", tell_server(owner, q, owner->now() + notice));
    }
}

task<std::expected<bytes, transport_error>> next_message(std::shared_ptr<stream_state> s,
                                                         time_point deadline) {
    auto& w = *s->owner;
    while (true) {
        std::optional<time_point> due;
        if (!s->unread.empty()) {
            due = s->unread.front().at;
        } else if (s->ends_at) {
            due = s->ends_at;
        }
        if (due && *due <= w.now()) {
            break;
        }
        if (deadline <= w.now()) {
            co_return std::unexpected(transport_error{transport_failure::timeout, true,
                                                      "no message came until the deadline"});
        }
        (void)co_await s->changed.wait_until(std::min(due.value_or(never), deadline));
    }
    if (s->unread.empty()) {
        co_return std::unexpected(transport_error{transport_failure::reset, true, s->why});
    }
    auto data = std::move(s->unread.front().data);
    s->unread.pop_front();
    s->changed.notify_all();
    co_return data;
}

task<void> pump(std::shared_ptr<link> l, std::shared_ptr<stream_state> s, exchange_log log) {
    const auto queue = s->queue;
    if (!queue) {
        co_return;
    }
    while (auto message = co_await queue->pop(never)) {
        if (s->ends_at) {
            co_return; // the client has gone
        }
        log.stream_message(*message);
        s->unread.push_back({l->arrival(direction::to_client), std::move(*message)});
        s->changed.notify_all();
        while (s->unread.size() >= max_unread && !s->ends_at) {
            (void)co_await s->changed.wait_until(never);
        }
    }
    s->queue.reset();
    s->end(l->arrival(direction::to_client), "the server ended the stream");
}

std::shared_ptr<message_stream> make_stream(std::shared_ptr<link> l,
                                            std::shared_ptr<stream_state> s, exchange_log log,
                                            std::shared_ptr<place> held) {
    return std::make_shared<virtual_stream>(std::move(l), std::move(s), std::move(log),
                                            std::move(held));
}

} // namespace pomona::net::virtual_world
