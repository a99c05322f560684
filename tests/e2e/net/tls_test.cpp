// TLS as both ends do it: versions, chains, names, times, ALPN, client certificates.
#include "raw_peer.hpp"
#include "support.hpp"

#include <openssl/ssl.h>

namespace pomona::net {
namespace {

using tls = over_sockets;

// APNS-001: TLS 1.2 and 1.3, not 1.1.
TEST_F(tls, the_server_speaks_1_2_and_1_3_and_refuses_1_1) {
    const auto server = listen(secure({"http/1.1"}));
    raw_tls_result old;
    raw_tls_result two;
    raw_tls_result three;
    auto body = [&]() -> task<> {
        co_await elsewhere([&] {
            old = raw_tls_connect(server.port, {TLS1_1_VERSION, {}});
            two = raw_tls_connect(server.port, {TLS1_2_VERSION, {}});
            three = raw_tls_connect(server.port, {TLS1_3_VERSION, {}});
        });
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_EQ(old.stream, nullptr);
    EXPECT_EQ(old.alert, SSL_AD_PROTOCOL_VERSION);
    EXPECT_EQ(two.version, "TLSv1.2");
    EXPECT_EQ(three.version, "TLSv1.3");
}

// APNS-002: h2 is selected; an offer of only http/1.1 is refused.
TEST_F(tls, a_server_of_h2_only_refuses_an_offer_without_it) {
    const auto server = listen(secure({"h2"}));
    raw_tls_result other;
    raw_tls_result both;
    auto body = [&]() -> task<> {
        co_await elsewhere([&] {
            other = raw_tls_connect(server.port, {0, {"http/1.1"}});
            both = raw_tls_connect(server.port, {0, {"http/1.1", "h2"}});
        });
        auto opened = co_await world_->open(to_secure(server, {"http/1.1"}));
        EXPECT_TRUE(!opened && opened.error().kind == transport_failure::tls_alert);
        if (!opened) {
            EXPECT_THAT(opened.error().detail, testing::HasSubstr("no_application_protocol"));
        }
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_EQ(other.alert, 120);
    EXPECT_EQ(both.alpn, "h2");
}

TEST_F(tls, the_server_selects_by_its_own_order) {
    const auto server = listen(secure({"h2", "http/1.1"}));
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to_secure(server, {"http/1.1", "h2"}));
        EXPECT_TRUE(opened && (*opened)->info()->alpn == "h2");
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_F(tls, a_server_that_knows_no_alpn_gets_http_1_from_a_client_that_offers_both) {
    raw_server server;
    const auto identity = ca_.issue({"127.0.0.1"});
    std::string said;
    auto serve = [&]() -> task<> {
        co_await elsewhere([&] {
            const auto peer = server.accept_tls(identity, "");
            said = peer->read();
            peer->write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        });
    };
    auto body = [&]() -> task<> {
        task_group group{*world_};
        group.spawn("serve", serve());
        auto opened =
            co_await world_->open(to_secure({"127.0.0.1", server.port()}, {"h2", "http/1.1"}));
        EXPECT_EQ((*opened)->info()->alpn, "http/1.1");
        auto got = co_await (*opened)->exchange(get("/"), soon(), by("mac-1"));
        EXPECT_TRUE(got && got->status == 200);
        co_await group.all_done(soon());
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_TRUE(said.starts_with("GET / HTTP/1.1\r\n"));
}

TEST_F(tls, a_client_without_alpn_gets_what_its_first_bytes_speak) {
    const auto server = listen(secure({"h2", "http/1.1"}));
    std::string answer;
    auto body = [&]() -> task<> {
        co_await elsewhere([&] {
            auto peer = raw_tls_connect(server.port, {});
            if (peer.stream) {
                peer.stream->write("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
                answer = peer.stream->read_to_end();
            }
        });
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 200 OK\r\nX-Target: /x\r\n"));
}

struct refusal {
    const char* what;
    std::function<void(lab_ca& ca, listen_options& server, open_options& client)> change;
};

TEST_F(tls, a_client_refuses_a_wrong_ca_a_wrong_name_and_a_wrong_time) {
    lab_ca stranger{*world_, "Somebody else"};
    const std::vector<refusal> cases{
        {"unknown CA",
         [&](lab_ca&, listen_options&, open_options& c) { c.tls->trust = stranger.trust(); }},
        {"wrong name", [](lab_ca& ca, listen_options& s,
                          open_options&) { s.tls->identity = ca.issue({"other.example"}); }},
        {"no name for this address",
         [](lab_ca& ca, listen_options& s, open_options& c) {
             s.tls->identity = ca.issue({"localhost"});
             c.server.host = "127.0.0.1";
         }},
        {"expired", [](lab_ca& ca, listen_options& s,
                       open_options&) { s.tls->identity = ca.issue({"localhost"}, -2h, -1h); }},
        {"not yet valid", [](lab_ca& ca, listen_options& s,
                             open_options&) { s.tls->identity = ca.issue({"localhost"}, 1h, 2h); }},
        {"nothing trusted",
         [](lab_ca&, listen_options&, open_options& c) { c.tls->trust = nullptr; }},
    };
    for (const auto& one : cases) {
        auto options = secure({"http/1.1"});
        auto client = to_secure({}, {"http/1.1"});
        client.server.host = "localhost";
        one.change(ca_, options, client);
        client.server.port = listen(std::move(options)).port;
        auto body = [&]() -> task<> {
            auto opened = co_await world_->open(client);
            EXPECT_TRUE(!opened && opened.error().kind == transport_failure::tls_alert) << one.what;
        };
        ASSERT_TRUE(world_->run(body()));
    }
}

TEST_F(tls, names_and_addresses_of_the_certificate_are_accepted) {
    const auto server = listen(secure({"http/1.1"}));
    auto body = [&]() -> task<> {
        for (const auto* const host : {"localhost", "127.0.0.1"}) {
            auto opened = co_await world_->open(to_secure({host, server.port}, {"http/1.1"}));
            EXPECT_TRUE(opened) << host << ": " << opened.error().message();
        }
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_F(tls, who_judges_no_server_sees_the_chain_of_any) {
    lab_ca stranger{*world_, "Somebody else"};
    auto options = secure({"http/1.1"});
    options.tls->identity = stranger.issue({"other.example"}, -2h, -1h);
    auto client = to_secure(listen(std::move(options)), {"http/1.1"});
    client.tls->judge_server = false;
    auto body = [&]() -> task<> {
        const auto opened = co_await world_->open(client);
        EXPECT_TRUE(opened);
        if (opened) {
            const auto chain = (*opened)->info()->peer_chain;
            EXPECT_THAT(chain.at(0).dns_names(), testing::ElementsAre("other.example"));
        }
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_F(tls, a_client_certificate_is_presented_when_asked_for_and_is_not_judged) {
    lab_ca stranger{*world_, "Somebody else"};
    std::vector<crypto::certificate> chain;
    handler sees = [&](incoming in) {
        chain = in.connection->peer_chain;
        return echo(std::move(in));
    };
    for (const bool asks : {true, false}) {
        auto options = secure({"http/1.1"});
        options.tls->ask_client_certificate = asks;
        const auto server = listen(std::move(options), sees);
        auto client = to_secure(server, {"http/1.1"});
        // Expired and from an unknown CA: the handler's business.
        client.tls->identity =
            std::make_shared<const crypto::identity>(stranger.issue({}, -2h, -1h));
        auto body = [&]() -> task<> {
            auto opened = co_await world_->open(client);
            EXPECT_TRUE(opened) << opened.error().message();
            if (!opened) {
                co_return;
            }
            auto got = co_await (*opened)->exchange(get("/"), soon(), by("mac-1"));
            EXPECT_TRUE(got) << got.error().message();
            EXPECT_EQ((*opened)->info()->own_chain.size(), asks ? 2U : 0U);
            EXPECT_EQ(chain.size(), asks ? 2U : 0U);
            if (!chain.empty()) {
                EXPECT_EQ(chain.front().der(), client.tls->identity->cert.der());
            }
        };
        ASSERT_TRUE(world_->run(body()));
    }
}

// In TLS 1.3 the client is through with the handshake before the server has judged its certificate.
TEST_F(tls, a_late_refusal_of_the_client_certificate_is_an_alert_too) {
    raw_server server;
    const auto identity = ca_.issue({"127.0.0.1"});
    auto serve = [&]() -> task<> {
        co_await elsewhere(
            [&] { EXPECT_EQ(server.accept_tls(identity, "http/1.1", true), nullptr); });
    };
    auto client = to_secure({"127.0.0.1", server.port()}, {"http/1.1"});
    client.tls->identity = std::make_shared<const crypto::identity>(ca_.issue({}));
    auto body = [&]() -> task<> {
        task_group group{*world_};
        group.spawn("serve", serve());
        auto opened = co_await world_->open(client);
        auto why = opened ? transport_error{} : opened.error();
        if (opened) {
            auto got = co_await (*opened)->exchange(get("/"), soon(), by("mac-1"));
            EXPECT_FALSE(got);
            why = got ? transport_error{} : got.error();
        }
        EXPECT_EQ(why.kind, transport_failure::tls_alert);
        EXPECT_THAT(why.detail, testing::HasSubstr("unknown_ca"));
        co_await group.all_done(soon());
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_F(tls, a_peer_that_never_answers_the_handshake_is_a_timeout) {
    raw_server server;
    auto client = to_secure({"127.0.0.1", server.port()}, {"http/1.1"});
    auto body = [&]() -> task<> {
        client.deadline = world_->now() + 200ms;
        auto opened = co_await world_->open(client);
        EXPECT_TRUE(!opened && opened.error().kind == transport_failure::timeout);
    };
    ASSERT_TRUE(world_->run(body()));
}

} // namespace
} // namespace pomona::net
