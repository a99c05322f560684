// The login page: one form, no script. What the user wanted waits behind a random number in it, so
// cookies are not needed.
#include "idp/answers.hpp"

namespace pomona::sim::idp {
namespace {

constexpr int most_tries = 5; ///< wrong passwords on one page

net::response login_page(std::string_view id, std::string_view name, std::string_view trouble) {
    std::string body;
    if (!trouble.empty()) {
        body += "<p role=\"alert\">" + html_escape(trouble) + "</p>\n";
    }
    body += "<form method=\"post\" action=\"/login\">\n"
            "<input type=\"hidden\" name=\"request\" value=\"" +
            html_escape(id) +
            "\">\n"
            "<p><label>User name <input type=\"text\" name=\"username\" value=\"" +
            html_escape(name) +
            "\" autocomplete=\"username\"></label></p>\n"
            "<p><label>Password <input type=\"password\" name=\"password\" "
            "autocomplete=\"current-password\"></label></p>\n"
            "<p><button type=\"submit\" name=\"action\" value=\"sign-in\">Sign in</button>\n"
            "<button type=\"submit\" name=\"action\" value=\"cancel\">Cancel</button></p>\n"
            "</form>\n";
    return page(200, "Sign in", body);
}

std::string party_of(const pending_login& what) {
    if (const auto* oidc = std::get_if<oidc_request>(&what.what)) {
        return oidc->client;
    }
    return std::get<saml_request>(what.what).party;
}

net::response finish(state& s, const pending_login& what, const user& who) {
    if (const auto* oidc = std::get_if<oidc_request>(&what.what)) {
        return finish_oidc(s, *oidc, who);
    }
    return finish_saml(s, std::get<saml_request>(what.what), who);
}

net::response refuse(state& s, const pending_login& what, std::string_view why) {
    if (const auto* oidc = std::get_if<oidc_request>(&what.what)) {
        return refuse_oidc(s, *oidc, "access_denied", why);
    }
    return refuse_saml(s, std::get<saml_request>(what.what));
}

bool is_password(const user& who, std::string_view given) {
    return crypto::equal_constant_time(as_bytes(who.password), as_bytes(given));
}

} // namespace

net::response ask_to_sign_in(state& s, pending_login what) {
    const auto id = s.draw();
    const auto hint = what.hint;
    const auto now = s.world->now();
    s.logins.put(id, std::move(what), now + login_lifetime, now);
    return login_page(id, hint, "");
}

net::response answer_login(state& s, const net::request& what) {
    if (what.method != "POST") {
        return wrong_method("POST");
    }
    const auto given = parameters_of(what);
    const auto id = given ? text_of(*given, "request") : std::string{};
    auto* const found = id.empty() ? nullptr : s.logins.find(id);
    if (!given || has_repeated(*given) || found == nullptr || found->ends <= s.world->now()) {
        return page(400, "This page is too old", "<p>Begin again where you came from.</p>\n");
    }
    auto& waiting = found->what;
    const auto party = party_of(waiting);
    const auto name = text_of(*given, "username");
    if (text_of(*given, "action") == "cancel") {
        const auto ended = std::move(waiting);
        s.logins.erase(id);
        s.note("cancelled", name, party);
        return refuse(s, ended, "the user has cancelled");
    }
    const auto* who = s.find_user(name);
    if (who == nullptr || !is_password(*who, text_of(*given, "password"))) {
        s.note("wrong-password", name, party);
        if (++waiting.tries >= most_tries) {
            s.logins.erase(id);
            return page(403, "Too many tries", "<p>Begin again where you came from.</p>\n");
        }
        return login_page(id, name, "User name or password is wrong.");
    }
    const auto ended = std::move(waiting);
    s.logins.erase(id); // one page signs in once
    if (s.take_denial(*who)) {
        s.note("denied", who->name, party);
        return refuse(s, ended, "this user may not sign in here");
    }
    s.note("login", who->name, party);
    return finish(s, ended, *who);
}

} // namespace pomona::sim::idp
