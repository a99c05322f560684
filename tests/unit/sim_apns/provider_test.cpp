// The provider API over a connection: certificates, ids, bodies, the life of a token.
#include "bench.hpp"
#include "pomona/foundation/uuid.hpp"

#include <algorithm>
#include <cctype>

namespace pomona::sim::apns {

namespace {

net::task<void> takes_the_topic_from_the_certificate(bench& b) {
    // APNS-005, APNS-016: no apns-* header at all, as NanoMDM sends it.
    const auto token = co_await offline_token(b, "mac-1", our_topic);
    const auto answer = co_await send_push(b, b.identity, push_request(token, R"({"mdm":"x"})"));
    EXPECT_EQ(answer.status, 200U);
    EXPECT_TRUE(answer.body.empty());
    const auto id = net::find_header(answer.headers, "apns-id");
    EXPECT_TRUE(id && is_uuid(*id));
    EXPECT_TRUE(id && std::ranges::none_of(*id, [](char c) { return c >= 'a' && c <= 'z'; }));
    EXPECT_EQ(b.seen.requests["apns apns"], 1U);
    EXPECT_EQ(b.seen.requests["apns apns-device"], 1U);
}
TEST(push_provider, needs_no_header_beside_its_certificate) {
    bench b;
    b.run(takes_the_topic_from_the_certificate(b));
}

net::task<void> echoes_ids(bench& b) {
    // APNS-017
    const auto token = co_await offline_token(b, "mac-1", our_topic);
    const std::string id = "0d5e3a2c-8b1f-4c7d-9e6a-1f2b3c4d5e6f";
    auto answer = co_await send_push(b, b.identity, push_request(token, "x", {{"apns-id", id}}));
    EXPECT_EQ(net::find_header(answer.headers, "apns-id"), id);
    answer = co_await send_push(b, b.identity, push_request(token, "", {{"apns-id", id}}));
    EXPECT_EQ(in_words(answer), "400 PayloadEmpty");
    EXPECT_EQ(net::find_header(answer.headers, "apns-id"), id);
    answer = co_await send_push(b, b.identity, push_request(token, "x", {{"apns-id", "nope"}}));
    EXPECT_EQ(in_words(answer), "400 BadMessageId");
    EXPECT_TRUE(is_uuid(net::find_header(answer.headers, "apns-id").value_or("")));
}
TEST(push_provider, gets_its_message_id_back) {
    bench b;
    b.run(echoes_ids(b));
}

/// A certificate with the portal's subject, from whatever issuer and for whatever time.
crypto::identity made(bench& b, const crypto::identity* issuer, time_point from, time_point until,
                      std::vector<std::string> oids, bool with_uid = true) {
    auto key = crypto::private_key::generate_p256(b.world->crypto()).value();
    crypto::certificate_spec spec;
    if (with_uid) {
        spec.subject.push_back({"UID", our_topic.value()});
    }
    spec.subject.push_back({"CN", "APSP:test"});
    spec.serial = {0x42};
    spec.not_before = from;
    spec.not_after = until;
    spec.usage = {.digital_signature = true};
    for (auto& oid : oids) {
        spec.extensions.emplace_back(std::move(oid), bytes{0x05, 0x00});
    }
    auto cert = issuer == nullptr ? crypto::self_sign(spec, key)
                                  : crypto::issue(spec, key.public_key_info(), *issuer);
    return {.cert = std::move(cert.value()), .key = std::move(key), .chain = {}};
}

const std::string sandbox = "1.2.840.113635.100.6.3.1";
const std::string production = "1.2.840.113635.100.6.3.2";

/// A service whose CA key the test knows, and with it the root to issue from.
struct own_ca {
    crypto::private_key key;
    std::unique_ptr<service> push;
    crypto::identity root;
};
net::task<own_ca> service_with_known_key(bench& b) {
    auto key = crypto::private_key::generate_p256(b.world->crypto()).value();
    service_options o;
    o.key_for = [key](std::string_view role) {
        return role == "apns-ca" ? std::optional{key} : std::nullopt;
    };
    auto started = co_await service::start(*b.world, std::move(o));
    auto push = std::move(started.value());
    crypto::identity root{.cert = push->root(), .key = key, .chain = {}};
    co_return own_ca{.key = key, .push = std::move(push), .root = std::move(root)};
}

net::task<void> refuses_certificates(bench& b) {
    // APNS-006, APNS-007
    auto ca = co_await service_with_known_key(b);
    std::swap(b.push, ca.push);
    const auto token = co_await offline_token(b, "mac-1", our_topic);
    const auto now = b.world->now();
    struct certificate_case {
        const char* name;
        std::optional<crypto::identity> who;
        const char* expected;
    };
    const std::vector<certificate_case> cases{
        {"none", std::nullopt, "403 MissingProviderToken"},
        {"good", made(b, &ca.root, now - 1h, now + 1h, {production}), "200"},
        {"unknown CA", made(b, nullptr, now - 1h, now + 1h, {production}), "403 BadCertificate"},
        {"expired", made(b, &ca.root, now - 2h, now - 1h, {production}), "403 BadCertificate"},
        {"not yet valid", made(b, &ca.root, now + 1h, now + 2h, {production}),
         "403 BadCertificate"},
        {"no topic", made(b, &ca.root, now - 1h, now + 1h, {production}, false),
         "403 BadCertificate"},
        {"not for push", made(b, &ca.root, now - 1h, now + 1h, {}), "403 BadCertificate"},
        {"sandbox only", made(b, &ca.root, now - 1h, now + 1h, {sandbox}),
         "403 BadCertificateEnvironment"}};
    for (const auto& one : cases) {
        const auto who = one.who ? std::make_shared<const crypto::identity>(*one.who) : nullptr;
        const auto answer = co_await send_push(b, who, push_request(token, "x"));
        EXPECT_EQ(in_words(answer), one.expected) << one.name;
    }
    const auto jwt = co_await send_push(
        b, nullptr, push_request(token, "x", {{"authorization", "bearer a.b.c"}}));
    EXPECT_EQ(in_words(jwt), "403 InvalidProviderToken"); // APNS-010
    // Two providers of one topic CA do not affect each other (APNS-037), and a topic is its own.
    const auto other = co_await b.push->issue_push_identity(topic{"com.apple.mgmt.External.2"});
    const auto theirs = std::make_shared<const crypto::identity>(other.value());
    EXPECT_EQ(in_words(co_await send_push(b, theirs, push_request(token, "x"))),
              "400 DeviceTokenNotForTopic");
    EXPECT_EQ(in_words(co_await send_push(
                  b, theirs, push_request(token, "x", {{"apns-topic", our_topic.value()}}))),
              "400 TopicDisallowed"); // APNS-008
}
TEST(push_provider, is_refused_with_any_certificate_but_a_good_one) {
    bench b;
    b.run(refuses_certificates(b));
}

net::task<void> certificate_expires(bench& b) {
    // APNS-007: judged at world time, also for a certificate that was good before.
    const auto token = co_await offline_token(b, "mac-1", our_topic);
    EXPECT_EQ(in_words(co_await send_push(b, b.identity, push_request(token, "x"))), "200");
    co_await b.world->sleep_for(std::chrono::days{366});
    EXPECT_EQ(in_words(co_await send_push(b, b.identity, push_request(token, "x"))),
              "403 BadCertificate");
}
TEST(push_provider, is_refused_when_its_year_is_over) {
    bench b;
    b.run(certificate_expires(b));
}

net::task<void> reads_bodies_and_paths(bench& b) {
    // APNS-019, APNS-020, APNS-021 over a connection
    const auto token = co_await offline_token(b, "mac-1", our_topic);
    const auto say = [&b](net::request what) { return send_push(b, b.identity, std::move(what)); };
    EXPECT_EQ(in_words(co_await say(push_request(token, std::string(4096, 'x')))), "200");
    EXPECT_EQ(in_words(co_await say(push_request(token, std::string(4097, 'x')))),
              "413 PayloadTooLarge");
    auto upper = push_request(token, "x");
    upper.target = "/3/device/" + to_hex_upper(token.value());
    EXPECT_EQ(in_words(co_await say(upper)), "200");
    auto get = push_request(token, "");
    get.method = "GET";
    EXPECT_EQ(in_words(co_await say(get)), "405 MethodNotAllowed");
    auto path = push_request(token, "x");
    path.target = "/3/device/";
    EXPECT_EQ(in_words(co_await say(path)), "400 MissingDeviceToken");
    path.target = "/4/x";
    EXPECT_EQ(in_words(co_await say(path)), "404 BadPath");
    EXPECT_EQ(in_words(co_await say(push_request(push_token{bytes(32, 7)}, "x"))),
              "400 BadDeviceToken");
}
TEST(push_provider, has_its_body_and_path_read) {
    bench b;
    b.run(reads_bodies_and_paths(b));
}

net::task<void> learns_of_dead_tokens(bench& b) {
    // APNS-018
    const auto token = co_await offline_token(b, "mac-1", our_topic);
    co_await b.world->sleep_for(1h);
    const auto died = b.world->now();
    EXPECT_TRUE(b.push->end_token(token, pomona::apns::reason::expired_token));
    EXPECT_FALSE(b.push->end_token(token, pomona::apns::reason::unregistered));
    co_await b.world->sleep_for(1h);
    const auto answer = co_await send_push(b, b.identity, push_request(token, "x"));
    EXPECT_EQ(in_words(answer), "410 ExpiredToken");
    const auto body = nlohmann::json::parse(answer.body);
    EXPECT_EQ(body["timestamp"].get<long long>(),
              std::chrono::floor<std::chrono::milliseconds>(died).time_since_epoch().count());
    const auto fresh = co_await offline_token(b, "mac-1", our_topic);
    EXPECT_NE(fresh, token);
    EXPECT_EQ(in_words(co_await send_push(b, b.identity, push_request(fresh, "x"))), "200");
}
TEST(push_provider, learns_that_and_since_when_a_token_is_dead) {
    bench b;
    b.run(learns_of_dead_tokens(b));
}

net::task<void> meets_rules(bench& b) {
    const auto token = co_await offline_token(b, "mac-1", our_topic);
    b.push->set_rules({.pushes_a_minute = 2});
    EXPECT_EQ(in_words(co_await send_push(b, b.identity, push_request(token, "x"))), "200");
    EXPECT_EQ(in_words(co_await send_push(b, b.identity, push_request(token, "x"))), "200");
    EXPECT_EQ(in_words(co_await send_push(b, b.identity, push_request(token, "x"))),
              "429 TooManyRequests");
    co_await b.world->sleep_for(2min);
    EXPECT_EQ(in_words(co_await send_push(b, b.identity, push_request(token, "x"))), "200");
    b.push->set_rules({.outage = pomona::apns::reason::internal_server_error});
    EXPECT_EQ(in_words(co_await send_push(b, b.identity, push_request(token, "x"))),
              "500 InternalServerError");
}
TEST(push_provider, meets_rate_limits_and_outages) {
    bench b;
    b.run(meets_rules(b));
}

} // namespace

} // namespace pomona::sim::apns
