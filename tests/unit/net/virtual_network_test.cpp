#include "support.hpp"

#include <algorithm>
#include <functional>
#include <stdexcept>

namespace pomona::net {

namespace {

task<reply> slow_echo(world& w, duration wait, incoming in) {
    co_await w.sleep_for(wait);
    co_return co_await echo(std::move(in));
}

handler slow(world& w, duration wait) {
    return [&w, wait](incoming in) { return slow_echo(w, wait, std::move(in)); };
}

task<reply> throwing(incoming) {
    throw std::runtime_error{"deliberate"};
    co_return reply{};
}

task<reply> saying_close(incoming in) {
    auto out = co_await echo(std::move(in));
    out.what.headers.push_back({"Connection", "close"});
    co_return out;
}

std::unique_ptr<world> world_of(std::uint64_t seed = 1) {
    return make_virtual_world({.seed = seed, .start = {}});
}

/// Opens and gives the failure; a success is one of the test.
task<transport_error> failure_to_open(world& w, open_options options) {
    auto c = co_await w.open(std::move(options));
    EXPECT_FALSE(c);
    co_return c ? transport_error{} : c.error();
}

/// The body of the response, or the failure's kind in angle brackets.
task<std::string> exchange_text(world& w, std::shared_ptr<connection> c, std::string body,
                                duration within = 60s) {
    auto r = co_await c->exchange(post(std::move(body)), w.now() + within, by("mac-1"));
    if (!r) {
        co_return "<" + std::string{to_text(r.error().kind)} +
            (r.error().after_send ? " after" : " before") + ">";
    }
    co_return std::to_string(r->status) + " " + pomona::to_text(bytes_view{r->body});
}

task<void> exchange_into(world& w, std::shared_ptr<connection> c, std::string body,
                         std::vector<std::string>& results) {
    auto text = co_await exchange_text(w, std::move(c), std::move(body));
    results.push_back(std::move(text));
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

// --- TLS -----------------------------------------------------------------------------------------

struct tls_case {
    std::string host = "mdm.example.com";
    std::vector<std::string> names = {"mdm.example.com"};
    std::vector<std::string> client_alpn = {"http/1.1"};
    std::vector<std::string> server_alpn = {"http/1.1"};
    bool trusted = true;
    duration wait{}; ///< before the handshake
    bool ask = false;
    bool present = false;
    bool server_speaks_tls = true;
    bool client_speaks_tls = true;
};

struct tls_outcome {
    open_result opened;
    std::shared_ptr<const connection_info> at_server;
};

task<reply> remember(std::shared_ptr<const connection_info>& where, incoming in) {
    where = in.connection;
    co_return reply{};
}

task<void> handshake(world& w, tls_case c, tls_outcome& out) {
    test_pki pki{w};
    test_pki other{w};
    listen_options options = plain(443, c.host);
    if (c.server_speaks_tls) {
        options.tls = server_tls{.identity = pki.identity(c.names, 24h * 90),
                                 .alpn = c.server_alpn,
                                 .ask_client_certificate = c.ask};
    }
    handler h = [&out](incoming in) { return remember(out.at_server, std::move(in)); };
    auto l = w.listen(std::move(options), std::move(h)).value();
    co_await w.sleep_for(c.wait);
    open_options o{
        .server = at(443, c.host), .tls = {}, .deadline = w.now() + 10s, .note = by("mac")};
    if (c.client_speaks_tls) {
        o.tls = client_tls{
            .trust = (c.trusted ? pki : other).trust(), .identity = nullptr, .alpn = c.client_alpn};
        if (c.present) {
            o.tls->identity = std::make_shared<crypto::identity>(pki.identity({}));
        }
    }
    out.opened = co_await w.open(std::move(o));
    if (out.opened) {
        auto r = co_await (*out.opened)->exchange({}, w.now() + 10s, by("mac"));
        if (!r) {
            out.opened = std::unexpected(r.error());
        }
    }
}

tls_outcome shake(tls_case c) {
    auto w = world_of();
    tls_outcome out;
    EXPECT_TRUE(w->run(handshake(*w, std::move(c), out)));
    if (out.opened) { // the facts outlive the connection, the connection not the world
        auto info = (*out.opened)->info();
        struct facts_only final : connection {
            std::shared_ptr<const connection_info> facts;
            [[nodiscard]] std::shared_ptr<const connection_info> info() const override {
                return facts;
            }
            [[nodiscard]] bool reusable() const override { return false; }
            task<exchange_result> exchange(request, time_point, annotation) override { return {}; }
            task<subscription> subscribe(request, time_point, annotation) override { return {}; }
            void close() override {}
        };
        auto kept = std::make_shared<facts_only>();
        kept->facts = std::move(info);
        out.opened = std::move(kept);
    }
    return out;
}

void expect_alert(tls_case c, const std::string& words) {
    const auto out = shake(std::move(c));
    ASSERT_FALSE(out.opened);
    EXPECT_EQ(out.opened.error().kind, transport_failure::tls_alert);
    EXPECT_FALSE(out.opened.error().after_send);
    EXPECT_NE(out.opened.error().detail.find(words), std::string::npos)
        << out.opened.error().detail;
}

// --- order ---------------------------------------------------------------------------------------

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

TEST(virtual_tls, the_client_certificate_is_seen_only_when_asked_for) {
    const auto with = shake({.ask = true, .present = true});
    ASSERT_TRUE(with.opened);
    ASSERT_TRUE(with.at_server);
    EXPECT_EQ(with.at_server->peer_chain.size(), 1U);
    EXPECT_EQ(with.at_server->tls_version, "TLSv1.3");
    EXPECT_EQ((*with.opened)->info()->own_chain.size(), 1U);
    EXPECT_EQ((*with.opened)->info()->peer_chain.at(0).sha256(),
              with.at_server->own_chain.at(0).sha256());
    const auto without = shake({.ask = false, .present = true});
    ASSERT_TRUE(without.at_server);
    EXPECT_TRUE(without.at_server->peer_chain.empty());
    const auto none = shake({.ask = true, .present = false});
    ASSERT_TRUE(none.at_server);
    EXPECT_TRUE(none.at_server->peer_chain.empty());
}

TEST(virtual_tls, alpn_is_the_first_of_the_clients_that_the_server_has) {
    const auto alpn = [](std::vector<std::string> client, std::vector<std::string> server) {
        const auto out =
            shake({.client_alpn = std::move(client), .server_alpn = std::move(server)});
        return out.opened ? (*out.opened)->info()->alpn : "none";
    };
    EXPECT_EQ(alpn({"h2", "http/1.1"}, {"http/1.1", "h2"}), "h2");
    EXPECT_EQ(alpn({"http/1.1", "h2"}, {"h2", "http/1.1"}), "http/1.1");
    EXPECT_EQ(alpn({}, {"h2"}), "http/1.1");
    expect_alert({.client_alpn = {"h2"}, .server_alpn = {"http/1.1"}}, "no_application_protocol");
}

TEST(virtual_tls, a_server_certificate_is_judged_by_trust_time_and_name) {
    expect_alert({.trusted = false}, "server certificate");
    expect_alert({.wait = 24h * 91}, "server certificate");
    expect_alert({.names = {"other.example.com"}},
                 "is for other.example.com, not for mdm.example.com");
    expect_alert({.names = {}}, "server certificate: is for");
    EXPECT_TRUE(shake({.host = "127.0.0.1", .names = {"127.0.0.1"}}).opened);
    expect_alert({.host = "127.0.0.1", .names = {"127.0.0.2"}}, "not for 127.0.0.1");
    EXPECT_TRUE(shake({.names = {"*.example.com"}}).opened);
    expect_alert({.host = "a.b.example.com", .names = {"*.example.com"}}, "not for");
}

TEST(virtual_tls, one_end_without_tls) {
    expect_alert({.server_speaks_tls = false}, "does not speak TLS");
    const auto out = shake({.client_speaks_tls = false});
    ASSERT_FALSE(out.opened);
    EXPECT_EQ(out.opened.error().kind, transport_failure::reset);
    EXPECT_TRUE(out.opened.error().after_send);
}

TEST(virtual_network, http1_goes_one_after_the_other_and_http2_side_by_side) {
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

TEST(virtual_network, the_same_seed_gives_the_same_trace_and_another_a_different_one) {
    const auto first = trace_of(3);
    EXPECT_EQ(first.size(), 200U);
    EXPECT_EQ(first, trace_of(3));
    EXPECT_NE(first, trace_of(4));
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
