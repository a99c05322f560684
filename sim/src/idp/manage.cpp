// The calls by which somebody works the provider: users, clients, denial, expiry, what happened.
#include "idp/answers.hpp"
#include "json_calls.hpp"
#include "pomona/foundation/encoding.hpp"

#include <array>

namespace pomona::sim::idp {
namespace {

using json = nlohmann::ordered_json;

constexpr unsigned most_times = 1'000'000;

struct management {
    state& s;
    json body;
    std::string rest; ///< behind the resource, decoded
    [[nodiscard]] std::string text(const char* key) const { return text_in(body, key); }
    [[nodiscard]] unsigned times() const {
        const auto found = body.find("times");
        const auto given = found != body.end() && found->is_number_unsigned()
                               ? found->get<std::uint64_t>()
                               : std::uint64_t{1};
        return static_cast<unsigned>(std::clamp<std::uint64_t>(given, 1, most_times));
    }
    [[nodiscard]] std::vector<std::string> texts(const char* key) const {
        std::vector<std::string> out;
        const auto found = body.find(key);
        for (const auto& item : found != body.end() && found->is_array() ? *found : json::array()) {
            if (item.is_string() && out.size() < 100) {
                out.push_back(item.get<std::string>());
            }
        }
        return out;
    }
};

net::reply done() {
    return json_reply(200, json::object());
}

net::reply show(management& m) {
    const auto& s = m.s;
    json denials = json::array();
    for (const auto& d : s.ordered.denials) {
        denials.push_back({{"user", d.user}, {"times", d.times}});
    }
    json clients = json::array();
    for (const auto& [id, one] : s.clients) {
        clients.push_back({{"client_id", id},
                           {"public", one.secret.empty()},
                           {"redirect_uris", one.redirect_uris}});
    }
    json parties = json::array();
    for (const auto& [id, one] : s.parties) {
        parties.push_back({{"entity_id", id}, {"acs_urls", one.acs_urls}});
    }
    return json_reply(200,
                      {{"issuer", s.issuer},
                       {"openid_configuration", s.issuer + "/.well-known/openid-configuration"},
                       {"saml_metadata", s.issuer + "/saml/metadata"},
                       {"users", s.users.size()},
                       {"clients", std::move(clients)},
                       {"parties", std::move(parties)},
                       {"denials", std::move(denials)},
                       {"expire",
                        {{"code", s.ordered.expired_codes},
                         {"token", s.ordered.expired_tokens},
                         {"assertion", s.ordered.stale_assertions}}}});
}

net::reply show_log(management& m) {
    json lines = json::array();
    for (const auto& l : m.s.log) {
        json line{{"at", to_rfc3339(l.at)}, {"what", l.what}};
        for (const auto& [key, text] :
             {std::pair{"user", &l.user}, {"party", &l.party}, {"detail", &l.detail}}) {
            if (!text->empty()) {
                line[key] = *text;
            }
        }
        lines.push_back(std::move(line));
    }
    return json_reply(200, {{"log", std::move(lines)}});
}

net::reply list_users(management& m) {
    json all = json::array();
    for (const auto& [name, one] : m.s.users) {
        if (all.size() < 1000) {
            all.push_back({{"name", name}, {"email", one.email}, {"full_name", one.full_name}});
        }
    }
    return json_reply(200, {{"users", std::move(all)}});
}

bool add_one_user(state& s, const json& from) {
    return from.is_object() && s.add(user{.name = text_in(from, "name"),
                                          .password = text_in(from, "password"),
                                          .email = text_in(from, "email"),
                                          .full_name = text_in(from, "full_name")});
}

/// One user, or {"users": […]}.
net::reply add_users(management& m) {
    const auto list = m.body.find("users");
    const auto all = list != m.body.end() && list->is_array() ? *list : json::array({m.body});
    for (const auto& one : all) {
        if (!add_one_user(m.s, one)) {
            return json_refusal(400, "a user has name and password");
        }
    }
    return done();
}

net::reply remove_user(management& m) {
    return m.s.users.erase(m.rest) > 0 ? done() : json_refusal(404, "there is no such user");
}

net::reply add_client(management& m) {
    client one{.id = m.text("client_id"),
               .secret = m.text("client_secret"),
               .redirect_uris = m.texts("redirect_uris")};
    const auto is_public = m.body.find("public");
    const bool without_secret =
        is_public != m.body.end() && is_public->is_boolean() && is_public->get<bool>();
    if (one.redirect_uris.empty()) {
        return json_refusal(400, "redirect_uris is needed: where users come back to");
    }
    if (one.id.empty()) {
        one.id = m.s.world->random_uuid();
    }
    if (one.secret.empty() && !without_secret) {
        one.secret = m.s.draw();
    }
    const json told{{"client_id", one.id}, {"client_secret", one.secret}};
    return m.s.add(std::move(one)) ? json_reply(201, told)
                                   : json_refusal(409, "there are too many clients");
}

net::reply add_party(management& m) {
    party one{.entity_id = m.text("entity_id"), .acs_urls = m.texts("acs_urls")};
    if (one.entity_id.empty() || one.acs_urls.empty()) {
        return json_refusal(400, "entity_id and acs_urls are needed");
    }
    return m.s.add(std::move(one)) ? json_reply(201, json::object())
                                   : json_refusal(409, "there are too many service providers");
}

net::reply deny(management& m) {
    m.s.ordered.denials.push_back({.user = m.text("user"), .times = m.times()});
    return done();
}

/// The next codes, tokens or assertions; "given-out": all tokens so far.
net::reply expire(management& m) {
    const auto what = m.text("what");
    auto& o = m.s.ordered;
    if (what == "code") {
        o.expired_codes = m.times();
    } else if (what == "token") {
        o.expired_tokens = m.times();
    } else if (what == "assertion") {
        o.stale_assertions = m.times();
    } else if (what == "given-out") {
        const auto now = m.s.world->now();
        m.s.codes.end_all(now);
        m.s.access_tokens.end_all(now);
        m.s.refresh_tokens.end_all(now);
    } else {
        return json_refusal(400, "what expires is code, token, assertion or given-out");
    }
    return done();
}

net::reply reset(management& m) {
    m.s.ordered = {};
    return done();
}

struct management_route {
    std::string_view method, resource;
    bool takes_rest;
    net::reply (*run)(management&);
};
constexpr std::array<management_route, 10> routes{{{"GET", "", false, show},
                                                   {"GET", "log", false, show_log},
                                                   {"GET", "users", false, list_users},
                                                   {"POST", "users", false, add_users},
                                                   {"DELETE", "users", true, remove_user},
                                                   {"POST", "clients", false, add_client},
                                                   {"POST", "parties", false, add_party},
                                                   {"POST", "deny", false, deny},
                                                   {"POST", "expire", false, expire},
                                                   {"POST", "reset", false, reset}}};

} // namespace

net::reply answer_management(state& s, const net::request& what) {
    constexpr std::string_view prefix = "/idp";
    auto path = net::path_of(what.target);
    path.remove_prefix(std::min(prefix.size(), path.size()));
    path.remove_prefix(path.starts_with('/') ? 1 : 0);
    const auto slash = std::min(path.find('/'), path.size());
    const auto resource = path.substr(0, slash);
    auto rest = percent_decode(path.substr(std::min(slash + 1, path.size())));
    auto body = json_object_of(what);
    if (!body || !rest) {
        return json_refusal(400, "the body is not a JSON object");
    }
    management m{.s = s, .body = *std::move(body), .rest = *std::move(rest)};
    bool is_path = false;
    for (const auto& route : routes) {
        if (route.resource == resource && route.takes_rest == !m.rest.empty()) {
            if (route.method == what.method) {
                return route.run(m);
            }
            is_path = true;
        }
    }
    return is_path ? json_refusal(405, "not this method") : json_refusal(404, "no such path");
}

} // namespace pomona::sim::idp
