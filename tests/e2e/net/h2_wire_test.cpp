// HTTP/2 against peers that share no code with it, and many requests on one connection.
#include "h2_wire.hpp"

namespace pomona::net {
namespace {

TEST_F(h2_wire, two_hundred_requests_share_one_connection) {
    std::size_t at_once = 0;
    std::size_t most = 0;
    handler waits = [&](incoming in) -> task<reply> {
        most = std::max(most, ++at_once);
        co_await world_->sleep_for(100ms);
        --at_once;
        co_return co_await echo(std::move(in));
    };
    const auto server = listen(secure({"h2"}), waits);
    std::size_t good = 0;
    auto ask = [&](std::shared_ptr<connection> c, std::string text) -> task<> {
        auto got = co_await c->exchange(post("/3/device/x", text), soon(), by("server"));
        good += got && as_text(got->body) == text ? 1 : 0;
    };
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to_secure(server, {"h2"}));
        EXPECT_TRUE(opened) << opened.error().message();
        task_group group{*world_};
        for (int i = 0; i < 200; ++i) {
            group.spawn("ask",
                        ask(*opened, std::to_string(i) +
                                         std::string(static_cast<std::size_t>(i) * 50, 'x')));
        }
        co_await group.all_done(soon());
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_EQ(good, 200U);
    EXPECT_EQ(most, 200U);
}

TEST_F(h2_wire, the_client_waits_where_the_server_allows_fewer_streams) {
    std::size_t at_once = 0;
    std::size_t most = 0;
    handler waits = [&](incoming in) -> task<reply> {
        most = std::max(most, ++at_once);
        co_await world_->sleep_for(10ms);
        --at_once;
        co_return co_await echo(std::move(in));
    };
    auto options = secure({"h2"});
    options.limits.max_concurrent_streams = 4;
    const auto server = listen(std::move(options), waits);
    std::size_t good = 0;
    auto ask = [&](std::shared_ptr<connection> c) -> task<> {
        auto got = co_await c->exchange(get("/"), soon(), by("server"));
        good += got ? 1 : 0;
    };
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to_secure(server, {"h2"}));
        co_await (*opened)->exchange(get("/"), soon(),
                                     by("server")); // the limit is known after the first answer
        task_group group{*world_};
        for (int i = 0; i < 50; ++i) {
            group.spawn("ask", ask(*opened));
        }
        co_await group.all_done(soon());
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_EQ(good, 50U);
    EXPECT_EQ(most, 4U);
}

TEST_F(h2_wire, large_bodies_pass_flow_control_both_ways) {
    const auto server = listen(secure({"h2"}));
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to_secure(server, {"h2"}));
        const std::string large(5'000'000, 'x');
        auto got = co_await (*opened)->exchange(post("/", large), soon(), by("server"));
        EXPECT_TRUE(got && as_text(got->body) == large);
    };
    ASSERT_TRUE(world_->run(body()));
}

// APNS-016: END_STREAM on HEADERS. APNS-003: served without ALPN.
TEST_F(h2_wire, an_empty_200_ends_with_its_headers_even_for_a_client_without_alpn) {
    std::string host;
    handler empty = [&](incoming in) -> task<reply> {
        host = find_header(in.what.headers, "host").value_or("");
        co_return reply{};
    };
    const auto server = listen(secure({"h2"}), empty);
    raw_frame answer;
    auto body = [&]() -> task<> {
        co_await elsewhere([&] {
            auto peer = raw_tls_connect(server.port, {});
            if (peer.stream && peer.stream->write(raw_h2_request())) {
                answer = await_headers(*peer.stream);
            }
        });
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_EQ(answer.type, 1);
    EXPECT_EQ(answer.stream, 1U);
    EXPECT_EQ(answer.flags & 1, 1);
    EXPECT_EQ(host, "localhost");
}

TEST_F(h2_wire, goaway_leaves_unprocessed_requests_unsent) {
    converse(
        [](raw_stream& peer) {
            await_headers(peer);
            peer.write(to_wire({7, 0, 0, std::string(8, '\0')})); // last stream 0, NO_ERROR
            read_to_end(peer);
        },
        [this](std::shared_ptr<connection> c) -> task<> {
            auto got = co_await c->exchange(get("/"), soon(), by("server"));
            EXPECT_TRUE(!got && got.error().kind == transport_failure::reset &&
                        !got.error().after_send);
            EXPECT_FALSE(c->reusable());
            auto next = co_await c->exchange(get("/"), soon(), by("server"));
            EXPECT_TRUE(!next && next.error().kind == transport_failure::reset &&
                        !next.error().after_send);
        });
}

TEST_F(h2_wire, a_reset_stream_may_have_been_processed_a_refused_one_was_not) {
    for (const std::uint32_t code : {2U, 7U}) {
        converse(
            [code](raw_stream& peer) {
                const auto asked = await_headers(peer);
                peer.write(
                    to_wire({3, 0, asked.stream, std::string{0, 0, 0, static_cast<char>(code)}}));
                read_to_end(peer);
            },
            [this, code](std::shared_ptr<connection> c) -> task<> {
                auto got = co_await c->exchange(get("/"), soon(), by("server"));
                EXPECT_TRUE(!got && got.error().kind == transport_failure::reset);
                EXPECT_EQ(!got && got.error().after_send, code == 2U);
                EXPECT_TRUE(c->reusable());
            });
    }
}

TEST_F(h2_wire, a_connection_that_breaks_resets_its_requests) {
    converse([](raw_stream& peer) { await_headers(peer); },
             [this](std::shared_ptr<connection> c) -> task<> {
                 auto got = co_await c->exchange(get("/"), soon(), by("server"));
                 EXPECT_TRUE(!got && got.error().kind == transport_failure::reset &&
                             got.error().after_send);
                 EXPECT_FALSE(c->reusable());
             });
}

TEST_F(h2_wire, nonsense_from_the_server_ends_the_connection) {
    converse(
        [](raw_stream& peer) {
            await_headers(peer);
            peer.write(std::string(100, '\xff'));
            read_to_end(peer);
        },
        [this](std::shared_ptr<connection> c) -> task<> {
            auto got = co_await c->exchange(get("/"), soon(), by("server"));
            EXPECT_TRUE(!got && got.error().kind == transport_failure::reset);
        });
}

TEST_F(h2_wire, an_idle_server_says_goaway) {
    auto options = secure({"h2"});
    options.limits.idle_timeout = 200ms;
    const auto server = listen(std::move(options));
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to_secure(server, {"h2"}));
        auto got = co_await (*opened)->exchange(get("/"), soon(), by("server"));
        EXPECT_TRUE(got && (*opened)->reusable());
        co_await world_->sleep_for(500ms);
        EXPECT_FALSE((*opened)->reusable());
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_F(h2_wire, a_request_that_does_not_end_in_time_is_reset) {
    auto options = secure({"h2"});
    options.limits.request_timeout = 200ms;
    const auto server = listen(std::move(options));
    raw_frame reset;
    auto body = [&]() -> task<> {
        co_await elsewhere([&] {
            auto peer = raw_tls_connect(server.port, {0, {"h2"}});
            auto request = raw_h2_request();
            const auto flags = request.size() - 14 - 9 + 4;
            request[flags] = 4; // END_HEADERS without END_STREAM
            peer.stream->write(request);
            reset = read_frame(*peer.stream);
            while (reset.type != 3 && reset.type != 255) {
                reset = read_frame(*peer.stream);
            }
        });
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_EQ(reset.type, 3);
    EXPECT_EQ(reset.stream, 1U);
    EXPECT_TRUE(record_.lines.empty());
}

TEST_F(h2_wire, an_answer_that_is_not_taken_is_reset_however_long_a_connection_may_idle) {
    auto options = secure({"h2"});
    options.limits.write_timeout = 200ms;
    options.limits.idle_timeout = 60s;
    handler large = [&](incoming) -> task<reply> {
        co_await world_->sleep_for(50ms); // by now the server waits for the client's next frame
        reply out;
        out.what.status = 200;
        out.what.body = bytes(200'000, 0);
        co_return out;
    };
    const auto server = listen(std::move(options), large);
    raw_frame reset;
    auto body = [&]() -> task<> {
        co_await elsewhere([&] {
            auto peer = raw_tls_connect(server.port, {0, {"h2"}});
            peer.stream->write(raw_h2_request()); // and no WINDOW_UPDATE: 65,535 bytes fit
            reset = await_frame(*peer.stream, 3);
        });
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_EQ(reset.type, 3);
    EXPECT_EQ(reset.stream, 1U);
}

TEST_F(h2_wire, a_header_beyond_the_limit_is_431_and_the_connection_goes_on) {
    auto options = secure({"h2"});
    options.limits.max_header_bytes = 2000;
    const auto server = listen(std::move(options));
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to_secure(server, {"h2"}));
        auto what = get("/");
        what.headers = {{"x", std::string(3000, 'x')}};
        auto got = co_await (*opened)->exchange(what, soon(), by("server"));
        EXPECT_TRUE(got && got->status == 431);
        auto next = co_await (*opened)->exchange(get("/"), soon(), by("server"));
        EXPECT_TRUE(next && next->status == 200);
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_F(h2_wire, a_flood_of_resets_is_stopped_by_goaway) {
    constexpr std::size_t flood_size = 4000;
    std::size_t calls = 0;
    handler slow = [&](incoming) -> task<reply> {
        ++calls;
        co_await world_->sleep_for(500ms);
        co_return reply{};
    };
    const auto server = listen(secure({"h2"}), slow);
    bool goaway = false;
    bool ended = false;
    auto body = [&]() -> task<> {
        co_await elsewhere([&] {
            auto peer = raw_tls_connect(server.port, {});
            std::string flood = raw_h2_request();
            for (std::uint32_t stream = 3; stream < 2 * flood_size; stream += 2) {
                flood += to_wire({1, 5, stream, "\x82\x84\x87\x01\x01\x61"}) +
                         to_wire({3, 0, stream, std::string{0, 0, 0, 8}});
            }
            peer.stream->write(flood);
            auto frame = read_frame(*peer.stream);
            for (; frame.type != 255; frame = read_frame(*peer.stream)) {
                goaway = goaway || frame.type == 7;
            }
            ended = true;
        });
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_TRUE(goaway);
    EXPECT_TRUE(ended);
    // What is reset before its handler begins never costs one.
    EXPECT_LT(calls, flood_size / 4);
}

} // namespace
} // namespace pomona::net
