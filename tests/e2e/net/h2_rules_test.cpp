// What RFC 9113 asks of a client beyond the plain exchange: which failures may be sent again, ends
// of connections, limits that move, frames that are to be ignored.
#include "h2_wire.hpp"

#include <set>

namespace pomona::net {
namespace {

class h2_rules : public h2_wire {
  protected:
    request put(std::string body = "result") {
        auto what = post("/mdm", std::move(body));
        what.method = "PUT";
        return what;
    }
};

const std::string ok_fields = "\x88"; // RFC 7541 appendix A: 8 is ":status: 200"

std::string answer_to(std::uint32_t stream, std::string body = {}) {
    if (body.empty()) {
        return to_wire({1, 5, stream, ok_fields});
    }
    return to_wire({1, 4, stream, ok_fields}) + to_wire({0, 1, stream, std::move(body)});
}

/// At least `size` bytes of a stream's DATA; fewer at the end.
std::string read_body(raw_stream& peer, std::uint32_t stream, std::size_t size) {
    std::string out;
    while (out.size() < size) {
        const auto frame = await_frame(peer, 0, stream);
        if (frame.type == 255) {
            break;
        }
        out += frame.payload;
    }
    return out;
}

TEST_F(h2_rules, interim_responses_trailers_and_unknown_frames_are_ignored) {
    converse(
        [](raw_stream& peer) {
            const auto id = await_headers(peer).stream;
            peer.write(to_wire({1, 4, id, raw_field(":status", "103") + raw_field("link", "x")}) +
                       to_wire({1, 4, id, ok_fields + raw_field("x-head", "1")}) +
                       to_wire({0xbe, 0xff, id, "whatever"}) + to_wire({0, 0, id, "body"}) +
                       to_wire({1, 5, id, raw_field("x-tail", "2")}));
            read_to_end(peer);
        },
        [this](std::shared_ptr<connection> c) -> task<> {
            auto got = co_await c->exchange(get("/"), soon(), by("mac-1"));
            EXPECT_TRUE(got) << got.error().message();
            if (got) {
                EXPECT_EQ(got->status, 200U);
                EXPECT_EQ(got->headers, (headers{{"x-head", "1"}}));
                EXPECT_EQ(as_text(got->body), "body");
            }
        });
}

TEST_F(h2_rules, pings_and_settings_are_answered) {
    raw_frame pong;
    raw_frame settings;
    converse(
        [&](raw_stream& peer) {
            const auto id = await_headers(peer).stream;
            peer.write(raw_setting(3, 7) + to_wire({6, 0, 0, "12345678"}));
            pong = await_frame(peer, 6);
            peer.write(raw_setting(3, 9));
            settings = await_frame(peer, 4);
            peer.write(answer_to(id));
            read_to_end(peer);
        },
        [this](std::shared_ptr<connection> c) -> task<> {
            auto got = co_await c->exchange(get("/"), soon(), by("mac-1"));
            EXPECT_TRUE(got);
        });
    EXPECT_EQ(pong.flags, 1);
    EXPECT_EQ(pong.payload, "12345678");
    EXPECT_EQ(settings.flags, 1);
}

// APNS-045 at the wire: a limit that drops in mid-run holds from then on.
TEST_F(h2_rules, the_limit_of_streams_may_drop_in_mid_run_APNS_045) {
    std::size_t open = 0;
    std::size_t most_after_drop = 0;
    std::vector<std::uint32_t> answered;
    converse(
        [&](raw_stream& peer) {
            std::vector<std::uint32_t> waiting;
            while (answered.size() < 12) {
                const auto asked = await_headers(peer);
                if (asked.type == 255) {
                    return;
                }
                waiting.push_back(asked.stream);
                ++open;
                if (!answered.empty()) {
                    most_after_drop = std::max(most_after_drop, open);
                }
                if (answered.empty() && waiting.size() < 4) {
                    continue; // until four are open at once
                }
                std::string out = answered.empty() ? raw_setting(3, 1) : "";
                for (const auto id : waiting) {
                    out += answer_to(id);
                    answered.push_back(id);
                }
                waiting.clear();
                open = 0;
                peer.write(out);
            }
            read_to_end(peer);
        },
        [this](std::shared_ptr<connection> c) -> task<> {
            std::size_t good = 0;
            auto ask = [&]() -> task<> {
                auto got = co_await c->exchange(post("/3/device/x", "x"), soon(), by("server"));
                good += got ? 1 : 0;
            };
            task_group group{*world_};
            for (int i = 0; i < 12; ++i) {
                group.spawn("ask", ask());
            }
            co_await group.all_done(soon());
            EXPECT_EQ(good, 12U);
        });
    EXPECT_EQ(answered.size(), 12U);
    EXPECT_EQ(std::set(answered.begin(), answered.end()).size(), 12U);
    EXPECT_LE(most_after_drop, 9U); // those on their way when the limit fell
}

TEST_F(h2_rules, a_body_waits_for_the_peers_window_and_goes_on_when_it_grows) {
    const std::string body(3000, 'x');
    std::string before;
    std::string all;
    converse(
        [&](raw_stream& peer) {
            // INITIAL_WINDOW_SIZE; the answer waits until the client has taken it.
            peer.write(raw_setting(4, 100));
            std::uint32_t asked = 0;
            for (int taken = 0; asked == 0 || taken < 2;) {
                const auto frame = read_frame(peer);
                if (frame.type == 255) {
                    return;
                }
                asked = frame.type == 1 ? frame.stream : asked;
                taken += frame.type == 4 && frame.flags == 1 ? 1 : 0;
            }
            peer.write(answer_to(asked));
            const auto id = await_headers(peer).stream;
            before = read_body(peer, id, 100);
            peer.write(raw_setting(4, 1100)); // in mid-stream: 1000 more
            all = before + read_body(peer, id, 1000);
            peer.write(raw_window(id, 5000));
            all += read_body(peer, id, body.size() - all.size());
            peer.write(answer_to(id));
            read_to_end(peer);
        },
        [&](std::shared_ptr<connection> c) -> task<> {
            auto first = co_await c->exchange(get("/"), soon(), by("mac-1"));
            auto got = co_await c->exchange(put(body), soon(), by("mac-1"));
            EXPECT_TRUE(first && got);
        });
    EXPECT_EQ(before.size(), 100U);
    EXPECT_EQ(all, body);
}

TEST_F(h2_rules, a_window_that_never_opens_ends_at_the_deadline_and_costs_only_its_stream) {
    raw_frame reset;
    converse(
        [&](raw_stream& peer) {
            peer.write(raw_setting(4, 0));
            const auto first = await_headers(peer).stream;
            reset = await_frame(peer, 3, first);
            peer.write(answer_to(await_headers(peer).stream));
            read_to_end(peer);
        },
        [this](std::shared_ptr<connection> c) -> task<> {
            co_await world_->sleep_for(100ms); // SETTINGS has arrived
            auto stuck = co_await c->exchange(put(), world_->now() + 200ms, by("mac-1"));
            EXPECT_TRUE(!stuck && stuck.error().kind == transport_failure::timeout);
            EXPECT_FALSE(!stuck && may_send_again("PUT", stuck.error(), true));
            auto next = co_await c->exchange(get("/"), soon(), by("mac-1"));
            EXPECT_TRUE(next);
        });
    EXPECT_EQ(reset.payload, std::string({0, 0, 0, 8})); // CANCEL
}

TEST_F(h2_rules, a_large_answer_is_taken_as_the_window_is_given_back) {
    constexpr std::size_t size = 700'000;
    converse(
        [](raw_stream& peer) {
            const auto id = await_headers(peer).stream;
            peer.write(to_wire({4, 1, 0, {}}) + to_wire({1, 4, id, ok_fields}));
            std::size_t left = size;
            std::size_t window = 1U << 18U; // of the stream, as the client's SETTINGS say
            while (left > 0) {
                const auto piece = std::min<std::size_t>(16'384, left);
                while (window < piece) {
                    const auto more = await_frame(peer, 8, id);
                    if (more.type == 255) {
                        return;
                    }
                    for (std::size_t i = 0, sum = 0; i < 4; ++i) {
                        sum = sum << 8U | static_cast<std::uint8_t>(more.payload[i]);
                        window += i == 3 ? sum : 0;
                    }
                }
                left -= piece;
                window -= piece;
                peer.write(to_wire({0, static_cast<std::uint8_t>(left == 0 ? 1 : 0), id,
                                    std::string(piece, 'x')}));
            }
            read_to_end(peer);
        },
        [this](std::shared_ptr<connection> c) -> task<> {
            auto got = co_await c->exchange(get("/"), soon(), by("mac-1"));
            EXPECT_TRUE(got && got->body.size() == size);
        });
}

TEST_F(h2_rules, what_was_refused_may_be_sent_again_and_what_was_reset_may_not_APNS_046) {
    for (const std::uint32_t code : {1U, 2U, 7U, 8U}) {
        converse(
            [code](raw_stream& peer) {
                peer.write(answer_to(await_headers(peer).stream));
                peer.write(raw_reset(await_headers(peer).stream, code));
                read_to_end(peer);
            },
            [this, code](std::shared_ptr<connection> c) -> task<> {
                co_await c->exchange(get("/"), soon(), by("mac-1"));
                auto got = co_await c->exchange(put(), soon(), by("mac-1"));
                EXPECT_FALSE(got);
                EXPECT_EQ(!got && may_send_again("PUT", got.error(), true), code == 7U) << code;
                EXPECT_TRUE(c->reusable());
            });
    }
}

TEST_F(h2_rules, goaway_lets_what_it_names_finish_and_takes_nothing_new) {
    converse(
        [](raw_stream& peer) {
            const auto id = await_headers(peer).stream;
            peer.write(raw_goaway(0x7fff'ffff));
            peer.write(raw_goaway(id));
            peer.write(answer_to(id, "in time"));
            read_to_end(peer);
        },
        [this](std::shared_ptr<connection> c) -> task<> {
            auto got = co_await c->exchange(put(), soon(), by("mac-1"));
            EXPECT_TRUE(got && as_text(got->body) == "in time");
            EXPECT_FALSE(c->reusable());
            auto next = co_await c->exchange(put(), soon(), by("mac-1"));
            EXPECT_TRUE(!next && may_send_again("PUT", next.error(), true));
            EXPECT_TRUE(!next && may_send_again("POST", next.error(), false));
        });
}

TEST_F(h2_rules, goaway_splits_the_streams_into_taken_and_not_taken_APNS_046) {
    converse(
        [](raw_stream& peer) {
            const auto first = await_headers(peer).stream;
            await_headers(peer);
            await_headers(peer);
            peer.write(raw_goaway(first, R"({"reason":"Shutdown"})") + answer_to(first, "taken"));
            read_to_end(peer);
        },
        [this](std::shared_ptr<connection> c) -> task<> {
            std::size_t answered = 0;
            std::size_t to_send_again = 0;
            auto ask = [&]() -> task<> {
                auto got = co_await c->exchange(post("/3/device/x", "x"), soon(), by("server"));
                answered += got ? 1 : 0;
                to_send_again += !got && may_send_again("POST", got.error(), true) ? 1 : 0;
                if (!got) { // APNs gives its reason there
                    EXPECT_THAT(got.error().detail, testing::HasSubstr("Shutdown"));
                }
            };
            task_group group{*world_};
            for (int i = 0; i < 3; ++i) {
                group.spawn("ask", ask());
            }
            co_await group.all_done(soon());
            EXPECT_EQ(answered, 1U);
            EXPECT_EQ(to_send_again, 2U);
        });
}

// A kept connection that ends without a word: PUT is idempotent, POST is not; and on a connection
// that had never answered it is no accident.
TEST_F(h2_rules, an_end_without_any_reaction_lets_idempotent_requests_be_sent_again) {
    converse(
        [](raw_stream& peer) {
            peer.write(answer_to(await_headers(peer).stream));
            await_headers(peer);
        },
        [this](std::shared_ptr<connection> c) -> task<> {
            co_await c->exchange(get("/"), soon(), by("mac-1"));
            auto got = co_await c->exchange(put(), soon(), by("mac-1"));
            EXPECT_TRUE(!got && got.error().after_send && !got.error().heard);
            EXPECT_TRUE(!got && may_send_again("PUT", got.error(), true));
            EXPECT_FALSE(!got && may_send_again("PUT", got.error(), false));
            EXPECT_FALSE(!got && may_send_again("POST", got.error(), true));
        });
}

TEST_F(h2_rules, an_end_in_the_middle_of_an_answer_is_not_sent_again) {
    converse(
        [](raw_stream& peer) {
            peer.write(answer_to(await_headers(peer).stream));
            const auto id = await_headers(peer).stream;
            peer.write(to_wire({1, 4, id, ok_fields}) + to_wire({0, 0, id, "half"}));
        },
        [this](std::shared_ptr<connection> c) -> task<> {
            co_await c->exchange(get("/"), soon(), by("mac-1"));
            auto got = co_await c->exchange(put(), soon(), by("mac-1"));
            EXPECT_TRUE(!got && got.error().after_send && got.error().heard);
            EXPECT_FALSE(!got && may_send_again("PUT", got.error(), true));
        });
}

// RFC 9113 section 8.2.2.
TEST_F(h2_rules, headers_of_a_connection_do_not_travel_and_names_are_lower_case) {
    headers arrived;
    handler look = [&](incoming in) -> task<reply> {
        arrived = in.what.headers;
        reply out;
        out.what.headers = {{"Connection", "close"}, {"Keep-Alive", "5"}, {"X-Upper", "y"}};
        co_return out;
    };
    const auto server = listen(secure({"h2"}), look);
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to_secure(server, {"h2"}));
        auto what = put();
        what.headers = {{"Connection", "keep-alive, x"},
                        {"Keep-Alive", "5"},
                        {"Proxy-Connection", "x"},
                        {"Transfer-Encoding", "chunked"},
                        {"Upgrade", "h2c"},
                        {"TE", "gzip"},
                        {"X-Upper", "y"}};
        auto got = co_await (*opened)->exchange(std::move(what), soon(), by("mac-1"));
        EXPECT_TRUE(got) << got.error().message();
        if (got) {
            EXPECT_EQ(got->headers, (headers{{"x-upper", "y"}, {"content-length", "0"}}));
        }
        EXPECT_TRUE((*opened)->reusable());
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_EQ(arrived, (headers{{"host", to_text(server)}, {"x-upper", "y"}}));
}

TEST_F(h2_rules, an_answer_with_a_header_of_a_connection_is_malformed) {
    for (const auto& field : {raw_field("connection", "close"), raw_field("X-Upper", "y")}) {
        converse(
            [&](raw_stream& peer) {
                const auto id = await_headers(peer).stream;
                peer.write(to_wire({1, 5, id, ok_fields + field}));
                EXPECT_EQ(await_frame(peer, 3, id).payload, std::string({0, 0, 0, 1}));
                read_to_end(peer);
            },
            [this](std::shared_ptr<connection> c) -> task<> {
                auto got = co_await c->exchange(put(), soon(), by("mac-1"));
                EXPECT_TRUE(!got && got.error().kind == transport_failure::reset);
                EXPECT_FALSE(!got && may_send_again("PUT", got.error(), true));
            });
    }
}

// RFC 9113 section 8.2.3; and trailers of a request are not its headers.
TEST_F(h2_rules, the_server_puts_cookie_crumbs_together_and_drops_trailers) {
    headers arrived;
    handler look = [&](incoming in) -> task<reply> {
        arrived = in.what.headers;
        co_return reply{};
    };
    const auto server = listen(secure({"h2"}), look);
    raw_frame answer;
    auto body = [&]() -> task<> {
        co_await elsewhere([&] {
            auto peer = raw_tls_connect(server.port, {0, {"h2"}});
            auto request = raw_h2_request();
            request.resize(request.size() - 14 - 9);
            request += to_wire({1, 4, 1,
                                "\x82\x84\x87\x41\x01"
                                "a" +
                                    raw_field("cookie", "a=b") + raw_field("x", "1") +
                                    raw_field("cookie", "c=d")}) +
                       to_wire({1, 5, 1, raw_field("x-tail", "2")});
            peer.stream->write(request);
            answer = await_headers(*peer.stream);
        });
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_EQ(answer.stream, 1U);
    EXPECT_EQ(arrived, (headers{{"host", "a"}, {"cookie", "a=b; c=d"}, {"x", "1"}}));
}

// RFC 9113 section 6.8: a notice first, the last stream after a round trip, the end after the last
// answer.
TEST_F(h2_rules, a_draining_server_names_its_last_stream_after_a_round_trip) {
    handler slow = [&](incoming) -> task<reply> {
        co_await world_->sleep_for(300ms);
        co_return reply{};
    };
    const auto server = listen(secure({"h2"}), slow);
    std::vector<raw_frame> seen;
    auto talk = [&]() -> task<> {
        co_await elsewhere([&] {
            auto peer = raw_tls_connect(server.port, {0, {"h2"}});
            peer.stream->write(raw_h2_request());
            for (auto frame = read_frame(*peer.stream); frame.type != 255;
                 frame = read_frame(*peer.stream)) {
                if (frame.type == 6) {
                    peer.stream->write(to_wire({6, 1, 0, frame.payload}));
                }
                if (frame.type == 1 || frame.type == 7) {
                    seen.push_back(frame);
                }
            }
        });
    };
    auto body = [&]() -> task<> {
        task_group group{*world_};
        group.spawn("talk", talk());
        co_await world_->sleep_for(150ms);
        co_await listeners_.front()->drain(soon());
        co_await group.all_done(soon());
    };
    ASSERT_TRUE(world_->run(body()));
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_EQ(seen[0].payload, std::string("\x7f\xff\xff\xff\0\0\0\0", 8));
    EXPECT_EQ(seen[1].payload, std::string("\0\0\0\1\0\0\0\0", 8));
    EXPECT_EQ(seen[2].type, 1);
    EXPECT_EQ(seen[2].stream, 1U);
}

} // namespace
} // namespace pomona::net
