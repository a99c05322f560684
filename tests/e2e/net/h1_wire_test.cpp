// HTTP/1.1 against peers that share no code with it: what is on the wire, and what hostile or slow
// bytes do.
#include "raw_peer.hpp"
#include "support.hpp"

#include <array>
#include <cstdio>

namespace pomona::net {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class h1_wire : public over_sockets {
  protected:
    /// Sends `text` and reads until the server closes.
    std::string say(endpoint server, std::string text) {
        std::string answer;
        auto body = [&]() -> task<> {
            co_await elsewhere([&] {
                auto peer = raw_connect(server.port);
                if (peer && peer->write(text)) {
                    answer = peer->read_to_end();
                }
            });
        };
        EXPECT_TRUE(world_->run(body()));
        return answer;
    }
};

TEST_F(h1_wire, pipelined_requests_are_answered_in_order) {
    const auto server = listen({});
    const auto answer = say(server, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: "
                                    "a\r\nContent-Length: 2\r\n\r\nhi"
                                    "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(answer,
              "HTTP/1.1 200 OK\r\nX-Target: /1\r\nContent-Length: 0\r\n\r\n"
              "HTTP/1.1 200 OK\r\nX-Target: /2\r\nContent-Length: 2\r\n\r\nhi"
              "HTTP/1.1 200 OK\r\nX-Target: /3\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST_F(h1_wire, garbage_is_400_and_the_end) {
    const auto server = listen({});
    for (const std::string_view bad :
         {"\x16\x03\x01\x02\x00\x01\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
          "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"}) {
        EXPECT_THAT(say(server, std::string{bad} + "\r\n\r\n"), StartsWith("HTTP/1.1 400 "))
            << escape(bad);
    }
    EXPECT_TRUE(record_.lines.empty()) << record_.lines.front();
}

TEST_F(h1_wire, limits_are_413_and_431) {
    listen_options options;
    options.limits.max_body_bytes = 10;
    options.limits.max_header_bytes = 1000;
    const auto server = listen(options);
    EXPECT_THAT(say(server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n"),
                StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(
        say(server,
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n"),
        StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(
        say(server, "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(2000, 'x') + "\r\n\r\n"),
        StartsWith("HTTP/1.1 431 "));
    EXPECT_THAT(say(server, "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(2000, 'x')),
                StartsWith("HTTP/1.1 431 "));
}

TEST_F(h1_wire, a_slow_request_is_cut_by_its_time_and_an_idle_connection_by_another) {
    listen_options options;
    options.limits.request_timeout = 200ms;
    options.limits.idle_timeout = 300ms;
    const auto server = listen(options);
    EXPECT_THAT(say(server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf"),
                StartsWith("HTTP/1.1 408 "));
    EXPECT_EQ(say(server, ""), "");
}

TEST_F(h1_wire, chunked_requests_expect_continue_and_absolute_targets_are_understood) {
    const auto server = listen({});
    EXPECT_THAT(
        say(server, "POST http://a/x?y HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                    "chunked\r\nConnection: close\r\n\r\n"
                    "3\r\nabc\r\n2;e=1\r\nde\r\n0\r\n\r\n"),
        testing::AllOf(HasSubstr("X-Target: /x?y\r\n"), testing::EndsWith("\r\n\r\nabcde")));
    std::string first;
    std::string rest;
    auto body = [&]() -> task<> {
        co_await elsewhere([&] {
            auto peer = raw_connect(server.port);
            peer->write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: "
                        "100-continue\r\nConnection: close\r\n\r\n");
            first = peer->read();
            peer->write("ok");
            rest = peer->read_to_end();
        });
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_EQ(first, "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_THAT(rest, testing::AllOf(StartsWith("HTTP/1.1 200 "), testing::EndsWith("\r\n\r\nok")));
}

TEST_F(h1_wire, connections_beyond_the_limit_are_closed_at_once) {
    auto options = secure({"http/1.1"});
    options.limits.max_connections = 1;
    const auto server = listen(options);
    auto body = [&]() -> task<> {
        auto first = co_await world_->open(to_secure(server, {"http/1.1"}));
        EXPECT_TRUE(first && co_await (*first)->exchange(get("/"), soon(), by("server")));
        auto second = co_await world_->open(to_secure(server, {"http/1.1"}));
        EXPECT_TRUE(!second && second.error().kind == transport_failure::refused);
        first->reset();
        co_await world_->sleep_for(100ms);
        auto third = co_await world_->open(to_secure(server, {"http/1.1"}));
        EXPECT_TRUE(third);
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_F(h1_wire, a_connection_without_a_request_gives_way_to_the_next) {
    auto options = secure({"http/1.1"});
    options.limits.max_connections = 2;
    const auto server = listen(options);
    auto body = [&]() -> task<> {
        auto used = co_await world_->open(to_secure(server, {"http/1.1"}));
        EXPECT_TRUE(used && co_await (*used)->exchange(get("/"), soon(), by("server")));
        auto silent = co_await world_->open(to_secure(server, {"http/1.1"}));
        EXPECT_TRUE(silent);
        auto next = co_await world_->open(to_secure(server, {"http/1.1"}));
        EXPECT_TRUE(next && co_await (*next)->exchange(get("/"), soon(), by("server")));
        EXPECT_FALSE(co_await (*silent)->exchange(get("/"), soon(), by("server")));
        EXPECT_TRUE(co_await (*used)->exchange(get("/"), soon(), by("server")));
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_F(h1_wire, what_a_client_sends_is_one_flat_message) {
    raw_server server;
    std::string sent;
    auto serve = [&]() -> task<> {
        co_await elsewhere([&] {
            auto peer = server.accept();
            sent = peer->read();
            peer->write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Fine\r\nB: 1\r\nA: 2\r\nb: "
                        "3\r\n\r\nuntil the end");
        });
    };
    auto body = [&]() -> task<> {
        task_group group{*world_};
        group.spawn("serve", serve());
        auto opened = co_await world_->open(to({"127.0.0.1", server.port()}));
        auto what = post("/p?q", "body");
        what.headers = {{"X-One", "1"}, {"x-bad", "a\r\nInjected: yes"}};
        auto got = co_await (*opened)->exchange(what, soon(), by("mac-1"));
        EXPECT_TRUE(got) << got.error().message();
        if (got) {
            EXPECT_EQ(got->headers, (headers{{"B", "1"}, {"A", "2"}, {"b", "3"}}));
            EXPECT_EQ(as_text(got->body), "until the end");
        }
        EXPECT_FALSE((*opened)->reusable());
        co_await group.all_done(soon());
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_EQ(sent, "POST /p?q HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                        "\r\nX-One: 1\r\nx-bad: a  Injected: yes\r\nContent-Length: 4\r\n\r\nbody");
}

struct bad_answer {
    const char* text;
    transport_failure expected;
};

TEST_F(h1_wire, broken_answers_are_resets_after_the_request_was_sent) {
    for (const auto& one :
         {bad_answer{"", transport_failure::reset},
          bad_answer{"nonsense\r\n\r\n", transport_failure::reset},
          bad_answer{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
                     transport_failure::reset},
          bad_answer{"HTTP/1.1 200 OK\r\nContent-Len", transport_failure::reset}}) {
        raw_server server;
        auto serve = [&]() -> task<> {
            co_await elsewhere([&] {
                auto peer = server.accept();
                peer->read();
                peer->write(one.text);
            });
        };
        auto body = [&]() -> task<> {
            task_group group{*world_};
            group.spawn("serve", serve());
            auto opened = co_await world_->open(to({"127.0.0.1", server.port()}));
            auto got = co_await (*opened)->exchange(get("/"), soon(), by("mac-1"));
            EXPECT_TRUE(!got && got.error().kind == one.expected && got.error().after_send)
                << one.text;
            EXPECT_FALSE((*opened)->reusable());
            co_await group.all_done(soon());
        };
        ASSERT_TRUE(world_->run(body()));
    }
}

TEST_F(h1_wire, a_connection_closed_between_exchanges_is_not_reusable) {
    listen_options options;
    options.limits.idle_timeout = 100ms;
    const auto server = listen(options);
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to(server));
        auto got = co_await (*opened)->exchange(get("/"), soon(), by("mac-1"));
        EXPECT_TRUE(got && (*opened)->reusable());
        co_await world_->sleep_for(300ms);
        EXPECT_FALSE((*opened)->reusable());
        auto lost = co_await (*opened)->exchange(get("/"), soon(), by("mac-1"));
        EXPECT_TRUE(!lost && lost.error().kind == transport_failure::reset);
    };
    ASSERT_TRUE(world_->run(body()));
}

/// What the curl command prints.
std::string curl(const std::string& arguments) {
    std::string out;
    const auto command = "curl -s --max-time 10 " + arguments;
    if (auto* const pipe = popen(command.c_str(), "r")) {
        std::array<char, 4096> some{};
        for (auto n = fread(some.data(), 1, some.size(), pipe); n > 0;
             n = fread(some.data(), 1, some.size(), pipe)) {
            out.append(some.data(), n);
        }
        pclose(pipe);
    }
    return out;
}

TEST_F(h1_wire, curl_is_served_in_both_protocols) {
    const auto server = listen(secure({"h2", "http/1.1"}));
    const auto where = " -k -d hello -w ' %{http_version} %{http_code}' https://127.0.0.1:" +
                       std::to_string(server.port) + "/x";
    std::string one;
    std::string two;
    auto body = [&]() -> task<> {
        co_await elsewhere([&] {
            one = curl("--http1.1" + where);
            two = curl("--http2" + where);
        });
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_EQ(one, "hello 1.1 200");
    EXPECT_EQ(two, "hello 2 200");
}

// RFC 9112 section 9.3.1: an end before any byte of an answer, on a connection that had worked.
TEST_F(h1_wire, a_kept_connection_that_ends_without_an_answer_lets_put_be_sent_again) {
    for (const std::string_view said : {"", "HTTP/1.1 2", "HTTP/1.1 100 Continue\r\n\r\n"}) {
        raw_server server;
        auto serve = [&]() -> task<> {
            co_await elsewhere([&] {
                const auto peer = server.accept();
                peer->read();
                peer->write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                peer->read();
                peer->write(said);
            });
        };
        auto body = [&]() -> task<> {
            task_group group{*world_};
            group.spawn("serve", serve());
            auto opened = co_await world_->open(to({"127.0.0.1", server.port()}));
            auto what = post("/mdm", "x");
            what.method = "PUT";
            auto first = co_await (*opened)->exchange(what, soon(), by("mac-1"));
            EXPECT_TRUE(first);
            auto lost = co_await (*opened)->exchange(what, soon(), by("mac-1"));
            EXPECT_TRUE(!lost && lost.error().kind == transport_failure::reset);
            EXPECT_EQ(!lost && may_send_again("PUT", lost.error(), true), said.empty()) << said;
            EXPECT_FALSE(!lost && may_send_again("PUT", lost.error(), false));
            EXPECT_FALSE(!lost && may_send_again("POST", lost.error(), true));
            co_await group.all_done(soon());
        };
        ASSERT_TRUE(world_->run(body()));
    }
}

} // namespace
} // namespace pomona::net
