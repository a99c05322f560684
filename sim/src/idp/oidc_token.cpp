// The token endpoint: codes and refresh tokens for tokens (RFC 6749 sections 4.1.3 and 6; OpenID
// Connect Core section 3.1.3).
#include "idp/answers.hpp"
#include "json_calls.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/jws.hpp"

namespace pomona::sim::idp {
namespace {

using json = nlohmann::ordered_json;

std::int64_t seconds_of(time_point t) {
    return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
}

/// RFC 6749 section 5: never cached.
net::response answer(unsigned status, const json& body) {
    auto out = json_reply(status, body).what;
    out.headers.push_back({"Cache-Control", "no-store"});
    return out;
}

net::response refused(state& s, std::string_view client, std::string_view error,
                      std::string_view why) {
    s.note("token-refused", "", std::string{client}, std::string{error} + ": " + std::string{why});
    auto out = answer(error == "invalid_client" ? 401 : 400,
                      {{"error", error}, {"error_description", why}});
    if (out.status == 401) { // RFC 6749 section 5.2
        out.headers.push_back({"WWW-Authenticate", "Basic realm=\"token\""});
    }
    return out;
}

struct credentials {
    std::string id, secret;
    bool in_header = false;
};

/// RFC 6749 section 2.3.1: name and secret are form-encoded before they become Basic.
std::optional<credentials> basic_of(const net::request& what) {
    const auto header = net::find_header(what.headers, "authorization").value_or("");
    constexpr std::string_view scheme = "Basic ";
    const auto decoded =
        header.starts_with(scheme) ? from_base64(header.substr(scheme.size())) : std::nullopt;
    if (!decoded) {
        return std::nullopt;
    }
    const auto text = to_text(*decoded);
    const auto colon = text.find(':');
    if (colon == std::string::npos) {
        return std::nullopt;
    }
    auto pair = read_form(text.substr(0, colon) + '=' + text.substr(colon + 1));
    return pair && pair->size() == 1
               ? std::optional{credentials{pair->front().name, pair->front().value, true}}
               : std::nullopt;
}

/// The client, when it is who it says; null otherwise.
const client* client_of(const state& s, const net::request& what, const form& given) {
    const bool has_header = net::find_header(what.headers, "authorization").has_value();
    const auto in_header = basic_of(what);
    if (has_header && !in_header) {
        return nullptr;
    }
    const auto by = in_header.value_or(
        credentials{text_of(given, "client_id"), text_of(given, "client_secret"), false});
    if (in_header && find_field(given, "client_secret") != nullptr) { // one method only
        return nullptr;
    }
    const auto found = s.clients.find(by.id);
    const bool holds =
        found != s.clients.end() &&
        crypto::equal_constant_time(as_bytes(found->second.secret), as_bytes(by.secret));
    return holds ? &found->second : nullptr;
}

result<std::string> id_token(const state& s, const grant& g, const user& who, time_point ends) {
    const auto now = s.world->now();
    json claims{{"iss", s.issuer},        {"sub", subject_of(who)},
                {"aud", g.asked.client},  {"exp", seconds_of(ends)},
                {"iat", seconds_of(now)}, {"auth_time", seconds_of(g.signed_in)},
                {"name", who.full_name},  {"preferred_username", who.name}};
    if (!g.asked.nonce.empty()) {
        claims["nonce"] = g.asked.nonce;
    }
    if (!who.email.empty()) {
        claims["email"] = who.email;
        claims["email_verified"] = true;
    }
    const json header{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", s.key_id}};
    return crypto::sign_jws(
        header.dump(), claims.dump(-1, ' ', false, json::error_handler_t::replace), s.options.key);
}

net::response give_tokens(state& s, const grant& g, const user& who) {
    const auto now = s.world->now();
    const bool ended = state::take(s.ordered.expired_tokens);
    const auto ends = ended ? now - std::chrono::hours{1} : now + token_lifetime;
    const auto id = id_token(s, g, who, ends);
    if (!id) {
        return answer(500, {{"error", "server_error"}});
    }
    const auto access = s.draw();
    const auto refresh = s.draw();
    s.access_tokens.put(access, g, ends, now);
    s.refresh_tokens.put(refresh, g, now + refresh_lifetime, now);
    s.note("tokens", who.name, g.asked.client);
    const auto left = std::chrono::floor<std::chrono::seconds>(token_lifetime).count();
    return answer(200, {{"access_token", access},
                        {"token_type", "Bearer"},
                        {"expires_in", left},
                        {"refresh_token", refresh},
                        {"scope", g.asked.scope},
                        {"id_token", *id}});
}

/// RFC 7636 section 4.6; without a challenge there may be no verifier (RFC 9700 section 4.8.2).
bool is_verified(const std::string& challenge, const std::string& verifier) {
    return challenge.empty() ? verifier.empty()
                             : to_base64url(crypto::sha256(as_bytes(verifier))) == challenge;
}

net::response by_code(state& s, const client& by, const form& given) {
    const auto code = text_of(given, "code");
    auto* const found = code.empty() ? nullptr : s.codes.find(code);
    if (found == nullptr || found->what.asked.client != by.id) {
        return refused(s, by.id, "invalid_grant", "there is no such code of this client");
    }
    auto& g = found->what;
    if (g.used) { // RFC 6749 section 4.1.2: what came of it ends, too
        const auto same = [&](const grant& t) { return t.from_code == code; };
        s.access_tokens.erase_where(same);
        s.refresh_tokens.erase_where(same);
        return refused(s, by.id, "invalid_grant", "the code has been used");
    }
    if (found->ends <= s.world->now()) {
        return refused(s, by.id, "invalid_grant", "the code has expired");
    }
    if (g.asked.redirect_uri != text_of(given, "redirect_uri")) {
        return refused(s, by.id, "invalid_grant", "redirect_uri is another");
    }
    if (!is_verified(g.asked.challenge, text_of(given, "code_verifier"))) {
        return refused(s, by.id, "invalid_grant", "code_verifier does not fit");
    }
    const auto* who = s.find_user(g.user);
    if (who == nullptr) {
        return refused(s, by.id, "invalid_grant", "the user is gone");
    }
    g.used = true;
    auto stands_for = g;
    stands_for.from_code = code;
    return give_tokens(s, stands_for, *who);
}

net::response by_refresh(state& s, const client& by, const form& given) {
    const auto token = text_of(given, "refresh_token");
    auto* const found = token.empty() ? nullptr : s.refresh_tokens.find(token);
    if (found == nullptr || found->what.asked.client != by.id || found->ends <= s.world->now()) {
        return refused(s, by.id, "invalid_grant", "there is no such refresh token");
    }
    const auto g = found->what;
    const auto* who = s.find_user(g.user);
    s.refresh_tokens.erase(token); // RFC 9700 section 4.14.2: a new one each time
    return who == nullptr ? refused(s, by.id, "invalid_grant", "the user is gone")
                          : give_tokens(s, g, *who);
}

} // namespace

net::response answer_token(state& s, const net::request& what) {
    if (what.method != "POST") {
        return wrong_method("POST");
    }
    const auto given = parameters_of(what);
    if (!given || has_repeated(*given)) {
        return refused(s, "", "invalid_request", "a form with each parameter once is expected");
    }
    const auto* by = client_of(s, what, *given);
    if (by == nullptr) {
        return refused(s, text_of(*given, "client_id").substr(0, 200), "invalid_client",
                       "client_id or client_secret is wrong");
    }
    const auto type = text_of(*given, "grant_type");
    return type == "authorization_code" ? by_code(s, *by, *given)
           : type == "refresh_token"    ? by_refresh(s, *by, *given)
                                        : refused(s, by->id, "unsupported_grant_type",
                                                  "authorization_code or refresh_token");
}

} // namespace pomona::sim::idp
