// The same conversations in both worlds: same results, same calls of the observer at each end.
#include "pomona/net/prompt_handler.hpp"
#include "support.hpp"

namespace pomona::net {
namespace {

enum class kind { real_plain, real_h1, real_h2, virtual_plain, virtual_h1, virtual_h2 };

std::string name_of(const testing::TestParamInfo<kind>& info) {
    constexpr std::array names{"real_plain",    "real_h1",    "real_h2",
                               "virtual_plain", "virtual_h1", "virtual_h2"};
    return names.at(static_cast<std::size_t>(info.param));
}

std::unique_ptr<world> make(kind k) {
    if (k <= kind::real_h2) {
        return make_real_world();
    }
    virtual_options options;
    options.seed = 7;
    options.start = *from_rfc3339("2026-03-01T12:00:00Z");
    return make_virtual_world(options);
}

class contract : public testing::TestWithParam<kind> {
  protected:
    contract() { world_->observe(&record_); }
    ~contract() override { world_->shutdown(); }

    bool secure() const {
        return GetParam() != kind::real_plain && GetParam() != kind::virtual_plain;
    }
    std::vector<std::string> alpn() const {
        const bool h2 = GetParam() == kind::real_h2 || GetParam() == kind::virtual_h2;
        return h2 ? std::vector<std::string>{"h2"} : std::vector<std::string>{"http/1.1"};
    }
    std::unique_ptr<listener> listen(handler on_request, server_limits limits = {}) {
        listen_options options;
        options.bind = {"127.0.0.1", 0};
        options.who = actor{"server"};
        options.limits = limits;
        options.channel_of = [](const request& what) { return what.target.substr(1); };
        if (secure()) {
            options.tls = server_tls{server_identity_, alpn(), true};
        }
        return world_->listen(std::move(options), std::move(on_request)).value();
    }
    open_options to(const listener& server) {
        open_options options;
        options.server = {"localhost", server.local().port};
        options.deadline = soon();
        options.note = by("mac-1");
        if (secure()) {
            options.tls = client_tls{ca_.trust(), client_identity_, alpn()};
        }
        return options;
    }
    time_point soon() const { return world_->now() + 10s; }

    std::unique_ptr<world> world_ = make(GetParam());
    recorder record_;
    lab_ca ca_{*world_};
    crypto::identity server_identity_ = ca_.issue({"localhost"});
    std::shared_ptr<const crypto::identity> client_identity_ =
        std::make_shared<const crypto::identity>(ca_.issue({}));
};

INSTANTIATE_TEST_SUITE_P(worlds, contract,
                         testing::Values(kind::real_plain, kind::real_h1, kind::real_h2,
                                         kind::virtual_plain, kind::virtual_h1, kind::virtual_h2),
                         name_of);

using testing::ElementsAre;

TEST_P(contract, exchanges_arrive_as_sent_and_both_ends_are_told) {
    std::vector<std::shared_ptr<const connection_info>> seen;
    std::vector<headers> arrived;
    handler answer = [&](incoming in) {
        seen.push_back(in.connection);
        arrived.push_back(in.what.headers);
        return echo(std::move(in));
    };
    const auto server = listen(answer);
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to(*server));
        EXPECT_TRUE(opened) << opened.error().message();
        if (!opened) {
            co_return;
        }
        auto what = post("/checkin", "one");
        what.headers = {{"b", "1"}, {"a", "2"}, {"b", "3"}};
        auto first = co_await (*opened)->exchange(what, soon(), by("mac-1"));
        auto second = co_await (*opened)->exchange(post("/mdm", ""), soon(), by("mac-1"));
        EXPECT_TRUE(first && second);
        if (first && second) {
            EXPECT_EQ(pomona::to_text(bytes_view{first->body}), "one");
            EXPECT_EQ(find_header(first->headers, "x-target"), "/checkin");
            EXPECT_EQ(second->status, 200U);
        }
        const auto info = (*opened)->info();
        EXPECT_EQ(info->server, (endpoint{"localhost", server->local().port}));
        EXPECT_EQ(info->alpn, alpn().front());
        EXPECT_EQ(info->peer_chain.size(), secure() ? 2U : 0U);
        EXPECT_EQ(info->own_chain.size(), secure() ? 2U : 0U);
        EXPECT_TRUE((*opened)->reusable());
        EXPECT_EQ(seen.size(), 2U);
        EXPECT_EQ(seen.front()->id, info->id);
        EXPECT_EQ(seen.front()->peer_chain.size(), secure() ? 2U : 0U);
        if (secure()) {
            EXPECT_EQ(seen.front()->peer_chain.front().der(), client_identity_->cert.der());
            EXPECT_EQ(info->peer_chain.front().der(), server_identity_.cert.der());
        }
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_THAT(record_.lines,
                ElementsAre("client mac-1 test: POST /checkin [one]",
                            "server server checkin: POST /checkin [one]",
                            "server server checkin: 200 [one] to /checkin",
                            "client mac-1 test: 200 [one] to /checkin",
                            "client mac-1 test: POST /mdm []", "server server mdm: POST /mdm []",
                            "server server mdm: 200 [] to /mdm",
                            "client mac-1 test: 200 [] to /mdm"));
    // Both ends of one message share the exchange's id; two exchanges have two.
    EXPECT_EQ(record_.contexts[0].id, record_.contexts[1].id);
    EXPECT_EQ(record_.contexts[0].id, record_.contexts[3].id);
    EXPECT_NE(record_.contexts[0].id, record_.contexts[4].id);
    EXPECT_TRUE(record_.contexts[0].id.starts_with(record_.contexts[0].connection->id + "/"));
    headers ours;
    std::ranges::copy_if(arrived.at(0), std::back_inserter(ours),
                         [](const header& h) { return h.name.size() == 1; });
    EXPECT_EQ(ours, (headers{{"b", "1"}, {"a", "2"}, {"b", "3"}}));
    EXPECT_EQ(count_headers(arrived.at(0), "host"), 1U);
    EXPECT_EQ(find_header(arrived.at(0), "content-length"), "3");
}

TEST_P(contract, nothing_listening_is_refused_and_told_without_a_connection) {
    auto server = listen(echo);
    const auto options = to(*server);
    server.reset();
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(options);
        EXPECT_FALSE(opened);
        if (!opened) {
            EXPECT_EQ(opened.error().kind, transport_failure::refused);
            EXPECT_FALSE(opened.error().after_send);
            EXPECT_EQ(opened.error().event, 1U);
        }
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_THAT(record_.lines, ElementsAre("client mac-1 test: failure refused before"));
    EXPECT_EQ(record_.contexts.at(0).id, "");
    EXPECT_EQ(record_.contexts.at(0).connection, nullptr);
}

TEST_P(contract, a_slow_handler_times_out_after_the_request_was_sent) {
    handler never_answers = [&](incoming) -> task<reply> {
        co_await world_->sleep_for(60s);
        co_return reply{};
    };
    const auto server = listen(never_answers);
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to(*server));
        auto got = co_await (*opened)->exchange(get("/mdm"), world_->now() + 300ms, by("mac-1"));
        EXPECT_FALSE(got);
        if (!got) {
            EXPECT_EQ(got.error().kind, transport_failure::timeout);
            EXPECT_TRUE(got.error().after_send);
        }
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_THAT(record_.at(side::client), ElementsAre("client mac-1 test: GET /mdm []",
                                                      "client mac-1 test: failure timeout after"));
}

TEST_P(contract, an_exception_of_a_handler_is_a_500) {
    handler throws = [](incoming) -> task<reply> {
        throw std::runtime_error{"deliberate"};
        co_return reply{};
    };
    const auto server = listen(throws);
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to(*server));
        auto got = co_await (*opened)->exchange(get("/mdm"), soon(), by("mac-1"));
        EXPECT_TRUE(got && got->status == 500);
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_P(contract, a_body_beyond_the_limit_is_413_and_never_reaches_the_handler) {
    unsigned calls = 0;
    handler counted = [&](incoming in) {
        ++calls;
        return echo(std::move(in));
    };
    server_limits limits;
    limits.max_body_bytes = 1000;
    const auto server = listen(counted, limits);
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to(*server));
        auto got = co_await (*opened)->exchange(post("/mdm", std::string(1'000'000, 'x')), soon(),
                                                by("mac-1"));
        EXPECT_TRUE(got) << got.error().message();
        EXPECT_TRUE(got && got->status == 413);
        auto next = co_await world_->open(to(*server));
        auto fits =
            co_await (*next)->exchange(post("/mdm", std::string(1000, 'x')), soon(), by("mac-1"));
        EXPECT_TRUE(fits && fits->status == 200);
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_EQ(calls, 1U);
}

TEST_P(contract, a_closed_listener_ends_its_connections) {
    auto server = listen(echo);
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to(*server));
        auto got = co_await (*opened)->exchange(get("/mdm"), soon(), by("mac-1"));
        EXPECT_TRUE(got);
        server->close();
        co_await world_->sleep_for(200ms);
        EXPECT_FALSE((*opened)->reusable());
        auto lost = co_await (*opened)->exchange(get("/mdm"), soon(), by("mac-1"));
        EXPECT_FALSE(lost);
        if (!lost) {
            EXPECT_EQ(lost.error().kind, transport_failure::reset);
        }
        auto again = co_await world_->open(to(*server));
        EXPECT_FALSE(again);
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_P(contract, a_draining_server_finishes_what_it_has_begun_and_takes_nothing_new) {
    handler slow = [&](incoming in) -> task<reply> {
        co_await world_->sleep_for(300ms);
        co_return co_await echo(std::move(in));
    };
    const auto server = listen(slow);
    bool answered = false;
    auto ask = [&](std::shared_ptr<connection> c) -> task<> {
        auto got = co_await c->exchange(post("/mdm", "x"), soon(), by("mac-1"));
        answered = got && pomona::to_text(bytes_view{got->body}) == "x";
    };
    auto body = [&]() -> task<> {
        auto busy = co_await world_->open(to(*server));
        auto idle = co_await world_->open(to(*server));
        co_await (*idle)->exchange(get("/mdm"), soon(), by("mac-2"));
        world_->spawn("ask", ask(*busy));
        co_await world_->sleep_for(150ms);
        const auto begun = world_->now();
        co_await server->drain(begun + 5s);
        EXPECT_LT(world_->now() - begun, 4s);
        co_await world_->sleep_for(50ms);
        EXPECT_TRUE(answered);
        EXPECT_FALSE((*busy)->reusable());
        EXPECT_FALSE((*idle)->reusable());
        auto next = co_await (*busy)->exchange(post("/mdm", "y"), soon(), by("mac-1"));
        EXPECT_TRUE(!next && may_send_again("POST", next.error(), true));
        auto again = co_await world_->open(to(*server));
        EXPECT_TRUE(!again && again.error().kind == transport_failure::refused);
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_P(contract, a_server_parts_with_its_connections_and_takes_new_ones) {
    signal asked{*world_};
    signal go_on{*world_};
    bool may_answer = false;
    std::size_t requests = 0;
    handler slow = [&](incoming in) -> task<reply> {
        ++requests;
        asked.notify_all();
        while (!may_answer) {
            (void)co_await go_on.wait_until(soon());
        }
        co_return co_await echo(std::move(in));
    };
    const auto server = listen(slow);
    bool answered = false;
    auto ask = [&](std::shared_ptr<connection> c) -> task<> {
        auto got = co_await c->exchange(post("/mdm", "x"), soon(), by("mac-1"));
        answered = got && pomona::to_text(bytes_view{got->body}) == "x";
    };
    auto body = [&]() -> task<> {
        auto busy = co_await world_->open(to(*server));
        task_group group{*world_};
        group.spawn("ask", ask(*busy));
        while (requests == 0) {
            (void)co_await asked.wait_until(soon());
        }
        server->part();
        may_answer = true;
        go_on.notify_all();
        co_await group.all_done(soon());
        EXPECT_TRUE(answered);
        auto other = co_await world_->open(to(*server));
        EXPECT_TRUE(other);
        auto got = co_await (*other)->exchange(post("/mdm", "y"), soon(), by("mac-2"));
        EXPECT_TRUE(got);
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_P(contract, a_prompt_handler_answers_at_once_or_leaves_the_request_whole) {
    prompt_handler both{.at_once = [](incoming& in) -> std::optional<reply> {
                            if (in.what.target != "/at-once") {
                                return std::nullopt;
                            }
                            reply out;
                            out.what.body = std::move(in.what.body);
                            return out;
                        },
                        .otherwise = echo};
    const auto server = listen(both);
    auto body = [&]() -> task<> {
        for (auto* const watching :
             {static_cast<observer*>(&record_), static_cast<observer*>(nullptr)}) {
            world_->observe(watching);
            auto opened = co_await world_->open(to(*server));
            for (const auto* const path : {"/at-once", "/later", "/at-once"}) {
                auto got = co_await (*opened)->exchange(post(path, path), soon(), by("mac-1"));
                EXPECT_TRUE(got && pomona::to_text(bytes_view{got->body}) == path) << path;
            }
        }
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_P(contract, draining_ends_at_its_deadline) {
    handler never_answers = [&](incoming) -> task<reply> {
        co_await world_->sleep_for(60s);
        co_return reply{};
    };
    const auto server = listen(never_answers);
    bool failed = false;
    auto ask = [&](std::shared_ptr<connection> c) -> task<> {
        auto got = co_await c->exchange(post("/mdm", "x"), soon(), by("mac-1"));
        failed = !got && got.error().kind == transport_failure::reset && got.error().after_send;
    };
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to(*server));
        world_->spawn("ask", ask(*opened));
        co_await world_->sleep_for(150ms);
        co_await server->drain(world_->now() + 200ms);
        co_await world_->sleep_for(100ms);
        EXPECT_TRUE(failed);
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_P(contract, what_an_idle_server_has_closed_may_be_sent_again_elsewhere) {
    server_limits limits;
    limits.idle_timeout = 200ms;
    const auto server = listen(echo, limits);
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to(*server));
        auto first = co_await (*opened)->exchange(get("/mdm"), soon(), by("mac-1"));
        EXPECT_TRUE(first && (*opened)->reusable());
        co_await world_->sleep_for(500ms);
        EXPECT_FALSE((*opened)->reusable());
        auto lost = co_await (*opened)->exchange(post("/mdm", "x"), soon(), by("mac-1"));
        EXPECT_TRUE(!lost && may_send_again("POST", lost.error(), true));
        auto other = co_await world_->open(to(*server));
        auto again = co_await (*other)->exchange(post("/mdm", "x"), soon(), by("mac-1"));
        EXPECT_TRUE(again);
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_P(contract, dropping_a_connection_resets_what_is_pending) {
    handler slow = [&](incoming) -> task<reply> {
        co_await world_->sleep_for(2s);
        co_return reply{};
    };
    const auto server = listen(slow);
    bool failed = false;
    auto ask = [&](std::shared_ptr<connection> c) -> task<> {
        auto pending = c->exchange(get("/mdm"), soon(), by("mac-1"));
        c.reset();
        auto got = co_await std::move(pending);
        failed = !got && got.error().kind == transport_failure::reset;
    };
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to(*server));
        world_->spawn("ask", ask(*opened));
        co_await world_->sleep_for(200ms);
        EXPECT_FALSE(failed);
        opened->reset();
        co_await world_->sleep_for(200ms);
        EXPECT_TRUE(failed);
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_P(contract, a_stream_carries_messages_until_the_server_ends_it) {
    auto queue = std::make_shared<message_queue>(*world_);
    handler streams = [&](incoming) -> task<reply> {
        reply out;
        out.stream = queue;
        co_return out;
    };
    const auto server = listen(streams);
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to(*server));
        queue->push(to_bytes("one"));
        auto subscribed = co_await (*opened)->subscribe(get("/push"), soon(), by("mac-1"));
        EXPECT_TRUE(subscribed);
        if (!subscribed) {
            co_return;
        }
        auto& stream = **subscribed;
        auto first = co_await stream.next(soon());
        EXPECT_TRUE(first && as_text(first->data) == "one");
        auto none = co_await stream.next(world_->now() + 100ms);
        EXPECT_TRUE(!none && none.error().kind == transport_failure::timeout);
        queue->push(to_bytes("two"));
        queue->push(to_bytes(""));
        auto second = co_await stream.next(soon());
        auto empty = co_await stream.next(soon());
        EXPECT_TRUE(second && as_text(second->data) == "two");
        EXPECT_TRUE(empty && empty->data.empty());
        queue->close();
        auto end = co_await stream.next(soon());
        EXPECT_TRUE(!end && end.error().kind == transport_failure::reset);
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_THAT(record_.at(side::client),
                ElementsAre("client mac-1 test: GET /push []", "client mac-1 test: 200 [] to /push",
                            "client mac-1 test: message one", "client mac-1 test: message two",
                            "client mac-1 test: message "));
    EXPECT_THAT(record_.at(side::server),
                ElementsAre("server server push: GET /push []",
                            "server server push: 200 [] to /push",
                            "server server push: message one", "server server push: message two",
                            "server server push: message "));
}

TEST_P(contract, a_client_that_leaves_a_stream_closes_its_queue) {
    auto queue = std::make_shared<message_queue>(*world_);
    bool told = false;
    queue->on_closed = [&] { told = true; };
    handler streams = [&](incoming) -> task<reply> {
        reply out;
        out.stream = queue;
        co_return out;
    };
    const auto server = listen(streams);
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to(*server));
        auto subscribed = co_await (*opened)->subscribe(get("/push"), soon(), by("mac-1"));
        EXPECT_TRUE(subscribed);
        subscribed = {};
        co_await world_->sleep_for(300ms);
        EXPECT_TRUE(queue->closed());
        EXPECT_TRUE(told);
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_P(contract, a_subscription_that_is_refused_gives_the_response) {
    handler refuses = [](incoming) -> task<reply> {
        reply out;
        out.what.status = 403;
        out.what.body = to_bytes("no");
        co_return out;
    };
    const auto server = listen(refuses);
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to(*server));
        auto subscribed = co_await (*opened)->subscribe(get("/push"), soon(), by("mac-1"));
        EXPECT_FALSE(subscribed);
        const auto* const answer =
            subscribed ? nullptr : std::get_if<response>(&subscribed.error());
        EXPECT_TRUE(answer != nullptr && answer->status == 403 && as_text(answer->body) == "no");
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_P(contract, a_server_that_says_close_makes_the_connection_unusable) {
    if (alpn().front() == "h2") {
        return; // HTTP/2 has no such header
    }
    handler closes = [](incoming) -> task<reply> {
        reply out;
        out.what.headers = {{"Connection", "close"}};
        co_return out;
    };
    const auto server = listen(closes);
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to(*server));
        auto got = co_await (*opened)->exchange(get("/mdm"), soon(), by("mac-1"));
        EXPECT_TRUE(got);
        EXPECT_FALSE((*opened)->reusable());
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_P(contract, exchanges_of_one_connection_are_answered_in_call_order_or_side_by_side) {
    handler waits = [&](incoming in) -> task<reply> {
        co_await world_->sleep_for(in.what.target == "/slow" ? 300ms : 0ms);
        co_return reply{};
    };
    const auto server = listen(waits);
    std::vector<std::string> finished;
    auto ask = [&](std::shared_ptr<connection> c, std::string target) -> task<> {
        auto got = co_await c->exchange(get(target), soon(), by("mac-1"));
        EXPECT_TRUE(got);
        finished.push_back(target);
    };
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to(*server));
        task_group group{*world_};
        group.spawn("slow", ask(*opened, "/slow"));
        group.spawn("fast", ask(*opened, "/fast"));
        const bool over = co_await group.all_done(soon());
        EXPECT_TRUE(over);
    };
    ASSERT_TRUE(world_->run(body()));
    if (alpn().front() == "h2") {
        EXPECT_THAT(finished, ElementsAre("/fast", "/slow"));
    } else {
        EXPECT_THAT(finished, ElementsAre("/slow", "/fast"));
    }
}

} // namespace
} // namespace pomona::net
