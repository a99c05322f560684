// The Macs' one connection: registration, delivery, outages.
#include "bench.hpp"

namespace pomona::sim::apns {

namespace {

/// What a Mac has heard, by name.
using heard = std::map<std::string, std::vector<std::string>>;

std::function<void(delivery)> ear(heard& h, std::string name) {
    return [&h, name](delivery d) {
        EXPECT_GT(d.event, 0U);
        h[name].push_back(to_text(bytes_view{d.payload}));
    };
}

net::task<push_token> join(bench& b, device_link& link, heard& h, std::string name,
                           duration within = 60s) {
    auto token = co_await link.register_device(actor{name}, udid{"UDID-" + name}, our_topic,
                                               ear(h, name), b.world->now() + within);
    co_return token.value();
}

net::task<void> two_hundred(bench& b) {
    heard h;
    const auto link = b.link();
    net::task_group all{*b.world};
    std::vector<push_token> tokens(200);
    const auto one = [&](std::size_t i) -> net::task<void> {
        tokens[i] = co_await join(b, *link, h, "mac-" + std::to_string(i));
    };
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        all.spawn("join", one(i));
    }
    EXPECT_TRUE(co_await all.all_done(b.world->now() + 1h));
    EXPECT_EQ(b.seen.connections["apns-device"].size(), 1U);
    const auto provider = (co_await b.world->open(b.provider(b.identity))).value();
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const auto answer = co_await provider->exchange(
            push_request(tokens[i], std::to_string(i)), b.world->now() + 10s,
            {.who = actor{"server"}, .channel = "apns"});
        EXPECT_EQ(answer.value().status, 200U);
    }
    co_await b.world->sleep_for(1s);
    EXPECT_EQ(h.size(), tokens.size());
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        EXPECT_EQ(h["mac-" + std::to_string(i)], std::vector{std::to_string(i)});
    }
    EXPECT_EQ(b.seen.connections["apns-device"].size(), 1U);
}
TEST(push_link, serves_two_hundred_macs_over_one_connection) {
    bench b;
    b.run(two_hundred(b));
}

net::task<void> same_token(bench& b) {
    heard h;
    const auto link = b.link();
    const auto first = co_await join(b, *link, h, "mac-1");
    EXPECT_EQ(co_await join(b, *link, h, "mac-1"), first);
    EXPECT_EQ(first.value().size(), 32U);
    const auto other = co_await link->register_device(actor{"mac-1"}, udid{"UDID-mac-1"},
                                                      topic{"com.apple.mgmt.External.2"},
                                                      ear(h, "other"), b.world->now() + 60s);
    EXPECT_NE(other.value(), first);
}
TEST(push_link, gives_one_token_for_one_device_and_topic) {
    bench b;
    b.run(same_token(b));
}

net::task<void> reconnects(bench& b) {
    heard h;
    const auto link = b.link();
    const auto token = co_await join(b, *link, h, "mac-1");
    EXPECT_TRUE(b.push->set_reachable(false));
    co_await b.world->sleep_for(10min);
    EXPECT_TRUE(b.push->set_reachable(true));
    // Three pushes while the link still waits: the newest comes when it is back (APNS-031).
    for (const auto* text : {"1", "2", "3"}) {
        EXPECT_EQ(in_words(co_await send_push(b, b.identity, push_request(token, text))), "200");
    }
    co_await b.world->sleep_for(2min);
    EXPECT_EQ(h["mac-1"], std::vector<std::string>{"3"});
    // APNS-035: not once more after the next break.
    EXPECT_TRUE(b.push->set_reachable(false));
    co_await b.world->sleep_for(1s);
    EXPECT_TRUE(b.push->set_reachable(true));
    co_await b.world->sleep_for(2min);
    EXPECT_EQ(h["mac-1"], std::vector<std::string>{"3"});
    EXPECT_EQ(in_words(co_await send_push(b, b.identity, push_request(token, "4"))), "200");
    co_await b.world->sleep_for(1s);
    EXPECT_EQ(h["mac-1"], (std::vector<std::string>{"3", "4"}));
}
TEST(push_link, comes_back_after_an_outage_and_subscribes_anew) {
    bench b;
    b.run(reconnects(b));
}

net::task<void> growing_delay(bench& b) {
    heard h;
    const auto link = b.link();
    EXPECT_TRUE(b.push->set_reachable(false));
    const auto failed = co_await link->register_device(
        actor{"mac-1"}, udid{"UDID-mac-1"}, our_topic, ear(h, "mac-1"), b.world->now() + 30s);
    EXPECT_FALSE(failed);
    EXPECT_EQ(failed.error().code, std::errc::timed_out);
    // At once, then after 1 s, 2 s, 4 s, 8 s: five attempts in half a minute (the sixth comes after
    // 31 s), not hundreds.
    EXPECT_EQ(b.seen.failures, 5U);
    EXPECT_TRUE(b.push->set_reachable(true));
    co_await join(b, *link, h, "mac-1");
}
TEST(push_link, tells_when_the_service_cannot_be_reached_and_tries_on) {
    bench b;
    b.run(growing_delay(b));
}

net::task<void> offline_mac(bench& b) {
    // APNS-031, APNS-032 for one Mac whose link stays up for the others.
    heard h;
    const auto link = b.link();
    const auto one = co_await join(b, *link, h, "mac-1");
    const auto two = co_await join(b, *link, h, "mac-2");
    co_await link->set_listening(one, false);
    const net::headers at_once{{"apns-expiration", "0"}};
    (void)co_await send_push(b, b.identity, push_request(one, "a"));
    (void)co_await send_push(b, b.identity, push_request(one, "b"));
    (void)co_await send_push(b, b.identity, push_request(one, "now or never", at_once));
    (void)co_await send_push(b, b.identity, push_request(two, "c"));
    co_await b.world->sleep_for(1s);
    EXPECT_TRUE(h["mac-1"].empty());
    EXPECT_EQ(h["mac-2"], std::vector<std::string>{"c"});
    co_await link->set_listening(one, true);
    co_await b.world->sleep_for(1s);
    EXPECT_EQ(h["mac-1"], std::vector<std::string>{"b"});
    (void)co_await send_push(b, b.identity, push_request(one, "online", at_once));
    co_await b.world->sleep_for(1s);
    EXPECT_EQ(h["mac-1"], (std::vector<std::string>{"b", "online"}));
}
TEST(push_link, leaves_an_offline_macs_pushes_with_the_service) {
    bench b;
    b.run(offline_mac(b));
}

net::task<void> restarted_mac(bench& b) {
    // A stored push may overtake the answer to the registration that calls for it.
    heard h;
    const auto token = co_await offline_token(b, "UDID-mac-1", our_topic);
    (void)co_await send_push(b, b.identity, push_request(token, "waiting"));
    const auto link = b.link();
    EXPECT_EQ(co_await join(b, *link, h, "mac-1"), token);
    co_await b.world->sleep_for(1s);
    EXPECT_EQ(h["mac-1"], std::vector<std::string>{"waiting"});
}
TEST(push_link, hands_over_what_waited_for_a_returning_mac) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        bench b{seed};
        b.run(restarted_mac(b));
    }
}

net::task<void> unregisters(bench& b) {
    heard h;
    const auto link = b.link();
    const auto token = co_await join(b, *link, h, "mac-1");
    co_await link->unregister(token);
    EXPECT_EQ(in_words(co_await send_push(b, b.identity, push_request(token, "x"))),
              "410 Unregistered");
    co_await b.world->sleep_for(1s);
    EXPECT_TRUE(h.empty());
}
TEST(push_link, gives_tokens_up) {
    bench b;
    b.run(unregisters(b));
}

net::task<void> hostile(bench& b) {
    const auto connection = (co_await b.world->open(b.provider(nullptr))).value();
    const std::string deep(100'000, '[');
    for (const auto& [path, body, status] :
         std::vector<std::tuple<std::string, std::string, unsigned>>{
             {"/device/register", "", 400},
             {"/device/register", "{", 400},
             {"/device/register", deep, 400},
             {"/device/register", R"({"device":7,"topic":"t"})", 400},
             {"/device/register", R"({"device":"d","topic":"no good"})", 400},
             {"/device/register", R"({"device":"d","topic":"t","stream":"x"})", 404},
             {"/device/subscribe", R"({"stream":"x","tokens":[]})", 404},
             {"/device/subscribe", R"({"stream":"x","tokens":["zz"]})", 400},
             {"/device/unsubscribe", R"({"tokens":{}})", 400},
             {"/device/unregister", R"({"token":"aa"})", 404},
             {"/device/else", "{}", 404}}) {
        net::request what{.method = "POST", .target = path, .headers = {}, .body = to_bytes(body)};
        const auto answer = co_await connection->exchange(
            std::move(what), b.world->now() + 10s, {.who = actor{"x"}, .channel = "apns-device"});
        EXPECT_EQ(answer.value().status, status) << path << " " << body.substr(0, 60);
    }
}
TEST(push_device_side, refuses_what_it_does_not_understand) {
    bench b;
    b.run(hostile(b));
}

} // namespace

} // namespace pomona::sim::apns
