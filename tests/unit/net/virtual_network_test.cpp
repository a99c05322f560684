#include "support.hpp"

#include <algorithm>
#include <functional>
#include <stdexcept>

namespace pomona::net {

namespace {

task<reply> throwing(incoming) {
    throw std::runtime_error{"deliberate"};
    co_return reply{};
}

task<reply> saying_close(incoming in) {
    auto out = co_await echo(std::move(in));
    out.what.headers.push_back({"Connection", "close"});
    co_return out;
}

/// Opens and gives the failure; a success is one of the test.
task<transport_error> failure_to_open(world& w, open_options options) {
    auto c = co_await w.open(std::move(options));
    EXPECT_FALSE(c);
    co_return c ? transport_error{} : c.error();
}

// --- plain connections ---------------------------------------------------------------------------

task<void> exchange_once(world& w) {
    line_observer seen{w};
    w.observe(&seen);
    auto l = w.listen(plain(0, "0.0.0.0"), echo).value();
    EXPECT_EQ(l->local().port, 40'000);
    auto c = (co_await w.open(to_plain(w, l->local().port))).value();
    EXPECT_EQ(c->info()->id, "c1");
    EXPECT_EQ(c->info()->alpn, "http/1.1");
    EXPECT_EQ(c->info()->tls_version, "");
    auto r = co_await c->exchange(post("hello"), w.now() + 10s, by("mac-1"));
    EXPECT_TRUE(r && r->event == 4);
    EXPECT_EQ(find_header(r.value().headers, "content-length"), "5");
    const std::vector<std::string> expected = {
        "client mac-1 test c1/1: POST /", "server server http c1/1: POST /",
        "server server http c1/1: 200 hello", "client mac-1 test c1/1: 200 hello"};
    EXPECT_EQ(seen.lines, expected);
    EXPECT_EQ(seen.causes, (std::vector<std::uint64_t>{0, 0, 2, 1}));
    EXPECT_TRUE(c->reusable());
    w.observe(nullptr);
}

task<void> same_address_twice(world& w) {
    auto a = w.listen(plain(8080, "0.0.0.0"), echo).value();
    EXPECT_FALSE(w.listen(plain(8080, "127.0.0.1"), echo));
    auto other_host = w.listen(plain(8080, "mdm.example.com"), echo);
    EXPECT_TRUE(other_host);
    a->close();
    EXPECT_TRUE(w.listen(plain(8080), echo));
    co_return;
}

// --- failures ------------------------------------------------------------------------------------

task<void> nobody_listens(world& w) {
    line_observer seen{w};
    w.observe(&seen);
    const auto e = co_await failure_to_open(w, to_plain(w, 9));
    EXPECT_EQ(e.kind, transport_failure::refused);
    EXPECT_FALSE(e.after_send);
    EXPECT_EQ(e.event, 1U);
    EXPECT_EQ(seen.lines, std::vector<std::string>{"client mac-1 test : refused"});
    w.observe(nullptr);
}

task<void> too_many_connections(world& w) {
    auto options = plain(80);
    options.limits.max_connections = 1;
    auto l = w.listen(std::move(options), echo).value();
    auto first = (co_await w.open(to_plain(w, 80))).value();
    const auto e = co_await failure_to_open(w, to_plain(w, 80));
    EXPECT_EQ(e.kind, transport_failure::refused);
    first.reset();
    EXPECT_TRUE(co_await w.open(to_plain(w, 80)));
}

task<void> deadline_of_open(world& w) {
    auto l = w.listen(plain(80), echo).value();
    auto options = to_plain(w, 80);
    options.deadline = w.now() + 100us; // less than the smallest latency
    const auto e = co_await failure_to_open(w, std::move(options));
    EXPECT_EQ(e.kind, transport_failure::timeout);
    EXPECT_FALSE(e.after_send);
}

task<void> deadlines_of_exchanges(world& w) {
    auto l = w.listen(plain(80), slow(w, 10s)).value();
    auto c = (co_await w.open(to_plain(w, 80))).value();
    const auto start = w.now();
    EXPECT_EQ(co_await exchange_text(w, c, "x", 0s), "<timeout before>");
    std::vector<std::string> results;
    w.spawn("first", exchange_into(w, c, "first", results));
    co_await w.sleep_for(1s);
    // Its turn does not come in time: nothing was sent, and the connection is still good.
    EXPECT_EQ(co_await exchange_text(w, c, "second", 1s), "<timeout before>");
    EXPECT_EQ(w.now() - start, 2s);
    co_await w.sleep_for(10s);
    EXPECT_EQ(results, std::vector<std::string>{"200 first"});
    EXPECT_TRUE(c->reusable());
    EXPECT_EQ(co_await exchange_text(w, c, "third", 5s), "<timeout after>");
    EXPECT_FALSE(c->reusable());
    EXPECT_EQ(co_await exchange_text(w, c, "fourth"), "<reset before>");
}

task<void> ends_of_connections(world& w) {
    auto l = w.listen(plain(80), slow(w, 10s)).value();
    auto c = (co_await w.open(to_plain(w, 80))).value();
    std::vector<std::string> results;
    w.spawn("a", exchange_into(w, c, "a", results));
    w.spawn("b", exchange_into(w, c, "b", results));
    co_await w.sleep_for(1s);
    l->close();
    co_await w.sleep_for(1s);
    std::ranges::sort(results);
    EXPECT_EQ(results, (std::vector<std::string>{"<reset after>", "<reset before>"}));
    EXPECT_FALSE(c->reusable());
    EXPECT_EQ((co_await failure_to_open(w, to_plain(w, 80))).kind, transport_failure::refused);
}

task<void> exchange_and_drop(world& w, std::shared_ptr<connection> c,
                             std::vector<std::string>& results) {
    auto pending = c->exchange(post("x"), w.now() + 60s, by("mac-1"));
    w.spawn("drop", [](world& v, std::shared_ptr<connection> last) -> task<void> {
        co_await v.sleep_for(1s);
        last.reset();
    }(w, std::move(c)));
    auto r = co_await std::move(pending);
    results.push_back(r ? "answered" : r.error().message());
}

task<void> dropped_connection(world& w) {
    auto l = w.listen(plain(80), slow(w, 10s)).value();
    auto c = (co_await w.open(to_plain(w, 80))).value();
    std::vector<std::string> results;
    w.spawn("x", exchange_and_drop(w, std::move(c), results));
    co_await w.sleep_for(5s);
    EXPECT_EQ(results.size(), 1U);
    EXPECT_TRUE(results.at(0).starts_with("reset after")) << results.at(0);
    co_await w.sleep_for(10s); // the handler ends with nobody to answer
}

task<void> idle_and_last(world& w) {
    auto options = plain(80);
    options.limits.idle_timeout = 60s;
    auto l = w.listen(options, echo).value();
    auto c = (co_await w.open(to_plain(w, 80))).value();
    co_await w.sleep_for(59s);
    EXPECT_EQ(co_await exchange_text(w, c, "x"), "200 x");
    co_await w.sleep_for(61s);
    EXPECT_FALSE(c->reusable());
    EXPECT_EQ(co_await exchange_text(w, c, "x"), "<reset before>");

    auto closing = w.listen(plain(81), saying_close).value();
    auto d = (co_await w.open(to_plain(w, 81))).value();
    EXPECT_EQ(co_await exchange_text(w, d, "x"), "200 x");
    EXPECT_FALSE(d->reusable());
}

task<void> limits_and_exceptions(world& w) {
    line_observer seen{w};
    w.observe(&seen);
    auto options = plain(80);
    options.limits.max_body_bytes = 10;
    auto l = w.listen(options, echo).value();
    auto c = (co_await w.open(to_plain(w, 80))).value();
    EXPECT_EQ(co_await exchange_text(w, c, "0123456789"), "200 0123456789");
    EXPECT_EQ(co_await exchange_text(w, c, "0123456789x"), "413 ");
    EXPECT_FALSE(c->reusable());
    EXPECT_EQ(seen.lines.size(), 6U) << "what is too large has never arrived whole";
    c = (co_await w.open(to_plain(w, 80))).value();
    auto big = post("x");
    big.headers.push_back({"X", std::string(70'000, 'x')});
    auto r = co_await c->exchange(std::move(big), w.now() + 10s, by("mac-1"));
    EXPECT_EQ(r.value().status, 431U);

    auto bad = w.listen(plain(81), throwing).value();
    auto d = (co_await w.open(to_plain(w, 81))).value();
    EXPECT_EQ(co_await exchange_text(w, d, "x"), "500 ");
    EXPECT_TRUE(d->reusable());
    w.observe(nullptr);
}

task<void> leave_all_pending(world& w, std::vector<std::shared_ptr<connection>>& kept) {
    auto l = w.listen(plain(80), slow(w, 24h)).value();
    std::vector<std::string> results;
    for (int i = 0; i < 3; ++i) {
        kept.push_back((co_await w.open(to_plain(w, 80))).value());
        w.spawn("x", exchange_into(w, kept.back(), "x", results));
        w.spawn("waits its turn", exchange_into(w, kept.back(), "x", results));
    }
    w.spawn("opening", [](world& v) -> task<void> { (void)co_await v.open(to_plain(v, 80)); }(w));
    co_await w.sleep_for(1s);
    w.interrupt();
    co_await w.sleep_until(never);
}

} // namespace

TEST(virtual_network, an_exchange_is_told_at_both_ends_in_order) {
    auto w = world_of();
    EXPECT_TRUE(w->run(exchange_once(*w)));
}

TEST(virtual_network, one_listener_an_address) {
    auto w = world_of();
    EXPECT_TRUE(w->run(same_address_twice(*w)));
}

TEST(virtual_network, refused_when_nobody_listens) {
    auto w = world_of();
    EXPECT_TRUE(w->run(nobody_listens(*w)));
}

TEST(virtual_network, refused_at_the_connection_limit) {
    auto w = world_of();
    EXPECT_TRUE(w->run(too_many_connections(*w)));
}

TEST(virtual_network, timeout_of_the_handshake) {
    auto w = world_of();
    EXPECT_TRUE(w->run(deadline_of_open(*w)));
}

TEST(virtual_network, timeout_before_and_after_the_request_was_sent) {
    auto w = world_of();
    EXPECT_TRUE(w->run(deadlines_of_exchanges(*w)));
}

TEST(virtual_network, reset_before_and_after_when_the_listener_closes) {
    auto w = world_of();
    EXPECT_TRUE(w->run(ends_of_connections(*w)));
}

TEST(virtual_network, reset_when_the_connection_is_dropped) {
    auto w = world_of();
    EXPECT_TRUE(w->run(dropped_connection(*w)));
}

TEST(virtual_network, an_idle_or_last_said_connection_is_not_reusable) {
    auto w = world_of();
    EXPECT_TRUE(w->run(idle_and_last(*w)));
}

TEST(virtual_network, limits_give_413_and_431_and_a_handler_exception_500) {
    auto w = world_of();
    EXPECT_TRUE(w->run(limits_and_exceptions(*w)));
}

TEST(virtual_network, shutdown_with_everything_pending_leaves_nothing_alive) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        auto w = world_of(seed);
        std::vector<std::shared_ptr<connection>> kept;
        EXPECT_FALSE(w->run(leave_all_pending(*w, kept)));
        w->shutdown();
        EXPECT_FALSE(kept.at(0)->reusable());
        kept.clear();
    }
}

} // namespace pomona::net
