// Users who sign in before there is a profile: the web view of Automated Device Enrollment, with an
// OpenID provider of the test's own.
#include "enroll/openid.hpp"
#include "enroll/sign_in.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/foundation/form.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/protocol/mdm/checkin.hpp"
#include "pomona/protocol/mdm/keys.hpp"
#include "pomona/protocol/mdm/machine_info.hpp"
#include "pomona/protocol/profile/profile.hpp"
#include "scripted_mac.hpp"

#include <gtest/gtest.h>

namespace pomona::server {
namespace {

/// Answers as OpenID Connect Core has it; the test says what the ID token claims.
struct test_provider {
    explicit test_provider(lab& l) : key{fixed_key(l.w().crypto(), 8)}, lab_{&l} {
        crypto::certificate_spec spec;
        spec.subject = {{"CN", "provider"}};
        spec.serial = {0x31};
        spec.not_before = l.w().now() - 1h;
        spec.not_after = l.w().now() + 24h * 300;
        spec.dns_names = {"idp.test"};
        const auto cert = crypto::self_sign(spec, key).value();
        net::listen_options how;
        how.bind = {"idp.test", 443};
        how.tls = net::server_tls{.identity = {.cert = cert, .key = key, .chain = {}}};
        how.who = actor{"idp"};
        listener = l.w()
                       .listen(std::move(how),
                               [this](net::incoming in) { return answer(this, std::move(in)); })
                       .value();
        l.options.sign_in = sign_in_provider{
            .issuer = "https://idp.test",
            .client_id = "me",
            .client_secret = "hush",
            .trust = std::make_shared<const std::vector<crypto::certificate>>(1, cert)};
    }

    json claims(const std::string& asked) const {
        const auto now = std::chrono::floor<std::chrono::seconds>(lab_->w().now());
        const auto seconds = now.time_since_epoch().count();
        json out{{"iss", "https://idp.test"},
                 {"sub", "u1"},
                 {"aud", "me"},
                 {"iat", seconds},
                 {"nonce", asked},
                 {"exp", seconds + 600},
                 {"email", "ada@example.org"},
                 {"name", "Ada"}};
        out.update(change);
        return out;
    }

    static net::task<net::reply> answer(test_provider* self, net::incoming in) {
        net::reply out;
        const auto path = net::path_of(in.what.target);
        json body;
        if (path == "/.well-known/openid-configuration") {
            body = {{"issuer", self->issuer},
                    {"authorization_endpoint", "https://idp.test/authorize"},
                    {"token_endpoint", "https://idp.test/token"},
                    {"jwks_uri", "https://idp.test/keys"}};
        } else if (path == "/keys") {
            body = json::parse(crypto::write_jwk_set(self->key, "k1").value());
        } else {
            self->posted = read_form(as_text(in.what.body)).value();
            const auto* code = find_field(self->posted, "code");
            if (code == nullptr || *code != "good") {
                out.what.status = 400;
                body = {{"error", "invalid_grant"}};
            } else {
                body = {{"id_token", crypto::sign_jws(R"({"alg":"RS256","kid":"k1"})",
                                                      self->claims(self->nonce).dump(),
                                                      self->signer.value_or(self->key))
                                         .value()}};
            }
        }
        out.what.headers = {{"Content-Type", "application/json"}};
        out.what.body = to_bytes(body.dump());
        co_return out;
    }

    crypto::private_key key;
    std::optional<crypto::private_key> signer; ///< of ID tokens, when it is another
    std::string issuer = "https://idp.test";
    std::string nonce;
    json change = json::object(); ///< of the claims
    form posted;
    std::unique_ptr<net::listener> listener;

  private:
    lab* lab_;
};

struct device {
    explicit device(lab& l) : key{fixed_key(l.w().crypto(), 5)}, cert{certificate(l, key)} {
        l.options.device_authorities = {cert};
    }
    static crypto::certificate certificate(lab& l, const crypto::private_key& key) {
        crypto::certificate_spec s;
        s.subject = {{"CN", "Device"}};
        s.serial = {0x41};
        s.not_before = l.w().now() - 48h;
        s.not_after = l.w().now() + 24h;
        s.ca = true;
        s.usage = {.digital_signature = true, .key_cert_sign = true};
        return crypto::self_sign(s, key).value();
    }
    std::string info(lab& l, const std::string& serial, std::string language = "en") const {
        mdm::machine_info m;
        m.device = udid{"AAAAAAAA-0000-0000-0000-000000000001"};
        m.serial = serial_number{serial};
        m.product = "Mac15,12";
        m.build = "24B83";
        m.language = std::move(language);
        return to_base64(crypto::sign_attached(mdm::write_machine_info(m),
                                               {.cert = cert, .key = key, .chain = {}}, l.w().now())
                             .value());
    }
    crypto::private_key key;
    crypto::certificate cert;
};

net::request first_page(std::string info) {
    auto r = get("/enroll/web");
    if (!info.empty()) {
        r.headers.push_back({"x-apple-aspen-deviceinfo", std::move(info)});
    }
    return r;
}

std::string location(const net::response& r) {
    return std::string{net::find_header(r.headers, "Location").value_or("")};
}
std::string parameter(const net::response& r, std::string_view name) {
    return net::query_parameter(location(r), name).value_or("");
}

/// The state of a sign-in that was begun for that Mac; the provider knows the nonce.
net::task<std::string> begin(lab& l, test_provider& p, const device& d,
                             std::string serial = "C02TEST0001") {
    const auto r = co_await l.ask(first_page(d.info(l, serial)));
    EXPECT_EQ(r.status, 302U) << text_of(r);
    p.nonce = parameter(r, "nonce");
    co_return parameter(r, "state");
}

net::task<net::response> come_back(lab& l, std::string state, std::string code = "good") {
    return l.ask(get("/sign-in/done?code=" + code + "&state=" + state));
}

TEST(sign_in, who_does_not_say_which_mac_it_is_gets_no_profile_ENR_043) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        test_provider p{l};
        const device d{l};
        co_await l.start();
        EXPECT_EQ((co_await l.ask(first_page({}))).status, 400U);
        EXPECT_EQ((co_await l.ask(first_page("%%"))).status, 400U);
        EXPECT_EQ((co_await l.ask(first_page("MAo="))).status, 400U);
        auto tampered = d.info(l, "C02TEST0001");
        tampered[tampered.size() / 2] = tampered[tampered.size() / 2] == 'A' ? 'B' : 'A';
        const auto refused = co_await l.ask(first_page(tampered));
        EXPECT_TRUE(refused.status == 400 || refused.status == 403) << refused.status;
        const auto r = co_await l.ask(first_page(d.info(l, "C02TEST0001")));
        EXPECT_EQ(r.status, 302U);
        EXPECT_TRUE(location(r).starts_with("https://idp.test/authorize?")) << location(r);
        EXPECT_EQ(parameter(r, "redirect_uri"), l.s().base_url() + "/sign-in/done");
        EXPECT_EQ(parameter(r, "code_challenge_method"), "S256");
        EXPECT_FALSE(net::find_header(r.headers, "Set-Cookie"));
        EXPECT_EQ(l.s().ade_web_url(), l.s().base_url() + "/enroll/web");
    });
}

TEST(sign_in, a_header_may_have_16_KiB_ABM_099) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        test_provider p{l};
        const device d{l};
        co_await l.start();
        const auto long_one = d.info(l, "C02TEST0001", std::string(10'000, 'x'));
        EXPECT_GT(long_one.size(), 14'000U);
        EXPECT_LE(long_one.size(), 16'384U);
        EXPECT_EQ((co_await l.ask(first_page(long_one))).status, 302U);
        EXPECT_EQ((co_await l.ask(first_page(long_one.substr(0, 76) + "\n" + long_one.substr(76))))
                      .status,
                  400U);
    });
}

TEST(sign_in, the_profile_comes_after_it_with_its_exact_type_ENR_044) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        test_provider p{l};
        const device d{l};
        co_await l.start();
        const auto state = co_await begin(l, p, d);
        const auto r = co_await come_back(l, state);
        EXPECT_EQ(r.status, 200U) << text_of(r);
        EXPECT_EQ(net::find_header(r.headers, "Content-Type"), mdm::profile_content_type);
        EXPECT_EQ(*find_field(p.posted, "redirect_uri"), l.s().base_url() + "/sign-in/done");
        EXPECT_EQ(*find_field(p.posted, "client_secret"), "hush");
        EXPECT_NE(find_field(p.posted, "code_verifier"), nullptr);
    });
}

TEST(sign_in, a_state_is_good_once_and_in_time_without_cookies_ENR_045) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        test_provider p{l};
        const device d{l};
        co_await l.start();
        const auto state = co_await begin(l, p, d);
        EXPECT_EQ((co_await come_back(l, "other")).status, 400U);
        EXPECT_EQ((co_await come_back(l, state)).status, 200U);
        EXPECT_EQ((co_await come_back(l, state)).status, 400U);
        const auto late = co_await begin(l, p, d);
        co_await l.w().sleep_for(16min);
        EXPECT_EQ((co_await come_back(l, late)).status, 400U);
        const auto denied = co_await begin(l, p, d);
        EXPECT_EQ((co_await l.ask(get("/sign-in/done?error=access_denied&state=" + denied))).status,
                  403U);
        EXPECT_EQ((co_await come_back(l, denied)).status, 400U);
        EXPECT_EQ((co_await come_back(l, co_await begin(l, p, d), "bad")).status, 403U);
    });
}

TEST(sign_in, the_profile_is_for_the_mac_that_asked_ENR_045) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        test_provider p{l};
        const device d{l};
        co_await l.start();
        const auto r = co_await come_back(l, co_await begin(l, p, d, "C02SERIAL1"));
        const auto read = profile::parse(l.w().crypto(), r.body).value();
        const auto m = profile::read_mdm(*read.of_type(profile::mdm_type).at(0)).value();
        const auto reference = net::query_parameter(m.checkin_url, "enroll_reference");
        EXPECT_TRUE(reference);
        EXPECT_EQ(net::query_parameter(m.server_url, "enroll_reference"), reference);
        for (const auto& [serial, status] :
             {std::pair{"C02SERIAL2", 403U}, std::pair{"C02SERIAL1", 200U}}) {
            scripted_mac mac{l, serial == std::string{"C02SERIAL1"} ? 1U : 2U};
            mac.serial = serial_number{serial};
            co_await mac.get_identity();
            mac.checkin_path = m.checkin_url.substr(m.checkin_url.find("/checkin"));
            EXPECT_EQ((co_await mac.authenticate()).status, status) << serial;
        }
    });
}

TEST(sign_in, an_id_token_that_does_not_hold_is_refused) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        test_provider p{l};
        const device d{l};
        co_await l.start();
        const json wrong[] = {{{"iss", "https://other"}},
                              {{"aud", "you"}},
                              {{"aud", {"you", "me"}}},
                              {{"nonce", "x"}},
                              {{"exp", 1}},
                              {{"exp", "soon"}},
                              {{"sub", ""}}};
        for (const auto& change : wrong) {
            const auto state = co_await begin(l, p, d);
            p.change = change;
            EXPECT_EQ((co_await come_back(l, state)).status, 403U) << change;
        }
        p.change = {{"aud", {"you", "me"}}, {"azp", "me"}};
        EXPECT_EQ((co_await come_back(l, co_await begin(l, p, d))).status, 200U);
        p.signer = fixed_key(l.w().crypto(), 9);
        EXPECT_EQ((co_await come_back(l, co_await begin(l, p, d))).status, 403U);
        p.signer = crypto::private_key::generate_p256(l.w().crypto()).value();
        EXPECT_EQ((co_await come_back(l, co_await begin(l, p, d))).status, 403U);
    });
}

TEST(sign_in, a_provider_that_is_another_or_away_is_a_bad_gateway) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        test_provider p{l};
        const device d{l};
        p.issuer = "https://other.test";
        co_await l.start();
        EXPECT_EQ((co_await l.ask(first_page(d.info(l, "C02TEST0001")))).status, 502U);
        p.listener.reset();
        EXPECT_EQ((co_await l.ask(first_page(d.info(l, "C02TEST0001")))).status, 502U);
    });
}

TEST(sign_in, without_a_provider_there_is_nothing) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        const device d{l};
        co_await l.start();
        EXPECT_EQ((co_await l.ask(first_page(d.info(l, "C02TEST0001")))).status, 404U);
        EXPECT_EQ(l.s().ade_web_url(), "");
    });
}

TEST(enroll_reference, belongs_to_one_serial_number) {
    const bytes key(32, 1);
    const bytes salt(8, 2);
    const auto text = write_enroll_reference(key, salt, serial_number{"A"});
    EXPECT_TRUE(is_reference_of(key, text, serial_number{"A"}));
    EXPECT_FALSE(is_reference_of(key, text, serial_number{"B"}));
    EXPECT_FALSE(is_reference_of(bytes(32, 2), text, serial_number{"A"}));
    for (const auto* other : {"", "x", "AAAA", "%%%"}) {
        EXPECT_FALSE(is_reference_of(key, other, serial_number{"A"})) << other;
    }
}

} // namespace
} // namespace pomona::server
