// GET /session, and what every call has in common.
#include "client.hpp"

namespace pomona::sim::abm {
namespace {

using namespace std::chrono_literals;
using request = pomona::abm::oauth_request;

std::string of(const net::response& r) {
    return std::to_string(r.status) + ' ' + text_of(r);
}

TEST_F(dep, ABM_010_a_signed_request_gets_a_session_with_and_without_a_realm) {
    EXPECT_EQ(sign_in().status, 200U);
    EXPECT_EQ(sign_in([](request& r) { r.realm.reset(); }).status, 200U);
}

TEST_F(dep, ABM_025_the_address_is_the_one_the_client_believes_in) {
    state_->base_urls = {"https://mdmenrollment.apple.com"};
    EXPECT_EQ(sign_in([](request& r) { r.url = "https://mdmenrollment.apple.com/session"; }).status,
              200U);
    EXPECT_EQ(sign_in([](request& r) { r.url = "http://localhost:8443/session"; }).status, 200U);
    EXPECT_EQ(of(sign_in([](request& r) { r.url = "https://elsewhere:8443/session"; })),
              "401 signature_invalid");
}

TEST_F(dep, ABM_012_what_is_wrong_is_named_in_oauths_words) {
    EXPECT_EQ(of(sign_in([](request& r) { r.consumer_secret = "x"; })), "401 signature_invalid");
    EXPECT_EQ(of(sign_in([](request& r) { r.consumer_key = "x"; })), "401 consumer_key_unknown");
    EXPECT_EQ(of(sign_in([](request& r) { r.access_token = "x"; })), "401 token_rejected");
    EXPECT_EQ(of(sign_in([](request& r) { r.at += 6min; })), "401 timestamp_refused");
    EXPECT_EQ(of(sign_in([](request& r) { r.at -= 6min; })), "401 timestamp_refused");
    EXPECT_EQ(sign_in([](request& r) { r.nonce = "once"; }).status, 200U);
    EXPECT_EQ(of(sign_in([](request& r) { r.nonce = "once"; })), "401 nonce_used");
    advance(366 * 24h);
    EXPECT_EQ(of(sign_in()), "401 token_expired");
}

TEST_F(dep, ABM_012_a_stranger_cannot_use_up_a_nonce) {
    EXPECT_EQ(sign_in([](request& r) {
                  r.nonce = "mine";
                  r.access_secret = "wrong";
              }).status,
              401U);
    EXPECT_EQ(sign_in([](request& r) { r.nonce = "mine"; }).status, 200U);
}

TEST_F(dep, ABM_011_parameters_that_are_missing_doubled_or_strange_are_400) {
    const auto with = [&](const std::string& header) {
        net::request what{.method = "GET",
                          .target = "/session",
                          .headers = {{"User-Agent", "t/1"}, {"Authorization", header}},
                          .body = {}};
        return of(answer_dep(*state_, what).what);
    };
    const std::string rest = R"(, oauth_token="t", oauth_signature="s", oauth_timestamp="1", )"
                             R"(oauth_nonce="n")";
    EXPECT_EQ(with(R"(OAuth oauth_consumer_key="k", oauth_signature_method="PLAINTEXT")" + rest),
              "400 signature_method_rejected");
    EXPECT_EQ(with(R"(OAuth oauth_signature_method="HMAC-SHA1")" + rest), "400 parameter_absent");
    EXPECT_EQ(with(R"(OAuth oauth_consumer_key="k", oauth_consumer_key="k", )"
                   R"(oauth_signature_method="HMAC-SHA1")" +
                   rest),
              "400 parameter_rejected");
    EXPECT_EQ(with(R"(OAuth oauth_consumer_key="k", oauth_body_hash="x", )"
                   R"(oauth_signature_method="HMAC-SHA1")" +
                   rest),
              "400 parameter_rejected");
    EXPECT_EQ(with("Basic abc"), "401 message_format_error");
}

TEST_F(dep, ABM_014_a_renewed_token_makes_the_old_one_rejected) {
    org_.find_server("S1")->token->access_token = "AT_new";
    EXPECT_EQ(of(sign_in([](request& r) { r.access_token = "AT_S1"; })), "401 token_rejected");
    EXPECT_EQ(sign_in().status, 200U);
}

TEST_F(dep, ABM_015_ABM_016_a_session_ends_by_the_clock_and_may_move) {
    EXPECT_EQ(good("GET", "/account")["server_uuid"], "S1");
    const auto old = session();
    advance(3min);
    sessions_["S1"] = old;
    const auto with = [&](const std::string& token) {
        net::request what{.method = "GET",
                          .target = "/account",
                          .headers = {{"User-Agent", "t/1"}, {"X-ADM-Auth-Session", token}},
                          .body = {}};
        return answer_dep(*state_, what).what;
    };
    EXPECT_EQ(of(with(old)), "401 UNAUTHORIZED");
    EXPECT_EQ(of(with("")), "401 UNAUTHORIZED");
    state_->rules.forbidden_sessions = true; // as Apple's old simulator after a restart
    EXPECT_EQ(of(with(old)), "403 FORBIDDEN");
    state_->rules.moving_sessions = true;
    const auto first = session();
    const auto answer = with(first);
    const auto moved = net::find_header(answer.headers, "x-adm-auth-session");
    ASSERT_TRUE(moved);
    EXPECT_EQ(with(first).status, 403U);
    EXPECT_EQ(with(std::string{*moved}).status, 200U);
}

TEST_F(dep, ABM_017_a_user_agent_is_compulsory) {
    const auto with = [&](net::headers headers) {
        return of(
            answer_dep(
                *state_,
                {.method = "GET", .target = "/account", .headers = std::move(headers), .body = {}})
                .what);
    };
    EXPECT_EQ(with({}), "400 USER_AGENT_MISSING");
    EXPECT_EQ(with({{"User-Agent", ""}}), "400 USER_AGENT_MISSING");
    state_->rules.refused_agents = {"Go-http-client"};
    EXPECT_EQ(with({{"User-Agent", "Go-http-client/1.1"}}), "400 USER_AGENT_INVALID");
}

TEST_F(dep, ABM_019_methods_and_paths) {
    const auto answer = call("DELETE", "/account");
    EXPECT_EQ(answer.status, 405U);
    EXPECT_TRUE(answer.body.empty());
    EXPECT_EQ(call("POST", "/session").status, 405U);
    EXPECT_EQ(call("GET", "/nowhere").status, 404U);
}

TEST_F(dep, ABM_020_terms_and_denials_are_403_and_never_say_forbidden) {
    const auto token = session();
    org_.terms_accepted = false;
    EXPECT_EQ(of(sign_in()), "403 T_C_NOT_SIGNED");
    EXPECT_EQ(refused("GET", "/account"), "403 T_C_NOT_SIGNED");
    org_.terms_accepted = true;
    EXPECT_EQ(call("GET", "/account").status, 200U);
    state_->faults.add({.what = fault::access_denied});
    EXPECT_EQ(refused("GET", "/account"), "403 ACCESS_DENIED");
}

TEST_F(dep, ABM_021_a_body_that_is_no_json_object) {
    for (const auto* body : {"", "{", "[]", "null", "{\"devices\":[}"}) {
        net::request what{.method = "POST",
                          .target = "/devices",
                          .headers = {{"User-Agent", "t/1"}, {"X-ADM-Auth-Session", session()}},
                          .body = to_bytes(body)};
        EXPECT_EQ(of(answer_dep(*state_, what).what), "400 MALFORMED_REQUEST_BODY") << body;
    }
}

TEST_F(dep, ABM_022_errors_in_three_forms) {
    EXPECT_EQ(refused("POST", "/devices"), "400 DEVICE_ID_REQUIRED");
    state_->rules.error_form = error_form::quoted;
    EXPECT_EQ(refused("POST", "/devices"), "400 \"DEVICE_ID_REQUIRED\"");
    state_->rules.error_form = error_form::json;
    EXPECT_EQ(refused("POST", "/devices"), "400 {\"code\":\"DEVICE_ID_REQUIRED\"}");
}

} // namespace
} // namespace pomona::sim::abm
