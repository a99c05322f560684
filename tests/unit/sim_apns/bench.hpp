// A virtual world with the push service in it, and a provider's and a device's ends to try it with.
#pragma once

#include "pomona/foundation/encoding.hpp"
#include "pomona/sim/apns/device_link.hpp"
#include "pomona/sim/apns/service.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>

namespace pomona::sim::apns {

using namespace std::chrono_literals;

inline const topic our_topic{"com.apple.mgmt.External.0D5E3A2C-8B1F-4C7D-9E6A-1F2B3C4D5E6F"};

/// Counts, per channel and actor, what the world tells.
class counting_observer final : public net::observer {
  public:
    std::uint64_t on_request(const net::exchange_context& c, const net::request&) override {
        ++requests[c.note.who.value() + " " + c.note.channel];
        connections[c.note.channel][c.connection ? c.connection->id : ""] = true;
        return ++events_;
    }
    std::uint64_t on_response(const net::exchange_context&, const net::request&,
                              const net::response&) override {
        return ++events_;
    }
    std::uint64_t on_failure(const net::exchange_context&, const net::request&,
                             const net::transport_error&) override {
        ++failures;
        return ++events_;
    }
    std::uint64_t on_stream_message(const net::exchange_context&, bytes_view) override {
        return ++events_;
    }
    std::map<std::string, std::size_t> requests;
    std::map<std::string, std::map<std::string, bool>> connections;
    std::size_t failures = 0;

  private:
    std::uint64_t events_ = 0;
};

class bench {
  public:
    explicit bench(std::uint64_t seed = 1)
        : world{net::make_virtual_world({.seed = seed, .start = {}})} {
        world->observe(&seen);
    }
    bench(const bench&) = delete;
    bench& operator=(const bench&) = delete;
    ~bench() { world->shutdown(); }

    /// Starts the service, gets a push identity, runs the test's coroutine.
    void run(net::task<void> test) { EXPECT_TRUE(world->run(set_up(this, std::move(test)))); }

    [[nodiscard]] net::trust_store trust() const {
        return std::make_shared<const std::vector<crypto::certificate>>(1, push->root());
    }
    [[nodiscard]] net::open_options provider(std::shared_ptr<const crypto::identity> who) const {
        return {.server = push->local(),
                .tls =
                    net::client_tls{.trust = trust(), .identity = std::move(who), .alpn = {"h2"}},
                .deadline = world->now() + 10s,
                .note = {.who = actor{"server"}, .channel = "apns"}};
    }
    [[nodiscard]] std::unique_ptr<device_link> link() const {
        return std::make_unique<device_link>(
            *world, link_options{.server = push->local(), .trust = trust()});
    }

    counting_observer seen;
    std::unique_ptr<net::world> world;
    std::unique_ptr<service> push;
    std::shared_ptr<const crypto::identity> identity; ///< of our_topic

  private:
    static net::task<void> set_up(bench* self, net::task<void> test) {
        auto started = co_await service::start(*self->world, {});
        self->push = std::move(started.value());
        auto issued = co_await self->push->issue_push_identity(our_topic);
        self->identity = std::make_shared<const crypto::identity>(std::move(issued.value()));
        co_await std::move(test);
    }
};

inline net::request push_request(const push_token& token, std::string payload,
                                 net::headers extra = {}) {
    return {.method = "POST",
            .target = "/3/device/" + to_hex(token.value()),
            .headers = std::move(extra),
            .body = to_bytes(payload)};
}

/// "200", or "410 Unregistered".
inline std::string in_words(const net::response& r) {
    auto out = std::to_string(r.status);
    if (!r.body.empty()) {
        out +=
            " " +
            nlohmann::json::parse(r.body.begin(), r.body.end()).value("reason", std::string{"?"});
    }
    return out;
}

/// One push on a connection of its own.
inline net::task<net::response> send_push(bench& b, std::shared_ptr<const crypto::identity> who,
                                          net::request what) {
    auto opened = co_await b.world->open(b.provider(std::move(who)));
    const auto connection = opened.value();
    auto answer = co_await connection->exchange(std::move(what), b.world->now() + 10s,
                                                {.who = actor{"server"}, .channel = "apns"});
    co_return answer.value();
}

/// Registers without a stream: the device is offline.
inline net::task<push_token> offline_token(bench& b, std::string device, topic for_topic) {
    auto opened = co_await b.world->open(b.provider(nullptr));
    const auto connection = opened.value();
    const nlohmann::json ask{{"device", device}, {"topic", for_topic.value()}};
    net::request what{.method = "POST",
                      .target = "/device/register",
                      .headers = {},
                      .body = to_bytes(ask.dump())};
    auto answer = co_await connection->exchange(std::move(what), b.world->now() + 10s,
                                                {.who = actor{device}, .channel = "apns-device"});
    const auto body = nlohmann::json::parse(answer.value().body);
    co_return push_token{*from_hex(body["token"].get<std::string>())};
}

} // namespace pomona::sim::apns
