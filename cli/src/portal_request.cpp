#include "ctl.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/scenario/source.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace pomona::cli {
namespace {

using json = nlohmann::ordered_json;
using words = std::vector<std::string>; ///< operands, the verb left out

struct call_input {
    const words& operands;
    const portal_extras& extra;
    std::string prefix; ///< of the service's calls
};
using made = std::expected<portal_request, std::string>;

portal_request post(std::string path, const json& body) {
    return {.method = "POST", .path = std::move(path), .body = body.dump()};
}

/// "assignments_a_day=1": numbers and booleans as such.
std::expected<json, std::string> pairs(std::span<const std::string> all) {
    json body = json::object();
    for (const auto& word : all) {
        const auto equals = word.find('=');
        if (equals == std::string::npos) {
            return std::unexpected("`" + word + "` is no NAME=VALUE");
        }
        const auto text = word.substr(equals + 1);
        unsigned number = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (text == "true" || text == "false") {
            body[word.substr(0, equals)] = text == "true";
        } else if (failed == std::errc{} && end == text.data() + text.size() &&
                   (text == "0" || text.front() != '0')) {
            body[word.substr(0, equals)] = number;
        } else {
            body[word.substr(0, equals)] = text;
        }
    }
    return body;
}

made rules(const call_input& in) {
    const auto body = pairs(in.operands);
    return body ? made{post(in.prefix + "/rules", *body)} : std::unexpected(body.error());
}

made push_fault(const call_input& in) {
    auto body = pairs(std::span{in.operands}.subspan(1));
    if (!body) {
        return std::unexpected(body.error());
    }
    if (const auto token = body->find("token"); token != body->end() && token->is_number()) {
        *token = token->dump(); // hex, even where it is all digits
    }
    (*body)["fault"] = in.operands[0];
    (*body)["times"] = in.extra.times;
    return post("/push/faults", *body);
}

made terms(const call_input& in) {
    if (in.operands[0] != "accept" && in.operands[0] != "withdraw") {
        return std::unexpected("terms are accepted or withdrawn: `accept` or `withdraw`, not `" +
                               in.operands[0] + "`");
    }
    return post("/portal/terms", {{"accepted", in.operands[0] == "accept"}});
}

made add(const call_input& in) {
    if (in.extra.file.empty() == in.operands.empty()) {
        return std::unexpected("devices come from --file or as SERIAL [SERVER]");
    }
    if (!in.extra.file.empty()) {
        return portal_request{.method = "POST", .path = "/portal/devices", .body = in.extra.file};
    }
    json device{{"serial", in.operands[0]}};
    if (in.operands.size() > 1) {
        device["server"] = in.operands[1];
    }
    return post("/portal/devices", {{"devices", json::array({std::move(device)})}});
}

/// "Create", or "Renew" with --entry.
made certificate(const call_input& in) {
    json body{{"upload", in.extra.file}};
    if (!in.operands.empty()) {
        body["kind"] = in.operands[0];
    }
    if (!in.extra.entry.empty()) {
        body["entry"] = in.extra.entry;
    }
    return post("/push/certificates", body);
}

portal_request get(std::string path) {
    return {.method = "GET", .path = std::move(path), .body = {}};
}

json with_times(const call_input& in, json body) {
    body["times"] = in.extra.times;
    return body;
}

/// Users, one by hand or those of --file (JSON, "users").
made idp_user(const call_input& in) {
    if (in.extra.file.empty() == in.operands.empty()) {
        return std::unexpected("users come from --file or as NAME PASSWORD [EMAIL]");
    }
    if (!in.extra.file.empty()) {
        return portal_request{.method = "POST", .path = "/idp/users", .body = in.extra.file};
    }
    if (in.operands.size() < 2) {
        return std::unexpected("a user has NAME and PASSWORD");
    }
    json body{{"name", in.operands[0]}, {"password", in.operands[1]}};
    if (in.operands.size() > 2) {
        body["email"] = in.operands[2];
    }
    return post("/idp/users", body);
}

made idp_deny(const call_input& in) {
    return post("/idp/deny", with_times(in, {{"user", in.operands.empty() ? "" : in.operands[0]}}));
}

made idp_party(const call_input& in) {
    const json acs(words{in.operands.begin() + 1, in.operands.end()});
    return post("/idp/parties", {{"entity_id", in.operands[0]}, {"acs_urls", acs}});
}

made signing_key(const call_input& in) {
    const json topics(words{in.operands.begin() + 2, in.operands.end()});
    return post("/push/keys",
                {{"key_id", in.operands[0]}, {"team", in.operands[1]}, {"topics", topics}});
}

struct verb {
    std::string_view service;
    std::string_view name;
    std::string_view operands;
    std::string_view about;
    std::size_t least, most;
    made (*make)(const call_input&);
};
constexpr std::array<verb, 33> verbs{{
    {"abm", "show", "", "servers, devices, terms, and the root to trust", 0, 0,
     [](const call_input&) -> made { return get("/portal"); }},
    {"abm", "devices", "", "the devices, 1,000 at most", 0, 0,
     [](const call_input&) -> made { return get("/portal/devices"); }},
    {"abm", "faults", "", "the faults that can be ordered", 0, 0,
     [](const call_input&) -> made { return get("/portal/faults"); }},
    {"abm", "add-server", "NAME", "an MDM server entry; --file FILE is its certificate, PEM", 1, 1,
     [](const call_input& in) -> made {
         return post("/portal/servers", {{"name", in.operands[0]}, {"certificate", in.extra.file}});
     }},
    {"abm", "token", "SERVER", "a new token, encrypted (.p7m), into --out-file FILE", 1, 1,
     [](const call_input& in) -> made {
         return post("/portal/servers/" + percent_encode(in.operands[0]) + "/token",
                     json::object());
     }},
    {"abm", "add", "[SERIAL [SERVER]]", "a device, or those of --file FILE (JSON, \"devices\")", 0,
     2, add},
    {"abm", "move", "SERIAL SERVER", "to another server; \"\" unassigns it", 2, 2,
     [](const call_input& in) -> made {
         return post("/portal/devices/" + percent_encode(in.operands[0]) + "/assign",
                     {{"server", in.operands[1]}});
     }},
    {"abm", "remove", "SERIAL", "out of the organisation", 1, 1,
     [](const call_input& in) -> made {
         return portal_request{"DELETE", "/portal/devices/" + percent_encode(in.operands[0]), ""};
     }},
    {"abm", "terms", "accept|withdraw", "the organisation's newest terms", 1, 1, terms},
    {"abm", "fault", "NAME", "disturbs the next --times N requests", 1, 1,
     [](const call_input& in) -> made {
         return post("/portal/faults", {{"fault", in.operands[0]}, {"times", in.extra.times}});
     }},
    {"abm", "age-cursors", "", "every cursor given out so far is too old", 0, 0,
     [](const call_input&) -> made { return post("/portal/cursors/age", json::object()); }},
    {"abm", "rules", "RULE=VALUE...", "assignments_a_day, max_page, error_form and others", 1, 20,
     rules},
    {"abm", "account", "", "a new account of the business API, with its key", 0, 0,
     [](const call_input&) -> made { return post("/portal/accounts", json::object()); }},
    {"idp", "show", "", "issuer, addresses, clients and what is ordered", 0, 0,
     [](const call_input&) -> made { return get("/idp"); }},
    {"idp", "log", "", "who signed in lately, and what was refused", 0, 0,
     [](const call_input&) -> made { return get("/idp/log"); }},
    {"idp", "users", "", "who can sign in, 1,000 at most", 0, 0,
     [](const call_input&) -> made { return get("/idp/users"); }},
    {"idp", "user", "[NAME PASSWORD [EMAIL]]", "a user, or those of --file FILE (JSON, \"users\")",
     0, 3, idp_user},
    {"idp", "remove-user", "NAME", "cannot sign in any more", 1, 1,
     [](const call_input& in) -> made {
         return portal_request{"DELETE", "/idp/users/" + percent_encode(in.operands[0]), ""};
     }},
    {"idp", "client", "REDIRECT-URI...", "an OpenID Connect client: id and secret", 1, 20,
     [](const call_input& in) -> made {
         return post("/idp/clients", {{"redirect_uris", in.operands}});
     }},
    {"idp", "party", "ENTITY-ID ACS-URL...", "a SAML service provider", 2, 20, idp_party},
    {"idp", "deny", "[USER]", "the next --times N sign-ins, of USER or of anybody", 0, 1, idp_deny},
    {"idp", "expire", "WHAT", "the next --times N of code, token, assertion; or given-out", 1, 1,
     [](const call_input& in) -> made {
         return post("/idp/expire", with_times(in, {{"what", in.operands[0]}}));
     }},
    {"idp", "reset", "", "nothing is denied or expired on purpose any more", 0, 0,
     [](const call_input&) -> made { return post("/idp/reset", json::object()); }},
    {"apns", "log", "", "what was pushed lately, and what became of it", 0, 0,
     [](const call_input&) -> made { return get("/push"); }},
    {"apns", "sign", "", "as an MDM vendor: --file REQUEST (PEM) to the text of an upload", 0, 0,
     [](const call_input& in) -> made {
         return post("/push/requests/sign", {{"request", in.extra.file}});
     }},
    {"apns", "certificate", "[KIND]",
     "for the upload --file FILE; --entry ENTRY renews. KIND: good, expired, no-uid...", 0, 1,
     certificate},
    {"apns", "revoke", "SERIAL", "that push certificate is refused from now on", 1, 1,
     [](const call_input& in) -> made {
         return post("/push/certificates/revoke", {{"serial", in.operands[0]}});
     }},
    {"apns", "end-token", "TOKEN [REASON]", "410 from now on; Unregistered or ExpiredToken", 1, 2,
     [](const call_input& in) -> made {
         return post("/push/tokens/end",
                     {{"token", in.operands[0]},
                      {"reason", in.operands.size() > 1 ? in.operands[1] : "Unregistered"}});
     }},
    {"apns", "key", "KEY-ID TEAM TOPIC...", "a signing key for provider tokens of these topics", 3,
     50, signing_key},
    {"apns", "rules", "RULE=VALUE...", "silent_drop, pushes_a_minute, outage and others", 1, 20,
     rules},
    {"apns", "faults", "", "the faults that can be ordered, and those that wait", 0, 0,
     [](const call_input&) -> made { return get("/push/faults"); }},
    {"apns", "fault", "NAME [KEY=VALUE...]",
     "disturbs the next --times N pushes; token, topic, percent, seconds, reason", 1, 6,
     push_fault},
    {"apns", "goaway", "", "every connection ends as when an instance of Apple's goes away", 0, 0,
     [](const call_input&) -> made { return post("/push/connections/end", json::object()); }},
}};

} // namespace

std::expected<portal_request, std::string> portal_request_for(const std::vector<std::string>& all,
                                                              const portal_extras& extra) {
    const auto service = all.empty() ? std::string{} : all[0];
    if (service != "abm" && service != "apns" && service != "idp") {
        return std::unexpected(service.empty() ? "what is to be worked, `abm`, `apns` or `idp`?"
                                               : "there is no `ctl " + service +
                                                     "`; it works `abm`, `apns` and `idp`");
    }
    std::vector<std::string_view> names;
    const verb* found = nullptr;
    for (const auto& v : verbs) {
        if (v.service == service) {
            names.push_back(v.name);
            found = all.size() > 1 && v.name == all[1] ? &v : found;
        }
    }
    if (found == nullptr) {
        const auto asked = all.size() > 1 ? all[1] : std::string{};
        const auto near = asked.empty() ? std::string{} : scenario::nearest(asked, names);
        return std::unexpected("there is no `ctl " + service + ' ' + asked + '`' +
                               (near.empty() ? "; `pomona ctl --help` has the verbs"
                                             : "; did you mean `" + near + "`?"));
    }
    const words operands{all.begin() + 2, all.end()};
    if (operands.size() < found->least || operands.size() > found->most) {
        return std::unexpected(
            "`ctl " + service + ' ' + all[1] + "` takes " +
            (found->operands.empty() ? "no operand" : std::string{found->operands}));
    }
    return found->make(
        {.operands = operands, .extra = extra, .prefix = service == "abm" ? "/portal" : "/push"});
}

std::string portal_verbs() {
    std::string out;
    for (const auto& v : verbs) {
        auto line = "  " + std::string{v.service} + ' ' + std::string{v.name} + ' ' +
                    std::string{v.operands};
        line.resize(std::max<std::size_t>(32, line.size() + 1), ' ');
        out += line + std::string{v.about} + '\n';
    }
    return out;
}

} // namespace pomona::cli
