#include "support.hpp"

namespace pomona::net {

namespace {

struct tls_case {
    std::string host = "mdm.example.com";
    std::vector<std::string> names = {"mdm.example.com"};
    std::vector<std::string> client_alpn = {"http/1.1"};
    std::vector<std::string> server_alpn = {"http/1.1"};
    bool trusted = true;
    bool judge = true;
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
        o.tls->judge_server = c.judge;
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
    auto w = make_virtual_world({.seed = 1, .start = {}});
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

} // namespace

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

TEST(virtual_tls, who_judges_no_server_sees_the_chain_of_any) {
    const auto out = shake({.names = {"other.example.com"}, .trusted = false, .judge = false});
    ASSERT_TRUE(out.opened);
    EXPECT_EQ((*out.opened)->info()->peer_chain.at(0).dns_names().at(0), "other.example.com");
}

TEST(virtual_tls, one_end_without_tls) {
    expect_alert({.server_speaks_tls = false}, "does not speak TLS");
    const auto out = shake({.client_speaks_tls = false});
    ASSERT_FALSE(out.opened);
    EXPECT_EQ(out.opened.error().kind, transport_failure::reset);
    EXPECT_TRUE(out.opened.error().after_send);
}

} // namespace pomona::net
