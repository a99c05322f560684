// Discovery (OpenID Connect Discovery 1.0), keys, and what a user's access token tells.
#include "idp/answers.hpp"
#include "json_calls.hpp"
#include "pomona/protocol/crypto/jwk.hpp"

namespace pomona::sim::idp {
namespace {

using json = nlohmann::ordered_json;

/// RFC 6750 section 3.
net::response bearer_needed(std::string_view error) {
    net::response out;
    out.status = 401;
    out.headers = {{"WWW-Authenticate", error.empty()
                                            ? std::string{"Bearer"}
                                            : "Bearer error=\"" + std::string{error} + "\""},
                   {"Cache-Control", "no-store"}};
    return out;
}

} // namespace

net::response answer_discovery(const state& s) {
    const auto& at = s.issuer;
    return json_reply(200, {{"issuer", at},
                            {"authorization_endpoint", at + "/oidc/authorize"},
                            {"token_endpoint", at + "/oidc/token"},
                            {"userinfo_endpoint", at + "/oidc/userinfo"},
                            {"jwks_uri", at + "/oidc/jwks"},
                            {"scopes_supported", {"openid", "profile", "email", "offline_access"}},
                            {"response_types_supported", {"code"}},
                            {"response_modes_supported", {"query"}},
                            {"grant_types_supported", {"authorization_code", "refresh_token"}},
                            {"subject_types_supported", {"public"}},
                            {"id_token_signing_alg_values_supported", {"RS256"}},
                            {"token_endpoint_auth_methods_supported",
                             {"client_secret_basic", "client_secret_post", "none"}},
                            {"code_challenge_methods_supported", {"S256"}},
                            {"claims_supported",
                             {"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "name",
                              "preferred_username", "email", "email_verified"}},
                            {"authorization_response_iss_parameter_supported", true}}) // RFC 9207
        .what;
}

net::response answer_keys(const state& s) {
    const auto set = crypto::write_jwk_set(s.options.key, s.key_id);
    net::response out;
    out.status = set ? 200 : 500;
    out.headers = {{"Content-Type", "application/jwk-set+json"}};
    out.body = to_bytes(set.value_or(""));
    return out;
}

net::response answer_userinfo(state& s, const net::request& what) {
    if (what.method != "GET" && what.method != "POST") {
        return wrong_method("GET, POST");
    }
    constexpr std::string_view scheme = "Bearer ";
    const auto header = net::find_header(what.headers, "authorization").value_or("");
    if (!header.starts_with(scheme)) {
        return bearer_needed("");
    }
    const auto* token = s.access_tokens.find(header.substr(scheme.size()));
    const auto* who = token == nullptr ? nullptr : s.find_user(token->what.user);
    if (who == nullptr || token->ends <= s.world->now()) {
        return bearer_needed("invalid_token");
    }
    s.note("userinfo", who->name, token->what.asked.client);
    json out{{"sub", subject_of(*who)}};
    const auto& scope = token->what.asked.scope;
    const auto has = [&](std::string_view word) {
        return (' ' + scope + ' ').find(' ' + std::string{word} + ' ') != std::string::npos;
    };
    if (has("profile")) {
        out["name"] = who->full_name;
        out["preferred_username"] = who->name;
    }
    if (has("email") && !who->email.empty()) {
        out["email"] = who->email;
        out["email_verified"] = true;
    }
    return json_reply(200, out).what;
}

} // namespace pomona::sim::idp
