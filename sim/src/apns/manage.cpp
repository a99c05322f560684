#include "apns/manage.hpp"

#include "apns/push_upload.hpp"
#include "json_calls.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/signature.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>

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
        if (e.disturbed) {
            one["fault"] = name_of(*e.disturbed);
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

struct switch_rule {
    std::string_view name;
    bool rules::* value;
};
constexpr std::array<switch_rule, 4> switches{{
    {"silent_drop", &rules::silent_drop},
    {"any_token_length", &rules::any_token_length},
    {"one_stream_first", &rules::one_stream_first},
    {"one_stream_after_refusal", &rules::one_stream_after_refusal},
}};

/// One rule of a set; what is wrong with it, if anything.
std::optional<std::string> set_rule(rules& all, const std::string& name, const json& value) {
    const auto* const on = std::ranges::find(switches, name, &switch_rule::name);
    if (on != switches.end()) {
        if (!value.is_boolean()) {
            return name + " is true or false";
        }
        all.*(on->value) = value.get<bool>();
        return std::nullopt;
    }
    if (name == "pushes_a_minute") {
        if (!value.is_number_unsigned()) {
            return name + " is a number, 0 for no limit";
        }
        all.pushes_a_minute = std::min<std::size_t>(value.get<std::size_t>(), 1000);
        return std::nullopt;
    }
    if (name == "outage") {
        const auto text = value.is_string() ? value.get<std::string>() : "?";
        all.outage = pomona::apns::parse_reason(text);
        return all.outage || text == "none" ? std::nullopt
                                            : std::optional{name + " is a reason, or none"};
    }
    return "there is no rule " + name;
}

net::reply set_rules(push_call& c) {
    auto all = c.to.current_rules();
    for (const auto& [name, value] : c.body.items()) {
        if (const auto why = set_rule(all, name, value)) {
            return wrong(*why);
        }
    }
    c.to.set_rules(all);
    return json_reply(200, json::object());
}

json to_json(const fault_order& one) {
    json out{{"fault", name_of(one.what)}, {"times", one.times}, {"percent", one.percent}};
    if (one.token) {
        out["token"] = to_hex(one.token->value());
    }
    if (one.for_topic) {
        out["topic"] = one.for_topic->value();
    }
    if (one.what == fault::answer) {
        out["reason"] = pomona::apns::to_text(one.reason);
    }
    if (one.what == fault::delay) {
        out["seconds"] = std::chrono::duration_cast<std::chrono::seconds>(one.delay).count();
    }
    return out;
}

net::reply show_faults(push_call& c) {
    json known = json::array();
    for (const auto one : all_faults()) {
        known.push_back({{"fault", name_of(one)}, {"about", about(one)}});
    }
    json waiting = json::array();
    for (const auto& one : c.to.faults()) {
        waiting.push_back(to_json(one));
    }
    return json_reply(200, {{"faults", std::move(known)}, {"ordered", std::move(waiting)}});
}

/// A number of the body within bounds; `standard` where there is none.
std::optional<unsigned> number_in(const json& body, const char* key, unsigned standard,
                                  unsigned least, unsigned most) {
    const auto found = body.find(key);
    if (found == body.end()) {
        return standard;
    }
    const bool fits = found->is_number_unsigned() && found->get<std::uint64_t>() >= least &&
                      found->get<std::uint64_t>() <= most;
    return fits ? std::optional{found->get<unsigned>()} : std::nullopt;
}

/// {"fault", "times", "token", "topic", "percent", "seconds", "reason"}: all but the first may be
/// left out.
net::reply order_fault(push_call& c) {
    const auto what = find_fault(c.text("fault"));
    if (!what) {
        return wrong("there is no such fault: GET /push/faults has them");
    }
    const auto times = number_in(c.body, "times", 1, 1, 1'000'000);
    const auto percent = number_in(c.body, "percent", 100, 1, 100);
    const auto seconds = number_in(c.body, "seconds", 5, 0, 3600);
    if (!times || !percent || !seconds) {
        return wrong("times is from 1 to 1000000, percent from 1 to 100, seconds from 0 to 3600");
    }
    fault_order order{.what = *what,
                      .times = *times,
                      .percent = *percent,
                      .delay = std::chrono::seconds{*seconds}};
    if (c.body.contains("token")) {
        const auto raw = from_hex(c.text("token"));
        if (!raw || raw->empty()) {
            return wrong("token is hex");
        }
        order.token = push_token{*raw};
    }
    if (c.body.contains("topic")) {
        order.for_topic = topic{c.text("topic")};
    }
    if (c.body.contains("reason")) {
        const auto why = pomona::apns::parse_reason(c.text("reason"));
        if (!why || *what != fault::answer) {
            return wrong("reason is one of Apple's table, for the fault `answer`");
        }
        order.reason = *why;
    }
    return c.to.order(std::move(order)) ? json_reply(200, json::object())
                                        : json_refusal(503, "too many faults are waiting");
}

net::reply clear_faults(push_call& c) {
    c.to.clear_faults();
    return json_reply(200, json::object());
}

net::reply end_connections(push_call& c) {
    c.to.part_ways();
    return json_reply(200, json::object());
}

struct push_route {
    std::string_view method;
    std::string_view path;
    net::reply (*run)(push_call&);
};
constexpr std::array<push_route, 11> routes{{
    {"GET", "/push", show},
    {"POST", "/push/requests/sign", sign_request},
    {"POST", "/push/certificates", issue},
    {"POST", "/push/certificates/revoke", revoke},
    {"POST", "/push/tokens/end", end_token},
    {"POST", "/push/keys", add_key},
    {"POST", "/push/rules", set_rules},
    {"GET", "/push/faults", show_faults},
    {"POST", "/push/faults", order_fault},
    {"DELETE", "/push/faults", clear_faults},
    {"POST", "/push/connections/end", end_connections},
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
