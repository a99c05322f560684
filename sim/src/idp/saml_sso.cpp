// SAML's single sign-on (SAML profiles section 4.1): requests by HTTP-Redirect or HTTP-POST, the
// answer in a form that sends itself.
#include "idp/answers.hpp"
#include "idp/saml.hpp"
#include "pomona/foundation/encoding.hpp"

#include <algorithm>

namespace pomona::sim::idp {
namespace {

constexpr std::size_t id_bytes = 16;
constexpr std::size_t max_relay_state = 4096; ///< SAML bindings: 80 octets, which nobody keeps to

net::response not_a_party(std::string_view why) {
    return page(400, "This is not a service provider of this service",
                "<p>" + html_escape(why) + "</p>\n");
}

/// xs:ID begins with a letter or an underscore.
std::string draw_id(state& s) {
    return "_" + to_hex(s.world->random(id_bytes));
}

/// Browsers send it by the button; no script is needed.
net::response send_by_form(const saml_request& to, std::string_view xml) {
    std::string body = "<form method=\"post\" action=\"" + html_escape(to.acs_url) +
                       "\">\n<input type=\"hidden\" name=\"SAMLResponse\" value=\"" +
                       to_base64(as_bytes(xml)) + "\">\n";
    if (!to.relay_state.empty()) {
        body += "<input type=\"hidden\" name=\"RelayState\" value=\"" +
                html_escape(to.relay_state) + "\">\n";
    }
    return page(200, "Go on", body + "<p><button type=\"submit\">Go on</button></p>\n</form>\n");
}

net::response answer_with(state& s, const saml_request& to, const user* who) {
    const auto now = s.world->now();
    const bool stale = who != nullptr && state::take(s.ordered.stale_assertions);
    const auto begin = stale ? now - std::chrono::hours{2} : now - std::chrono::minutes{1};
    const auto xml = write_saml_response(
        {.response_id = draw_id(s),
         .assertion_id = draw_id(s),
         .issuer = s.issuer + "/saml/metadata",
         .destination = to.acs_url,
         .in_response_to = to.id,
         .audience = to.party,
         .now = now,
         .who = who,
         .not_before = begin,
         .not_after = stale ? now - std::chrono::hours{1} : now + assertion_lifetime},
        s.options.key, s.certificate);
    if (!xml) {
        return page(500, "The answer cannot be signed", "");
    }
    s.note(who == nullptr ? "assertion-refused" : "assertion", who == nullptr ? "" : who->name,
           to.party);
    return send_by_form(to, *xml);
}

} // namespace

net::response answer_saml_metadata(const state& s) {
    net::response out;
    out.headers = {{"Content-Type", "application/samlmetadata+xml"}};
    out.body = to_bytes(write_saml_metadata(s.issuer, s.certificate));
    return out;
}

net::response answer_saml_sso(state& s, const net::request& what) {
    const auto given = parameters_of(what);
    const auto encoded = given ? text_of(*given, "SAMLRequest") : std::string{};
    if (encoded.empty() || has_repeated(*given)) {
        return not_a_party("SAMLRequest is missing.");
    }
    auto xml = inflate_request(encoded);
    if (what.method == "POST") { // SAML bindings section 3.5.4: base64 alone
        const auto raw = from_base64_liberal(encoded);
        xml = raw ? result<std::string>{to_text(bytes_view{*raw})} : xml;
    }
    const auto asked = xml ? read_authn_request(*xml) : std::unexpected(xml.error());
    if (!asked) {
        return not_a_party("The request cannot be read: " + asked.error().message());
    }
    const auto party = s.parties.find(asked->issuer);
    if (party == s.parties.end()) {
        return not_a_party("There is none with this entity id.");
    }
    const auto& known = party->second.acs_urls;
    saml_request waiting{.party = party->first,
                         .acs_url = asked->acs_url.empty() ? known.front() : asked->acs_url,
                         .id = asked->id.substr(0, max_relay_state),
                         .relay_state = text_of(*given, "RelayState")};
    // SAML profiles section 4.1.4.1: answers go to nobody else.
    if (std::ranges::find(known, waiting.acs_url) == known.end()) {
        return not_a_party("The AssertionConsumerServiceURL is none of this service provider.");
    }
    if (!asked->destination.empty() && asked->destination != s.issuer + "/saml/sso") {
        return not_a_party("The request is meant for another service.");
    }
    if (waiting.relay_state.size() > max_relay_state) {
        return not_a_party("RelayState is too long.");
    }
    return ask_to_sign_in(s, {.what = std::move(waiting), .hint = {}});
}

net::response finish_saml(state& s, const saml_request& to, const user& who) {
    return answer_with(s, to, &who);
}

net::response refuse_saml(state& s, const saml_request& to) {
    return answer_with(s, to, nullptr);
}

} // namespace pomona::sim::idp
