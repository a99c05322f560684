// OpenID Connect: code flow with PKCE, tokens, and what a hostile or careless client is told.
#include "bench.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/jwk.hpp"

namespace pomona::sim::idp {
namespace {

std::string error_of(const net::response& r) {
    return json::parse(text_of(r), nullptr, false).value("error", "");
}

TEST_F(provider, a_user_signs_in_and_the_client_gets_tokens) {
    const auto page = authorize(asked());
    ASSERT_EQ(page.status, 200U);
    EXPECT_EQ(text_of(page).find("<script"), std::string::npos);
    const auto led = log_in(page);
    ASSERT_EQ(led.status, 303U);
    EXPECT_EQ(back(led, "state"), "S1 &");
    EXPECT_EQ(back(led, "iss"), "https://idp.example");
    const auto r = token({{"code", back(led, "code")}});
    ASSERT_EQ(r.status, 200U) << text_of(r);
    EXPECT_EQ(net::find_header(r.headers, "Cache-Control"), "no-store");
    const auto given = json::parse(text_of(r));
    EXPECT_EQ(given["token_type"], "Bearer");
    const auto keys = crypto::read_jwk_set(world_->crypto(), text_of(answer_keys(*state_))).value();
    ASSERT_EQ(keys.size(), 1U);
    const auto jws = crypto::parse_jws(given["id_token"].get<std::string>()).value();
    EXPECT_TRUE(
        crypto::verify_jws(world_->crypto(), jws, crypto::jws_algorithm::rs256, keys.front().spki));
    EXPECT_EQ(json::parse(jws.header)["kid"], keys.front().id);
    const auto claims = json::parse(jws.claims);
    EXPECT_EQ(claims["iss"], "https://idp.example");
    EXPECT_EQ(claims["aud"], "web");
    EXPECT_EQ(claims["nonce"], "N1");
    EXPECT_EQ(claims["email"], "ada@example.org");
    EXPECT_EQ(claims["exp"].get<std::int64_t>() - claims["iat"].get<std::int64_t>(), 3600);
    const auto about = json::parse(text_of(userinfo(given["access_token"])));
    EXPECT_EQ(about["sub"], claims["sub"]);
    EXPECT_EQ(about["email"], "ada@example.org");
}

// RFC 6749 section 4.1.2.1: never there, when nobody knows whose it is.
TEST_F(provider, an_unknown_client_or_redirect_uri_is_not_redirected_to) {
    for (const auto& wrong :
         {form_field{"client_id", "nobody"}, form_field{"redirect_uri", "https://rp.example/done/"},
          form_field{"redirect_uri", "https://rp.example/done?x"},
          form_field{"redirect_uri", "https://evil.example/"}, form_field{"redirect_uri", ""}}) {
        const auto r = authorize(asked({wrong}));
        EXPECT_EQ(r.status, 400U) << wrong.value;
        EXPECT_FALSE(net::find_header(r.headers, "Location")) << wrong.value;
    }
}

TEST_F(provider, a_wrong_request_comes_back_with_its_error_and_state) {
    const std::pair<form_field, std::string> cases[] = {
        {{"response_type", "token"}, "unsupported_response_type"},
        {{"scope", "email"}, "invalid_scope"},
        {{"code_challenge_method", "plain"}, "invalid_request"},
        {{"response_mode", "fragment"}, "invalid_request"},
        {{"request", "x.y.z"}, "request_not_supported"},
        {{"prompt", "none"}, "login_required"}};
    for (const auto& [change, error] : cases) {
        const auto r = authorize(asked({change}));
        EXPECT_EQ(r.status, 303U) << change.name;
        EXPECT_EQ(back(r, "error"), error) << change.name;
        EXPECT_EQ(back(r, "state"), "S1 &");
    }
    auto twice = asked();
    twice.push_back({"scope", "openid"});
    EXPECT_EQ(back(authorize(twice), "error"), "invalid_request");
    const auto app = authorize(asked({{"client_id", "app"},
                                      {"redirect_uri", "app-scheme:/done?x=1"},
                                      {"code_challenge", ""},
                                      {"code_challenge_method", ""}}));
    EXPECT_EQ(back(app, "error"), "invalid_request"); // RFC 9700 section 2.1.1
}

TEST_F(provider, a_page_signs_in_once_and_only_with_the_right_password) {
    const auto page = authorize(asked({{"login_hint", "<b>&\"x"}}));
    EXPECT_NE(text_of(page).find("value=\"&lt;b&gt;&amp;&quot;x\""), std::string::npos);
    const auto again = log_in(page, "ada@example.org", "wrong");
    EXPECT_EQ(again.status, 200U);
    EXPECT_NE(text_of(again).find("wrong"), std::string::npos);
    EXPECT_EQ(log_in(again).status, 303U);
    EXPECT_EQ(log_in(page).status, 400U);
    const auto guessed = authorize(asked());
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(log_in(guessed, "nobody", "x").status, 200U);
    }
    EXPECT_EQ(log_in(guessed, "nobody", "x").status, 403U);
    EXPECT_EQ(log_in(guessed).status, 400U);
    const auto old = authorize(asked());
    advance(11min);
    EXPECT_EQ(log_in(old).status, 400U);
}

TEST_F(provider, denial_and_cancelling_come_back_as_access_denied) {
    manage("POST", "/idp/deny", {{"user", "grace@example.org"}});
    EXPECT_EQ(back(log_in(authorize(asked())), "error"), ""); // of another user
    EXPECT_EQ(back(log_in(authorize(asked()), "grace", "compiler"), "error"), "access_denied");
    EXPECT_NE(back(log_in(authorize(asked()), "grace", "compiler"), "code"), "");
    EXPECT_EQ(back(log_in(authorize(asked()), "", "", "cancel"), "error"), "access_denied");
}

TEST_F(provider, a_code_is_good_once_for_its_client_and_its_request) {
    EXPECT_EQ(error_of(token({{"code", code()}, {"redirect_uri", "https://other/"}})),
              "invalid_grant");
    EXPECT_EQ(error_of(token({{"code", code()}, {"code_verifier", "x"}})), "invalid_grant");
    EXPECT_EQ(error_of(token({{"code", code()}, {"code_verifier", ""}})), "invalid_grant");
    EXPECT_EQ(error_of(token({{"code", "nonsense"}})), "invalid_grant");
    EXPECT_EQ(error_of(token({{"code", code()}, {"client_id", "app"}, {"client_secret", ""}})),
              "invalid_grant");
    const auto secret = token({{"code", code()}, {"client_secret", "wrong"}});
    EXPECT_EQ(secret.status, 401U);
    EXPECT_EQ(error_of(secret), "invalid_client");
    EXPECT_EQ(error_of(token({{"code", code()}, {"grant_type", "password"}})),
              "unsupported_grant_type");
    const auto late = code();
    advance(61s);
    EXPECT_EQ(error_of(token({{"code", late}})), "invalid_grant");
    const auto once = code();
    const auto given = json::parse(text_of(token({{"code", once}})));
    EXPECT_EQ(userinfo(given["access_token"]).status, 200U);
    EXPECT_EQ(error_of(token({{"code", once}})), "invalid_grant");
    EXPECT_EQ(userinfo(given["access_token"]).status, 401U); // RFC 6749 section 4.1.2
}

TEST_F(provider, a_client_may_name_itself_in_a_header) {
    const auto ask = [&](const std::string& pair) {
        const form body{{"grant_type", "authorization_code"},
                        {"code", code()},
                        {"redirect_uri", "https://rp.example/done"},
                        {"code_verifier", "a-verifier-that-is-at-least-forty-three-octets-long"}};
        return answer_token(*state_,
                            {.method = "POST",
                             .target = "/oidc/token",
                             .headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                                         {"Authorization", "Basic " + to_base64(as_bytes(pair))}},
                             .body = to_bytes(write_form(body))})
            .status;
    };
    EXPECT_EQ(ask("web:s%2Bc+r"), 200U); // RFC 6749 section 2.3.1: form-encoded first
    EXPECT_EQ(ask("web:wrong"), 401U);
    EXPECT_EQ(ask("no colon"), 401U);
}

TEST_F(provider, refresh_tokens_change_with_each_use_and_end) {
    const auto refresh = [&](const std::string& t) {
        return token({{"grant_type", "refresh_token"}, {"refresh_token", t}});
    };
    const auto first = tokens();
    const auto second = refresh(first["refresh_token"]);
    ASSERT_EQ(second.status, 200U);
    EXPECT_EQ(error_of(refresh(first["refresh_token"])), "invalid_grant");
    const std::string next = json::parse(text_of(second))["refresh_token"];
    advance(24h * 31);
    EXPECT_EQ(error_of(refresh(next)), "invalid_grant");
}

TEST_F(provider, what_is_given_out_ends_on_request_and_in_time) {
    manage("POST", "/idp/expire", {{"what", "code"}, {"times", 2}});
    EXPECT_EQ(error_of(token({{"code", code()}})), "invalid_grant");
    EXPECT_EQ(error_of(token({{"code", code()}})), "invalid_grant");
    const auto good = tokens();
    EXPECT_EQ(userinfo(good["access_token"]).status, 200U);
    manage("POST", "/idp/expire", {{"what", "token"}});
    const auto ended = tokens();
    EXPECT_EQ(userinfo(ended["access_token"]).status, 401U);
    const auto jws = crypto::parse_jws(ended["id_token"].get<std::string>()).value();
    EXPECT_LT(json::parse(jws.claims)["exp"], json::parse(jws.claims)["iat"]);
    manage("POST", "/idp/expire", {{"what", "given-out"}});
    EXPECT_EQ(userinfo(good["access_token"]).status, 401U);
    const auto later = tokens();
    advance(61min);
    EXPECT_EQ(userinfo(later["access_token"]).status, 401U);
}

TEST_F(provider, any_bytes_are_taken) {
    for (const auto* body : {"", "%", "=", "&&&", "request=%ff&password=%00", "code=\xff\xfe"}) {
        net::request r{.method = "POST",
                       .target = "/login",
                       .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                       .body = to_bytes(body)};
        EXPECT_GE(answer_login(*state_, r).status, 400U);
        EXPECT_GE(answer_token(*state_, r).status, 400U);
        EXPECT_GE(answer_authorize(*state_, r).status, 400U);
    }
    const auto html = text_of(authorize(asked({{"login_hint", std::string(5000, '<')}})));
    EXPECT_LT(html.size(), 3000U);
}

} // namespace
} // namespace pomona::sim::idp
