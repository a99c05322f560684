// What the seed decides and what it must not: order within a connection, and the whole trace.
#include "support.hpp"

namespace pomona::net {

namespace {

task<reply> by_length(world& w, incoming in) {
    const auto wait = std::chrono::seconds{in.what.body.size()};
    co_await w.sleep_for(wait);
    co_return co_await echo(std::move(in));
}

/// Three exchanges at once, the first the slowest.
task<void> three_at_once(world& w, std::string alpn, std::vector<std::string>& results,
                         duration& took) {
    test_pki pki{w};
    auto options = plain(443);
    options.tls = server_tls{.identity = pki.identity({"localhost"}), .alpn = {"h2", "http/1.1"}};
    auto l = w.listen(options, [&w](incoming in) { return by_length(w, std::move(in)); }).value();
    auto o = to_plain(w, 443);
    o.tls = client_tls{.trust = pki.trust(), .identity = nullptr, .alpn = {std::move(alpn)}};
    auto c = (co_await w.open(std::move(o))).value();
    task_group group{w};
    const auto start = w.now();
    for (const auto* body : {"aaa", "bb", "c"}) {
        auto e = c->exchange(post(body), w.now() + 60s, by("mac"));
        group.spawn(body, [](task<exchange_result> t, std::vector<std::string>& out) -> task<void> {
            auto r = co_await std::move(t);
            out.push_back(pomona::to_text(bytes_view{r.value().body}));
        }(std::move(e), results));
    }
    (void)co_await group.all_done(never);
    took = w.now() - start;
}

open_options to_tls(world& w, const test_pki& pki) {
    auto out = to_plain(w, 443);
    out.tls = client_tls{.trust = pki.trust(), .identity = nullptr, .alpn = {"h2"}};
    return out;
}

task<void> http2_limits(world& w) {
    test_pki pki{w};
    auto options = plain(443);
    options.tls = server_tls{.identity = pki.identity({"localhost"}), .alpn = {"h2"}};
    options.limits.max_concurrent_streams = 2;
    auto l = w.listen(options, slow(w, 10s)).value();
    auto c = (co_await w.open(to_tls(w, pki))).value();
    std::vector<std::string> results;
    for (int i = 0; i < 4; ++i) {
        w.spawn("e", exchange_into(w, c, "x", results));
    }
    co_await w.sleep_for(15s);
    EXPECT_EQ(results.size(), 2U);
    co_await w.sleep_for(10s);
    EXPECT_EQ(results, (std::vector<std::string>(4, "200 x")));
    // A stream that is given up leaves the others and the connection alone.
    w.spawn("e", exchange_into(w, c, "y", results));
    EXPECT_EQ(co_await exchange_text(w, c, "z", 5s), "<timeout after>");
    EXPECT_TRUE(c->reusable());
    co_await w.sleep_for(10s);
    EXPECT_EQ(results.back(), "200 y");
}

task<reply> note_arrival(std::vector<std::string>& order, incoming in) {
    order.push_back(pomona::to_text(bytes_view{in.what.body}));
    co_return reply{};
}

/// HTTP/2 requests arrive as they were sent, though the seed orders everything else (TCP).
task<void> http2_order(world& w, std::vector<std::string>& order) {
    test_pki pki{w};
    auto options = plain(443);
    options.tls = server_tls{.identity = pki.identity({"localhost"}), .alpn = {"h2"}};
    handler h = [&order](incoming in) { return note_arrival(order, std::move(in)); };
    auto l = w.listen(options, std::move(h)).value();
    auto c = (co_await w.open(to_tls(w, pki))).value();
    std::vector<std::string> results;
    for (const auto* body : {"1", "2", "3", "4", "5", "6"}) {
        w.spawn("e", exchange_into(w, c, body, results));
        co_await w.sleep_for(1ns);
    }
    co_await w.sleep_for(1s);
}

task<void> traffic(world& w, line_observer& seen) {
    w.observe(&seen);
    auto l = w.listen(plain(80), slow(w, 5ms)).value();
    task_group group{w};
    std::vector<std::string> results;
    std::vector<std::shared_ptr<connection>> all;
    for (int i = 0; i < 5; ++i) {
        all.push_back((co_await w.open(to_plain(w, 80))).value());
    }
    for (int i = 0; i < 50; ++i) {
        group.spawn("e", exchange_into(w, all[static_cast<std::size_t>(i) % all.size()],
                                       w.random_uuid(), results));
    }
    (void)co_await group.all_done(never);
    w.observe(nullptr);
}

std::vector<std::string> trace_of(std::uint64_t seed) {
    auto w = world_of(seed);
    line_observer seen{*w};
    EXPECT_TRUE(w->run(traffic(*w, seen)));
    return seen.timed;
}

} // namespace

TEST(virtual_order, http1_goes_one_after_the_other_and_http2_side_by_side) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        std::vector<std::string> results;
        duration took{};
        auto w = world_of(seed);
        EXPECT_TRUE(w->run(three_at_once(*w, "http/1.1", results, took)));
        EXPECT_EQ(results, (std::vector<std::string>{"aaa", "bb", "c"}));
        EXPECT_GT(took, 6s);
        results.clear();
        w = world_of(seed);
        EXPECT_TRUE(w->run(three_at_once(*w, "h2", results, took)));
        EXPECT_EQ(results, (std::vector<std::string>{"c", "bb", "aaa"}));
        EXPECT_LT(took, 4s);
    }
}

TEST(virtual_order, http2_streams_are_bounded_and_end_one_by_one) {
    auto w = world_of();
    EXPECT_TRUE(w->run(http2_limits(*w)));
}

TEST(virtual_order, messages_of_one_connection_do_not_overtake_one_another) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        std::vector<std::string> order;
        auto w = world_of(seed);
        EXPECT_TRUE(w->run(http2_order(*w, order)));
        EXPECT_EQ(order, (std::vector<std::string>{"1", "2", "3", "4", "5", "6"}));
    }
}

TEST(virtual_order, the_same_seed_gives_the_same_trace_and_another_a_different_one) {
    const auto first = trace_of(3);
    EXPECT_EQ(first.size(), 200U);
    EXPECT_EQ(first, trace_of(3));
    EXPECT_NE(first, trace_of(4));
}

} // namespace pomona::net
