// How a Mac shows its identity, how patient it is, and which SCEP client it has.
#include "mac/policy.hpp"
#include "pomona/protocol/crypto/pkcs12.hpp"
#include "pomona/protocol/scep/message.hpp"
#include "scripted_server.hpp"

#include <algorithm>

namespace pomona::sim::mac {
namespace {

class wire : public mac_bench {
  public:
    void enrolled_as(presentation p) {
        mac_bench::wire.present = p;
        run(enroll(this));
    }
    [[nodiscard]] bool is_signed(const std::string& what) const {
        return net::find_header(server->last(what).request.headers, mdm::signature_header)
            .has_value();
    }
    [[nodiscard]] bool in_tls(const std::string& what) const {
        return !server->last(what).client_certificate.empty();
    }
};

// MDM-CHK-069: by default the profile decides, and what it decides is done with every message.
TEST_F(wire, by_default_the_profile_says_whether_messages_are_signed) {
    enrolled_as(presentation::usual);
    for (const auto* what : {"Authenticate", "TokenUpdate"}) {
        EXPECT_TRUE(is_signed(what) && in_tls(what)) << what;
    }
    EXPECT_TRUE(states("identity-presented").empty());
}

TEST_F(wire, in_tls_only) {
    enrolled_as(presentation::tls);
    EXPECT_TRUE(!is_signed("TokenUpdate") && in_tls("TokenUpdate"));
    ASSERT_EQ(states("identity-presented").size(), 1U); // the checks have to know
    EXPECT_EQ(states("identity-presented").front()->summary.text("how"), "tls");
}

TEST_F(wire, by_signature_only) {
    server->settings.sign_message = false;
    enrolled_as(presentation::signature);
    EXPECT_TRUE(is_signed("TokenUpdate") && !in_tls("TokenUpdate"));
}

TEST_F(wire, both_though_the_profile_wants_no_signature) {
    server->settings.sign_message = false;
    enrolled_as(presentation::both);
    EXPECT_TRUE(is_signed("TokenUpdate") && in_tls("TokenUpdate"));
}

TEST_F(wire, in_the_header_of_a_proxy) {
    server->settings.sign_message = false;
    mac_bench::wire.certificate_header = "X-Client";
    enrolled_as(presentation::header);
    EXPECT_TRUE(!is_signed("TokenUpdate") && !in_tls("TokenUpdate"));
    // RFC 9440 section 2.1.
    EXPECT_EQ(net::find_header(server->last("TokenUpdate").request.headers, "X-Client"),
              ':' + to_base64(server->issued.front().der()) + ':');
}

TEST_F(wire, in_the_header_as_escaped_pem) {
    mac_bench::wire.header_form = certificate_header_form::escaped_pem;
    enrolled_as(presentation::header);
    const auto header =
        net::find_header(server->last("TokenUpdate").request.headers, "Client-Cert");
    ASSERT_TRUE(header);
    EXPECT_EQ(percent_decode(*header), server->issued.front().pem());
    EXPECT_TRUE(is_signed("TokenUpdate")); // the profile wants it
}

net::task<void> report_into_trouble(wire* b, std::vector<duration>* gaps) {
    co_await mac_bench::enroll(b);
    b->server->queue("U1", {{"RequestType", "ProfileList"}});
    for (int i = 0; i < 4; ++i) {
        b->server->answer("Acknowledged U1", http(500));
    }
    co_await b->push();
    co_await b->sleep(5h);
    std::vector<time_point> at;
    for (const auto& r : b->server->log) {
        if (r.what == "Acknowledged U1") {
            at.push_back(r.at);
        }
    }
    for (std::size_t i = 1; i < at.size(); ++i) {
        gaps->push_back(at[i] - at[i - 1]);
    }
}

// MDM-CHK-064: the same result until it is accepted; how soon is a policy with a name.
TEST_F(wire, the_retry_policy_is_chosen_by_name) {
    const auto gaps_of = [](retry_manner how) {
        struct one_more : wire {
            void TestBody() override {}
        } bench;
        bench.mac_bench::wire.retry = how;
        std::vector<duration> gaps;
        bench.run(report_into_trouble(&bench, &gaps));
        return gaps;
    };
    for (const auto how : {retry_manner::apple, retry_manner::eager, retry_manner::patient}) {
        const auto gaps = gaps_of(how);
        const auto& policy = policy_of(how);
        ASSERT_EQ(gaps.size(), 4U) << to_text(how);
        for (unsigned i = 0; i < 4; ++i) {
            EXPECT_GE(gaps[i], policy.result_resend.delay(i)) << to_text(how) << i;
            EXPECT_LT(gaps[i], policy.result_resend.delay(i) + 1s) << to_text(how) << i;
        }
    }
}

// MDM-CHK-079: the method and the body stay, whichever status sends the Mac elsewhere.
TEST_F(wire, redirects_keep_method_and_body) {
    static constexpr auto live = [](wire* b) -> net::task<void> {
        co_await enroll(b);
        for (const unsigned status : {307U, 308U, 302U}) {
            auto moved = http(status);
            moved.headers.push_back({"Location", "/mdm?moved"});
            b->server->answer("Idle", std::move(moved));
            co_await b->push();
            co_await b->sleep(1min);
            const auto& all = b->server->log;
            const auto& second = all.back();
            const auto& first = all.at(all.size() - 2);
            EXPECT_EQ(first.request.target, "/mdm") << status;
            EXPECT_EQ(second.request.target, "/mdm?moved") << status;
            EXPECT_EQ(second.request.method, "PUT") << status;
            EXPECT_EQ(second.request.body, first.request.body) << status;
        }
    };
    run(live(this));
}

/// Of the PKIOperation that the server saw last.
scep::signed_message message_of(const mac_bench& b) {
    const auto& r = b.server->last("PKIOperation").request;
    return scep::open_message(b.world->crypto(), r.body).value();
}

// SCEP-060: BER with indefinite lengths, always PKCSReq, also for a renewal.
TEST_F(wire, apples_scep_client) {
    run(enroll(this));
    const auto m = message_of(*this);
    EXPECT_EQ(m.type, scep::message_type::pkcs_req);
    EXPECT_EQ(m.envelope.at(1), 0x80); // indefinite
    EXPECT_EQ(server->last("PKIOperation").request.method, "POST");
    EXPECT_EQ(net::find_header(server->last("PKIOperation").request.headers, "Content-Type"),
              "application/x-pki-message");
    EXPECT_FALSE(net::find_header(server->last("GetCACert").request.headers, "Content-Type"));
}

TEST_F(wire, the_client_of_the_rfc_writes_der) {
    mac_bench::wire.scep = scep_dialect::rfc8894;
    run(enroll(this));
    EXPECT_NE(message_of(*this).envelope.at(1), 0x80);
}

// Observed (F24): an empty message, and GET although the CA offers POST.
TEST_F(wire, an_old_macs_client) {
    mac_bench::wire.scep = scep_dialect::apple_old;
    server->answer("PKIOperation", http(500));
    static constexpr auto live = [](wire* b) -> net::task<void> {
        const auto done = co_await b->subject->enroll(b->server->url("/enroll"));
        EXPECT_FALSE(done);
    };
    run(live(this));
    EXPECT_TRUE(server->last("GetCACaps").request.target.ends_with("&message="));
    EXPECT_EQ(server->last("PKIOperation").request.method, "GET");
}

profile::profile with_pkcs12(const mac_bench& b, const bytes& file, const std::string& password) {
    auto p = b.server->enrollment_profile();
    const auto at = std::ranges::find(p.payloads, identity_uuid, &profile::payload::uuid);
    *at = payload_of(std::string{profile::pkcs12_type}, identity_uuid,
                     {{"PayloadContent", file}, {"Password", password}});
    return p;
}

crypto::identity made_elsewhere(const net::world& w) {
    auto key = crypto::private_key::generate_p256(w.crypto()).value();
    crypto::certificate_spec s;
    s.subject = {{"CN", "made elsewhere"}};
    s.serial = {0x33};
    s.not_before = w.now() - 1h;
    s.not_after = w.now() + 24h;
    auto cert = crypto::self_sign(s, key).value();
    return {.cert = std::move(cert), .key = std::move(key), .chain = {}};
}

TEST_F(wire, an_identity_that_the_profile_brings) {
    const auto identity = made_elsewhere(*world);
    const auto file = crypto::write_pkcs12(identity, "secret").value();
    static constexpr auto live = [](wire* b, bytes profile, std::string* why) -> net::task<void> {
        const auto done = co_await b->subject->install(std::move(profile));
        *why = done ? "" : done.error().at + ": " + done.error().reason;
    };
    std::string why;
    run(live(this, profile::write(with_pkcs12(*this, file, "secret")), &why));
    EXPECT_EQ(why, "");
    EXPECT_EQ(server->names(), (std::vector<std::string>{"Authenticate", "TokenUpdate"}));
    EXPECT_EQ(server->last("TokenUpdate").client_certificate, to_hex(identity.cert.sha256()));
    EXPECT_TRUE(is_signed("TokenUpdate"));
}

TEST_F(wire, an_identity_with_another_password_is_refused) {
    const auto file = crypto::write_pkcs12(made_elsewhere(*world), "secret").value();
    EXPECT_FALSE(crypto::read_pkcs12(world->crypto(), file, "other"));
    EXPECT_FALSE(crypto::read_pkcs12(world->crypto(), bytes{0x30, 0x80, 0x01}, ""));
    EXPECT_FALSE(crypto::read_pkcs12(world->crypto(), {}, ""));
    const auto read = crypto::read_pkcs12(world->crypto(), file, "secret");
    ASSERT_TRUE(read);
    EXPECT_EQ(crypto::to_text(read->cert.subject()), "CN=made elsewhere");
}

TEST(manner, is_saved_and_loaded) {
    const manner m{.present = presentation::header,
                   .certificate_header = "X",
                   .header_form = certificate_header_form::escaped_pem,
                   .retry = retry_manner::patient,
                   .scep = scep_dialect::apple_old};
    EXPECT_EQ(manner::load(m.save()).value(), m);
    EXPECT_EQ(manner::load({}).value(), manner{});
    EXPECT_FALSE(manner::load({{"retry", "hasty"}}));
}

} // namespace
} // namespace pomona::sim::mac
