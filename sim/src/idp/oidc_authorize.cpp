// The authorization endpoint: code flow with PKCE (OpenID Connect Core section 3.1.2, RFC 7636).
#include "idp/answers.hpp"
#include "pomona/foundation/encoding.hpp"

#include <algorithm>

namespace pomona::sim::idp {
namespace {

constexpr std::size_t max_state = 4096;
constexpr std::size_t challenge_length = 43; ///< base64url of SHA-256

/// RFC 6749 section 4.1.2.1: an unknown client or redirect URI is told to the user, never there.
net::response not_a_client(std::string_view why) {
    return page(400, "This is not a client of this service", "<p>" + html_escape(why) + "</p>\n");
}

bool has_word(std::string_view list, std::string_view word) {
    return (' ' + std::string{list} + ' ').find(' ' + std::string{word} + ' ') != std::string::npos;
}

struct refusal {
    std::string_view error, why;
};

/// What is wrong with a request of a known client; nullopt: nothing.
std::optional<refusal> problem_of(const form& given, const client& by) {
    if (has_repeated(given)) {
        return refusal{"invalid_request", "a parameter comes twice"};
    }
    if (text_of(given, "response_type") != "code") {
        return refusal{"unsupported_response_type", "response_type is code"};
    }
    if (const auto mode = text_of(given, "response_mode"); !mode.empty() && mode != "query") {
        return refusal{"invalid_request", "response_mode is query"};
    }
    if (!has_word(text_of(given, "scope"), "openid")) {
        return refusal{"invalid_scope", "scope has to have openid"};
    }
    const auto challenge = text_of(given, "code_challenge");
    if (!challenge.empty() && (text_of(given, "code_challenge_method") != "S256" ||
                               challenge.size() != challenge_length)) {
        return refusal{"invalid_request", "code_challenge_method is S256"};
    }
    if (challenge.empty() && by.secret.empty()) { // RFC 9700 section 2.1.1
        return refusal{"invalid_request", "a public client uses PKCE"};
    }
    if (find_field(given, "request") != nullptr) {
        return refusal{"request_not_supported", "request objects are not taken"};
    }
    if (find_field(given, "request_uri") != nullptr) {
        return refusal{"request_uri_not_supported", "request objects are not taken"};
    }
    if (has_word(text_of(given, "prompt"), "none")) { // nobody stays signed in here
        return refusal{"login_required", "the user has to sign in"};
    }
    return std::nullopt;
}

} // namespace

net::response refuse_oidc(state& s, const oidc_request& to, std::string_view error,
                          std::string_view why) {
    s.note("refused", "", to.client, std::string{error});
    form back{{"error", std::string{error}}, {"error_description", std::string{why}}};
    if (!to.state.empty()) {
        back.push_back({"state", to.state});
    }
    back.push_back({"iss", s.issuer});
    return see_other(with_query(to.redirect_uri, back));
}

net::response answer_authorize(state& s, const net::request& what) {
    if (what.method != "GET" && what.method != "POST") {
        return wrong_method("GET, POST");
    }
    const auto given = parameters_of(what);
    if (!given) {
        return not_a_client("The request cannot be read.");
    }
    const auto by = s.clients.find(text_of(*given, "client_id"));
    if (by == s.clients.end()) {
        return not_a_client("There is no client of this client_id.");
    }
    oidc_request asked{.client = by->first,
                       .redirect_uri = text_of(*given, "redirect_uri"),
                       .scope = text_of(*given, "scope"),
                       .state = text_of(*given, "state"),
                       .nonce = text_of(*given, "nonce"),
                       .challenge = text_of(*given, "code_challenge")};
    // RFC 9700 section 2.1: exact comparison.
    if (std::ranges::find(by->second.redirect_uris, asked.redirect_uri) ==
        by->second.redirect_uris.end()) {
        return not_a_client("The redirect_uri is none of this client.");
    }
    if (asked.state.size() > max_state || asked.nonce.size() > max_state ||
        asked.scope.size() > max_state) {
        return not_a_client("A parameter is too long.");
    }
    if (const auto wrong = problem_of(*given, by->second)) {
        return refuse_oidc(s, asked, wrong->error, wrong->why);
    }
    return ask_to_sign_in(
        s, {.what = std::move(asked), .hint = text_of(*given, "login_hint").substr(0, 320)});
}

net::response finish_oidc(state& s, const oidc_request& to, const user& who) {
    const auto now = s.world->now();
    const auto code = s.draw();
    const bool ended = state::take(s.ordered.expired_codes);
    s.codes.put(code, {.asked = to, .user = who.name, .signed_in = now},
                ended ? now : now + code_lifetime, now);
    form back{{"code", code}};
    if (!to.state.empty()) {
        back.push_back({"state", to.state});
    }
    back.push_back({"iss", s.issuer});
    return see_other(with_query(to.redirect_uri, back));
}

} // namespace pomona::sim::idp
