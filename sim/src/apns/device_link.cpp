#include "pomona/sim/apns/device_link.hpp"

#include "apns/courier_link.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>

namespace pomona::sim::apns {

namespace {

using namespace std::chrono_literals;

constexpr duration open_timeout = 30s;
/// Choice: a second after the first failure, twice as long after each further one.
constexpr duration first_delay = 1s;
constexpr duration longest_delay = 60s;
/// How long a Mac tries to tell the service something before it gives up.
constexpr duration tell_timeout = 60s;
/// Pushes that overtook the answer to their registration; as many as may be under way.
constexpr std::size_t max_early = 1000;

const std::string channel = "apns-device";

} // namespace

struct device_link::impl : std::enable_shared_from_this<impl> {
    impl(net::world& w, link_options o) : world{&w}, options{std::move(o)}, changed{w} {}

    struct subscriber {
        std::function<void(delivery)> on_delivery;
        token_owner who; ///< with the token
        bool listening = true;
        bool telling = false; ///< tell_listening is at work
    };

    net::world* world;
    link_options options;
    net::signal changed; ///< of `now` and `closed`
    std::shared_ptr<courier> now;
    std::map<push_token, subscriber> subscribers;
    std::deque<delivery> early;
    std::size_t registering = 0;
    std::size_t wanting = 0; ///< calls that wait for the connection
    bool running = false;
    bool closed = false;

    void close();
    void deliver(delivery what);
    [[nodiscard]] bool wanted() const { return !closed && (wanting > 0 || !subscribers.empty()); }
    /// No push service: tokens are made here, and nothing is ever delivered.
    [[nodiscard]] bool is_alone() const { return options.server.host.empty(); }
    [[nodiscard]] std::vector<push_token> listening() const;

    static net::task<void> keep_open(std::shared_ptr<impl> self);
    static net::task<void> read(std::shared_ptr<impl> self, std::shared_ptr<courier> c);
    /// Every subscription anew on a new connection; false when it broke meanwhile.
    static net::task<bool> subscribe_all(std::shared_ptr<impl> self, std::shared_ptr<courier> c,
                                         net::annotation note);
    /// The connection, opened if need be; null at the deadline or when closed.
    static net::task<std::shared_ptr<courier>> ready(std::shared_ptr<impl> self,
                                                     time_point deadline);
    static net::task<result<push_token>> enroll(std::shared_ptr<impl> self, actor mac,
                                                token_owner who,
                                                std::function<void(delivery)> on_delivery,
                                                time_point deadline);
    static net::task<void> tell(std::shared_ptr<impl> self, token_call what, push_token token);
    static net::task<void> tell_listening(std::shared_ptr<impl> self, push_token token);
};

void device_link::impl::close() {
    closed = true;
    if (const auto c = std::exchange(now, nullptr)) {
        c->messages->close();
        c->connection->close();
    }
    subscribers.clear();
    early.clear();
    changed.notify_all();
}

void device_link::impl::deliver(delivery what) {
    const auto found = subscribers.find(what.token);
    if (found == subscribers.end()) {
        if (registering > 0 && early.size() < max_early) {
            early.push_back(std::move(what));
        }
        return;
    }
    // Copied: the call may end this very subscription.
    const auto on_delivery = found->second.on_delivery;
    if (found->second.listening && on_delivery) {
        on_delivery(std::move(what));
    }
}

std::vector<push_token> device_link::impl::listening() const {
    std::vector<push_token> out;
    for (const auto& [token, who] : subscribers) {
        if (who.listening) {
            out.push_back(token);
        }
    }
    return out;
}

net::task<void> device_link::impl::keep_open(std::shared_ptr<impl> self) {
    auto delay = first_delay;
    const net::annotation note{.who = self->options.who, .channel = channel};
    while (self->wanted()) {
        auto how = net::open_options{
            .server = self->options.server,
            .tls =
                net::client_tls{.trust = self->options.trust, .identity = nullptr, .alpn = {"h2"}},
            .deadline = self->world->now() + open_timeout,
            .note = note};
        const auto c = co_await open_courier(*self->world, std::move(how), note);
        const bool usable = c && co_await subscribe_all(self, c, note);
        if (self->closed) {
            break;
        }
        if (usable) {
            delay = first_delay;
            self->now = c;
            self->changed.notify_all();
            co_await read(self, c);
            if (self->now == c) {
                self->now.reset();
            }
        }
        if (self->wanted()) {
            co_await self->world->sleep_for(delay);
            delay = std::min(delay * 2, longest_delay);
        }
    }
    self->running = false;
}

net::task<bool> device_link::impl::subscribe_all(std::shared_ptr<impl> self,
                                                 std::shared_ptr<courier> c, net::annotation note) {
    const auto deadline = self->world->now() + open_timeout;
    const auto unknown =
        co_await tell_tokens(c, token_call::subscribe, self->listening(), note, deadline);
    if (!unknown) {
        co_return false;
    }
    // The service was started anew meanwhile and has forgotten them.
    for (const auto& token : *unknown) {
        const auto found = self->subscribers.find(token);
        if (found != self->subscribers.end()) {
            (void)co_await register_on(c, found->second.who, note, deadline);
        }
    }
    co_return true;
}

net::task<void> device_link::impl::read(std::shared_ptr<impl> self, std::shared_ptr<courier> c) {
    while (!self->closed) {
        const auto message = co_await c->messages->next(net::never);
        if (!message) {
            co_return;
        }
        if (auto push = read_push(message->data)) {
            self->deliver({.token = std::move(push->token),
                           .topic = std::move(push->for_topic),
                           .payload = std::move(push->payload),
                           .event = message->event});
        }
    }
}

net::task<std::shared_ptr<courier>> device_link::impl::ready(std::shared_ptr<impl> self,
                                                             time_point deadline) {
    ++self->wanting;
    while (!self->closed && !self->now && self->world->now() < deadline) {
        if (!self->running) {
            self->running = true;
            self->world->spawn("push connection", keep_open(self));
        }
        (void)co_await self->changed.wait_until(deadline);
    }
    --self->wanting;
    co_return self->now;
}

net::task<result<push_token>> device_link::impl::enroll(std::shared_ptr<impl> self, actor mac,
                                                        token_owner who,
                                                        std::function<void(delivery)> on_delivery,
                                                        time_point deadline) {
    if (self->is_alone()) {
        constexpr std::size_t token_bytes = 32;
        co_return who.had.empty() ? push_token{self->world->random(token_bytes)} : who.had;
    }
    const net::annotation note{.who = std::move(mac), .channel = channel};
    result<push_token> token = fail(std::make_error_code(std::errc::timed_out),
                                    "push registration: the service is not reachable");
    ++self->registering;
    while (const auto c = co_await ready(self, deadline)) {
        token = co_await register_on(c, who, note, deadline);
        if (token ? self->now == c
                  : token.error().code != std::make_error_code(std::errc::connection_reset)) {
            break;
        }
        // The connection broke meanwhile: the next one has to know the token, so once more there.
        if (self->now == c) {
            c->messages->close(); // a stream that the service does not know is of no use
            self->now.reset();
        }
        token = fail(std::make_error_code(std::errc::timed_out),
                     "push registration: the connection broke");
        if (self->world->now() >= deadline) {
            break;
        }
    }
    --self->registering;
    if (!token && self->registering == 0) {
        self->early.clear();
    }
    if (token) {
        who.had = *token;
        self->subscribers.insert_or_assign(
            *token, subscriber{.on_delivery = std::move(on_delivery), .who = std::move(who)});
        auto waiting = std::exchange(self->early, {});
        for (auto& one : waiting) {
            self->deliver(std::move(one));
        }
    }
    co_return token;
}

net::task<void> device_link::impl::tell(std::shared_ptr<impl> self, token_call what,
                                        push_token token) {
    const auto deadline = self->world->now() + tell_timeout;
    const net::annotation note{.who = self->options.who, .channel = channel};
    if (self->is_alone()) {
        co_return;
    }
    while (const auto c = co_await ready(self, deadline)) {
        std::vector<push_token> one{token};
        const auto told = co_await tell_tokens(c, what, std::move(one), note, deadline);
        if (told || self->world->now() >= deadline) {
            break;
        }
        if (self->now == c) {
            c->messages->close();
            self->now.reset();
        }
    }
}

/// One at a time for a token, until the service knows what is wanted last: a log-out and a log-in
/// at one instant must not overtake each other.
net::task<void> device_link::impl::tell_listening(std::shared_ptr<impl> self, push_token token) {
    auto found = self->subscribers.find(token);
    if (found == self->subscribers.end() || std::exchange(found->second.telling, true)) {
        co_return;
    }
    for (;;) {
        const bool on = found->second.listening;
        co_await tell(self, on ? token_call::subscribe : token_call::unsubscribe, token);
        found = self->subscribers.find(token);
        if (found == self->subscribers.end()) {
            co_return;
        }
        if (found->second.listening == on) {
            found->second.telling = false;
            co_return;
        }
    }
}

device_link::device_link(net::world& world, link_options options)
    : impl_{std::make_shared<impl>(world, std::move(options))} {}

device_link::~device_link() {
    impl_->close();
}

net::task<result<push_token>>
device_link::register_device(actor mac, udid device, topic for_topic,
                             std::function<void(delivery)> on_delivery, time_point deadline,
                             push_token had) {
    return impl::enroll(
        impl_, std::move(mac),
        {.device = std::move(device), .for_topic = std::move(for_topic), .had = std::move(had)},
        std::move(on_delivery), deadline);
}

net::task<void> device_link::set_listening(push_token token, bool on) {
    const auto found = impl_->subscribers.find(token);
    if (found != impl_->subscribers.end()) {
        found->second.listening = on;
    }
    return impl::tell_listening(impl_, std::move(token));
}

net::task<void> device_link::unregister(push_token token) {
    impl_->subscribers.erase(token);
    return impl::tell(impl_, token_call::unregister, std::move(token));
}

void device_link::close() {
    impl_->close();
}

} // namespace pomona::sim::apns
