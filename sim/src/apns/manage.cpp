#include "apns/manage.hpp"

#include "apns/push_upload.hpp"
#include "json_calls.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/signature.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace pomona::sim::apns {
namespace {

using json = nlohmann::ordered_json;
using pomona::apns::reason;

struct push_call {
    service& to;
    net::world& world;
    const push_log& log;
    json body;
    [[nodiscard]] std::string text(const char* key) const { return text_in(body, key); }
};

net::reply wrong(std::string_view why) {
    return json_refusal(400, why);
}

net::reply show(push_call& c) {
    json pushes = json::array();
    for (const auto& e : c.log.entries()) {
        json one{{"at", to_rfc3339_nanos(e.at)}, {"apns-id", e.id}, {"topic", e.for_topic.value()}};
        one["token"] = e.token ? json(to_hex(e.token->value())) : json(nullptr);
        one["status"] = e.refused ? pomona::apns::status_of(*e.refused) : 200;
        if (e.refused) {
            one["reason"] = pomona::apns::to_text(*e.refused);
        } else {
            one["delivered"] = e.delivered;
        }
        pushes.push_back(std::move(one));
    }
    return json_reply(200, {{"pushes", std::move(pushes)}});
}

/// What an MDM vendor does for its customers: signs the request (PEM or base64 of DER) and makes
/// the text for the upload.
net::reply sign_request(push_call& c) {
    auto text = c.text("request");
    std::erase(text, '\r');
    if (const auto begin = text.find("-----\n"); begin != std::string::npos) {
        text = text.substr(begin + 6);
        text = text.substr(0, text.find("-----END"));
    }
    const auto request = from_base64_liberal(text);
    if (!request || !crypto::read_request(c.world.crypto(), *request)) {
        return wrong("request is a certification request: PEM, or base64 of its DER");
    }
    const auto vendor = crypto::private_key::generate_rsa(c.world.crypto());
    if (!vendor) {
        return json_refusal(500, vendor.error().message());
    }
    const auto chain = c.to.portal().vendor_chain(*vendor, c.world.now());
    const auto signature = crypto::sign_sha256(*request, *vendor);
    if (!chain || !signature) {
        return json_refusal(500, "the vendor cannot sign");
    }
    return json_reply(200, {{"upload", write_push_upload(*request, *signature, *chain)}});
}

/// {"upload", "entry" for a renewal, "kind"}.
net::reply issue(push_call& c) {
    const auto kind = find_push_certificate_kind(c.body.contains("kind") ? c.text("kind") : "good");
    if (!kind) {
        return wrong("kind is good, expired, sandbox-only, no-uid or other-topic");
    }
    const auto& ctx = c.world.crypto();
    const auto entry = c.text("entry");
    const auto now = c.world.now();
    const auto made = entry.empty() ? c.to.portal().create(ctx, c.text("upload"), now, *kind)
                                    : c.to.portal().renew(ctx, entry, c.text("upload"), now, *kind);
    if (!made) {
        return wrong(made.error().detail);
    }
    return json_reply(201, {{"entry", made->entry},
                            {"topic", made->for_topic.value()},
                            {"serial", made->cert.serial_hex()},
                            {"certificate", made->cert.pem()}});
}

net::reply revoke(push_call& c) {
    const auto serial = c.text("serial");
    if (serial.empty()) {
        return wrong("serial is needed, as the certificate's issue told it");
    }
    c.to.portal().revoke(serial);
    return json_reply(200, json::object());
}

/// {"token", "reason": "Unregistered" or "ExpiredToken"}.
net::reply end_token(push_call& c) {
    const auto raw = from_hex(c.text("token"));
    const auto why = c.text("reason");
    if (!raw || (!why.empty() && why != "Unregistered" && why != "ExpiredToken")) {
        return wrong("token is hex; reason is Unregistered or ExpiredToken");
    }
    const bool done = c.to.end_token(
        push_token{*raw}, why == "ExpiredToken" ? reason::expired_token : reason::unregistered);
    return done ? json_reply(200, json::object()) : json_refusal(404, "no such live token");
}

/// A team's key for provider tokens; it is made here and given out once.
net::reply add_key(push_call& c) {
    signing_key key{
        .key_id = c.text("key_id"), .team = c.text("team"), .public_key = {}, .topics = {}};
    const auto topics = c.body.find("topics");
    if (key.key_id.empty() || key.team.empty() || topics == c.body.end() || !topics->is_array()) {
        return wrong("key_id, team and a list of topics are needed");
    }
    for (const auto& one : *topics) {
        if (!one.is_string()) {
            return wrong("topics is a list of texts");
        }
        key.topics.emplace_back(one.get<std::string>());
    }
    const auto made = crypto::private_key::generate_p256(c.world.crypto());
    if (!made) {
        return json_refusal(500, made.error().message());
    }
    key.public_key = made->public_key_info();
    c.to.add_signing_key(std::move(key));
    return json_reply(201, {{"private_key", made->to_pem()}});
}

net::reply set_rules(push_call& c) {
    auto rules = c.to.current_rules();
    if (const auto on = c.body.find("silent_drop"); on != c.body.end() && on->is_boolean()) {
        rules.silent_drop = on->get<bool>();
    }
    if (const auto n = c.body.find("pushes_a_minute");
        n != c.body.end() && n->is_number_unsigned()) {
        rules.pushes_a_minute = std::min<std::size_t>(n->get<std::size_t>(), 1000);
    }
    c.to.set_rules(rules);
    return json_reply(200, json::object());
}

struct push_route {
    std::string_view method;
    std::string_view path;
    net::reply (*run)(push_call&);
};
constexpr std::array<push_route, 7> routes{{
    {"GET", "/push", show},
    {"POST", "/push/requests/sign", sign_request},
    {"POST", "/push/certificates", issue},
    {"POST", "/push/certificates/revoke", revoke},
    {"POST", "/push/tokens/end", end_token},
    {"POST", "/push/keys", add_key},
    {"POST", "/push/rules", set_rules},
}};

} // namespace

net::reply answer_push_calls(service& s, net::world& world, const push_log& log,
                             const net::request& what) {
    const auto path = net::path_of(what.target);
    auto body = json_object_of(what);
    if (!body) {
        return wrong("the body is not a JSON object");
    }
    push_call call{.to = s, .world = world, .log = log, .body = *std::move(body)};
    const auto* found = std::ranges::find_if(
        routes, [&](const push_route& r) { return r.path == path && r.method == what.method; });
    if (found != routes.end()) {
        return found->run(call);
    }
    const bool is_path = std::ranges::find(routes, path, &push_route::path) != routes.end();
    return json_refusal(is_path ? 405 : 404, is_path ? "not this method" : "no such path");
}

} // namespace pomona::sim::apns
