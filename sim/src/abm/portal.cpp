#include "abm/portal.hpp"

#include "abm/device_json.hpp"
#include "json_calls.hpp"
#include "pomona/foundation/encoding.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace pomona::sim::abm {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t max_listed = 1000;
constexpr std::size_t server_id_bytes = 16;

struct portal_call {
    service& to;
    net::world& world;
    const net::request& what;
    json body;
    std::vector<std::string> path; ///< segments after /portal/
    [[nodiscard]] std::string text(const char* key) const { return text_in(body, key); }
    [[nodiscard]] std::uint32_t number(const char* key, std::uint32_t otherwise) const {
        const auto found = body.find(key);
        return found == body.end() || !found->is_number_unsigned() ? otherwise
                                                                   : found->get<std::uint32_t>();
    }
    [[nodiscard]] std::optional<bool> flag(const char* key) const {
        const auto found = body.find(key);
        return found == body.end() || !found->is_boolean() ? std::nullopt
                                                           : std::optional{found->get<bool>()};
    }
};

net::reply wrong(std::string_view why) {
    return json_refusal(400, why);
}
net::reply absent(std::string_view what) {
    return json_refusal(404, what);
}

json server_json(const server_entry& s) {
    return {{"id", s.id},
            {"name", s.name},
            {"devices", s.devices.size()},
            {"profiles", s.profiles.size()},
            {"has_certificate", s.certificate.has_value()},
            {"token_expires", s.token ? json(dep_time(s.token->expires)) : json(nullptr)}};
}

net::reply show(portal_call& c) {
    const auto& org = c.to.org();
    json servers = json::array();
    for (const auto* s : org.servers()) {
        servers.push_back(server_json(*s));
    }
    return json_reply(200, {{"organisation", org.details.name},
                            {"terms_accepted", org.terms_accepted},
                            {"devices", org.device_count()},
                            {"servers", std::move(servers)}});
}

/// The certificate of a public key that was uploaded.
result<crypto::certificate> certificate_in(const portal_call& c) {
    auto all = crypto::certificate::from_pem(c.world.crypto(), as_bytes(c.text("certificate")));
    if (!all) {
        return std::unexpected(all.error());
    }
    return all->front();
}

/// Credentials that a client has already: {"consumer_key": …, …}. Nullopt when one is missing.
std::optional<pomona::abm::server_token> token_in(const json& body, time_point now) {
    pomona::abm::server_token t{.consumer_key = text_in(body, "consumer_key"),
                                .consumer_secret = text_in(body, "consumer_secret"),
                                .access_token = text_in(body, "access_token"),
                                .access_secret = text_in(body, "access_secret"),
                                .expires = from_rfc3339(text_in(body, "access_token_expiry"))
                                               .value_or(now + std::chrono::days{365})};
    return t.consumer_key.empty() || t.consumer_secret.empty() || t.access_token.empty() ||
                   t.access_secret.empty()
               ? std::nullopt
               : std::optional{std::move(t)};
}
constexpr std::string_view token_needs =
    "consumer_key, consumer_secret, access_token and access_secret are needed";

/// An entry without a certificate, for a client with credentials of its own.
net::reply add_server_with_token(portal_call& c, const std::string& name, const json& token) {
    auto read = token.is_object() ? token_in(token, c.world.now()) : std::nullopt;
    if (!read) {
        return wrong(token_needs);
    }
    const auto id = to_hex_upper(c.world.random(server_id_bytes));
    c.to.org().add_server(id, name, c.world.now())->token = *std::move(read);
    return json_reply(201, server_json(*c.to.org().find_server(id)));
}

/// {"name", "certificate"} or {"name", "token"}.
net::reply add_server(portal_call& c) {
    const auto name = c.text("name");
    if (name.empty()) {
        return wrong("name is needed");
    }
    if (const auto token = c.body.find("token"); token != c.body.end()) {
        return add_server_with_token(c, name, *token);
    }
    auto cert = certificate_in(c);
    if (!cert || !cert->key_is_rsa()) {
        return wrong("certificate is the PEM of a certificate with an RSA key");
    }
    const auto id = c.to.add_server(name, *std::move(cert));
    return json_reply(201, server_json(*c.to.org().find_server(id)));
}

net::reply remove_server(portal_call& c) {
    return c.to.org().remove_server(c.path[1], c.world.now()) ? json_reply(200, json::object())
                                                              : absent("no such server");
}

net::reply download_token(portal_call& c) {
    auto file = c.to.download_token(c.path[1]);
    if (!file) {
        return absent(file.error().message());
    }
    net::reply out;
    out.what.headers = {
        {"content-type", "application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m"}};
    out.what.body = to_bytes(*file);
    return out;
}

net::reply seed_token(portal_call& c) {
    auto token = token_in(c.body, c.world.now());
    if (!token) {
        return wrong(token_needs);
    }
    const auto done = c.to.seed_token(c.path[1], *std::move(token));
    return done ? json_reply(200, json::object()) : absent(done.error().message());
}

std::optional<device_record> device_in(const json& item) {
    if (!item.is_object()) {
        return std::nullopt;
    }
    const auto text = [&](const char* key, const std::string& otherwise) {
        auto found = text_in(item, key);
        return found.empty() ? otherwise : found;
    };
    device_record out;
    out.serial = serial_number{text("serial", "")};
    out.model = text("model", out.model);
    out.description = text("description", {});
    out.color = text("color", out.color);
    out.asset_tag = text("asset_tag", {});
    out.family = text("family", out.family);
    out.os = text("os", out.os);
    out.product_type = text("product_type", "Mac14,2");
    out.server = text("server", {});
    out.assigned_by = text("assigned_by", "admin@example.org");
    return out.serial.value().empty() || out.serial.value().size() > 64 ? std::nullopt
                                                                        : std::optional{out};
}

/// {"devices": [{"serial", "server"…}, …]}: all, or none when one is wrong.
net::reply add_devices(portal_call& c) {
    const auto found = c.body.find("devices");
    if (found == c.body.end() || !found->is_array()) {
        return wrong("devices is a list");
    }
    std::vector<device_record> all;
    for (const auto& item : *found) {
        auto device = device_in(item);
        if (!device) {
            return wrong("each device has a serial of up to 64 characters");
        }
        if (!device->server.empty() && c.to.org().find_server(device->server) == nullptr) {
            return wrong("no such server: " + device->server);
        }
        all.push_back(*std::move(device));
    }
    std::size_t added = 0;
    for (auto& device : all) {
        added += c.to.org().add_device(std::move(device), c.world.now()) ? 1 : 0;
    }
    return json_reply(200, {{"added", added}, {"known", all.size() - added}});
}

net::reply list_devices(portal_call& c) {
    json out = json::array();
    const auto after = net::query_parameter(c.what.target, "after").value_or("");
    for (const auto& d : c.to.org().devices(after, max_listed)) {
        auto one = device_json(*d, 1000);
        one["server"] = d->server;
        out.push_back(std::move(one));
    }
    return json_reply(200, {{"devices", std::move(out)}});
}

net::reply assign_device(portal_call& c) {
    const auto by = c.text("by");
    return c.to.org().assign(c.path[1], c.text("server"), by.empty() ? "admin@example.org" : by,
                             c.world.now())
               ? json_reply(200, json::object())
               : absent("no such device or server, or it is there already");
}

net::reply release_device(portal_call& c) {
    return c.to.org().release(c.path[1], c.world.now()) ? json_reply(200, json::object())
                                                        : absent("no such device");
}

/// {"throttled_seconds", "migration_deadline"}.
net::reply change_device(portal_call& c) {
    const auto seconds = c.number("throttled_seconds", 0);
    const auto deadline = from_rfc3339(c.text("migration_deadline"));
    auto& org = c.to.org();
    const auto serial = c.path[1];
    if (!org.find_device(serial)) {
        return absent("no such device");
    }
    if (seconds > 0) {
        const auto until = c.world.now() + std::chrono::seconds{seconds};
        org.modify_silently(serial, [&](device_record& d) { d.throttled_until = until; });
    }
    if (deadline) {
        org.modify(serial, c.world.now(),
                   [&](device_record& d) { d.migration_deadline = *deadline; });
    }
    return json_reply(200, json::object());
}

net::reply set_terms(portal_call& c) {
    const auto accepted = c.flag("accepted");
    if (!accepted) {
        return wrong("accepted is true or false");
    }
    c.to.org().terms_accepted = *accepted;
    return json_reply(200, json::object());
}

net::reply order_fault(portal_call& c) {
    const auto kind = find_fault(c.text("fault"));
    if (!kind) {
        return wrong("no such fault; GET /portal/faults lists them");
    }
    c.to.order({.what = *kind,
                .server = c.text("server"),
                .path = c.text("path"),
                .times = std::max(1U, c.number("times", 1)),
                .retry_after = std::chrono::seconds{c.number("retry_after_seconds", 60)},
                .retry_as_date = c.flag("retry_as_date").value_or(false)});
    return json_reply(200, json::object());
}

net::reply list_faults(portal_call& /*c*/) {
    json out = json::array();
    for (const auto f : all_faults()) {
        out.push_back({{"name", to_text(f)}, {"about", about(f)}});
    }
    return json_reply(200, {{"faults", std::move(out)}});
}

net::reply clear_faults(portal_call& c) {
    c.to.clear_faults();
    return json_reply(200, json::object());
}

net::reply age_cursors(portal_call& c) {
    c.to.age_cursors();
    return json_reply(200, json::object());
}

net::reply end_sessions(portal_call& c) {
    c.to.end_sessions();
    return json_reply(200, json::object());
}

net::reply set_rules(portal_call& c) {
    auto& r = c.to.rules();
    r.assignments_a_day =
        c.number("assignments_a_day", static_cast<std::uint32_t>(r.assignments_a_day));
    r.max_page = std::max(1U, c.number("max_page", static_cast<std::uint32_t>(r.max_page)));
    r.default_page = std::min<std::size_t>(
        r.max_page,
        std::max(1U, c.number("default_page", static_cast<std::uint32_t>(r.default_page))));
    r.cool_down = std::chrono::seconds{
        c.number("cool_down_seconds",
                 static_cast<std::uint32_t>(
                     std::chrono::duration_cast<std::chrono::seconds>(r.cool_down).count()))};
    r.forbidden_sessions = c.flag("forbidden_sessions").value_or(r.forbidden_sessions);
    r.moving_sessions = c.flag("moving_sessions").value_or(r.moving_sessions);
    auto& org = c.to.org();
    org.has_apple_seed = c.flag("apple_seed").value_or(org.has_apple_seed);
    org.is_supported = c.flag("org_supported").value_or(org.is_supported);
    if (const auto agent = c.body.find("refused_agent");
        agent != c.body.end() && agent->is_string()) {
        const auto begin = agent->get<std::string>();
        r.refused_agents = begin.empty() ? std::vector<std::string>{} : std::vector{begin};
    }
    const auto form = c.text("error_form");
    if (form == "bare" || form == "quoted" || form == "json") {
        r.error_form = form == "bare"     ? error_form::bare
                       : form == "quoted" ? error_form::quoted
                                          : error_form::json;
    } else if (!form.empty()) {
        return wrong("error_form is bare, quoted or json");
    }
    return json_reply(200, json::object());
}

net::reply add_api_account(portal_call& c) {
    auto client = c.text("client_id");
    if (client.empty()) {
        client = "BUSINESSAPI." + c.world.random_uuid();
    }
    auto key_id = c.text("key_id");
    if (key_id.empty()) {
        key_id = c.world.random_uuid();
    }
    const auto key = c.to.add_api_account(client, key_id);
    if (!key) {
        return wrong(key.error().message());
    }
    return json_reply(201,
                      {{"client_id", client}, {"key_id", key_id}, {"private_key", key->to_pem()}});
}

struct portal_route {
    std::string_view method;
    std::array<std::string_view, 3> path; ///< "*": any text; "": none
    net::reply (*run)(portal_call&);
};
constexpr std::array<portal_route, 19> routes{{
    {"GET", {"", "", ""}, show},
    {"POST", {"servers", "", ""}, add_server},
    {"DELETE", {"servers", "*", ""}, remove_server},
    {"POST", {"servers", "*", "token"}, download_token},
    {"PUT", {"servers", "*", "token"}, seed_token},
    {"GET", {"devices", "", ""}, list_devices},
    {"POST", {"devices", "", ""}, add_devices},
    {"PATCH", {"devices", "*", ""}, change_device},
    {"DELETE", {"devices", "*", ""}, release_device},
    {"POST", {"devices", "*", "assign"}, assign_device},
    {"POST", {"terms", "", ""}, set_terms},
    {"GET", {"faults", "", ""}, list_faults},
    {"POST", {"faults", "", ""}, order_fault},
    {"DELETE", {"faults", "", ""}, clear_faults},
    {"POST", {"cursors", "age", ""}, age_cursors},
    {"POST", {"sessions", "end", ""}, end_sessions},
    {"POST", {"rules", "", ""}, set_rules},
    {"POST", {"accounts", "", ""}, add_api_account},
    {"GET", {"servers", "", ""}, show},
}};

bool fits(const portal_route& route, const portal_call& c) {
    for (std::size_t i = 0; i < route.path.size(); ++i) {
        const std::string_view here = i < c.path.size() ? c.path[i] : std::string_view{};
        if (route.path[i] == "*" ? here.empty() : here != route.path[i]) {
            return false;
        }
    }
    return c.path.size() <= route.path.size();
}

/// Nullopt for a broken escape or another prefix.
std::optional<std::vector<std::string>> segments_of(std::string_view path) {
    constexpr std::string_view prefix = "/portal";
    if (!path.starts_with(prefix)) {
        return std::nullopt;
    }
    path.remove_prefix(prefix.size());
    std::vector<std::string> out;
    while (!path.empty() && path != "/") {
        path.remove_prefix(1);
        auto one = percent_decode(path.substr(0, path.find('/')));
        if (!one || out.size() > 3) {
            return std::nullopt;
        }
        out.push_back(*std::move(one));
        path.remove_prefix(std::min(path.find('/'), path.size()));
    }
    return out;
}

} // namespace

net::reply answer_portal(service& s, net::world& world, const net::request& what) {
    auto path = segments_of(net::path_of(what.target));
    if (!path) {
        return absent("no such path");
    }
    auto body = json_object_of(what);
    if (!body) {
        return wrong("the body is not a JSON object");
    }
    portal_call call{
        .to = s, .world = world, .what = what, .body = *std::move(body), .path = *std::move(path)};
    bool is_path = false;
    for (const auto& route : routes) {
        if (fits(route, call)) {
            if (route.method == what.method) {
                return route.run(call);
            }
            is_path = true;
        }
    }
    return is_path ? json_refusal(405, "not this method") : absent("no such path");
}

} // namespace pomona::sim::abm
