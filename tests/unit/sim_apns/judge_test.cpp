// Every rule of the provider API, one broken at a time (APNS-015): no case depends on the order of
// the rules but those that say so.
#include "apns/judge.hpp"
#include "pomona/foundation/encoding.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>

namespace pomona::sim::apns {

namespace {

using pomona::apns::reason;
using namespace std::chrono_literals;

constexpr std::string_view our_topic =
    "com.apple.mgmt.External.0D5E3A2C-8B1F-4C7D-9E6A-1F2B3C4D5E6F";
const time_point now = *from_rfc3339("2026-03-01T12:00:00Z");
const std::string token_hex(64, 'a');

/// A push that nothing is wrong with; each case changes one thing.
struct push {
    std::string method = "POST";
    std::string target = "/3/device/" + token_hex;
    net::headers headers;
    std::size_t body_bytes = 30;
    credential who{.state = credential::kind::trusted, .topics = {topic{std::string{our_topic}}}};
    std::optional<token_state> token{token_state{.owner = topic{std::string{our_topic}}}};
    rules how;

    [[nodiscard]] verdict judged() const {
        const auto named = token_in(target);
        return judge({.method = method,
                      .target = target,
                      .headers = headers,
                      .body_bytes = body_bytes,
                      .who = who,
                      .now = now,
                      .token = named},
                     token, how);
    }
};

struct rule_case {
    const char* name; ///< check id and situation
    std::function<void(push&)> change;
    std::optional<reason> expected; ///< nullopt: 200
};

std::function<void(push&)> with(std::string name, std::string value) {
    return [name, value](push& p) { p.headers.push_back({name, value}); };
}

std::function<void(push&)> to(std::string target) {
    return [target](push& p) { p.target = target; };
}

const std::vector<rule_case>& cases() {
    static const std::vector<rule_case> all{
        {"APNS-005 no apns-* header at all", [](push&) {}, {}},
        {"APNS-005 topic of the certificate", with("apns-topic", std::string{our_topic}), {}},
        {"APNS-006 neither certificate nor token", [](push& p) { p.who = {}; },
         reason::missing_provider_token},
        {"APNS-007 certificate that is not ours",
         [](push& p) { p.who = {.state = credential::kind::refused, .topics = {}}; },
         reason::bad_certificate},
        {"sandbox certificate",
         [](push& p) { p.who = {.state = credential::kind::wrong_environment, .topics = {}}; },
         reason::bad_certificate_environment},
        {"APNS-008 other topic", with("apns-topic", "com.example.other"), reason::topic_disallowed},
        {"APNS-009 several topics, none named",
         [](push& p) { p.who.topics.emplace_back("com.example.second"); }, reason::missing_topic},
        {"APNS-010 provider token of an unknown key",
         [](push& p) { p.who = {.state = credential::kind::bad_token, .topics = {}}; },
         reason::invalid_provider_token},
        {"APNS-011 provider token that is too old",
         [](push& p) { p.who = {.state = credential::kind::expired_token, .topics = {}}; },
         reason::expired_provider_token},
        {"APNS-012 one provider token too many",
         [](push& p) { p.who = {.state = credential::kind::too_many_tokens, .topics = {}}; },
         reason::too_many_provider_token_updates},
        {"a provider token needs apns-topic",
         [](push& p) { p.who.state = credential::kind::token; }, reason::missing_topic},
        {"token beside a certificate", with("authorization", "bearer a.b.c"), {}},
        {"topic with a space", with("apns-topic", "com apple"), reason::bad_topic},
        {"empty topic", with("apns-topic", ""), reason::bad_topic},
        {"APNS-017 id in lower case", with("apns-id", "0d5e3a2c-8b1f-4c7d-9e6a-1f2b3c4d5e6f"), {}},
        {"APNS-017 id without dashes", with("apns-id", "0d5e3a2c8b1f4c7d9e6a1f2b3c4d5e6f"),
         reason::bad_message_id},
        {"APNS-019 4096 bytes", [](push& p) { p.body_bytes = 4096; }, {}},
        {"APNS-019 4097 bytes", [](push& p) { p.body_bytes = 4097; }, reason::payload_too_large},
        {"APNS-019 no payload", [](push& p) { p.body_bytes = 0; }, reason::payload_empty},
        {"APNS-020 GET", [](push& p) { p.method = "GET"; }, reason::method_not_allowed},
        {"APNS-020 path without token", to("/3/device/"), reason::missing_device_token},
        {"APNS-020 unknown path", to("/4/x"), reason::bad_path},
        {"path that goes on", to("/3/device/" + token_hex + "/x"), reason::bad_path},
        {"APNS-021 upper-case token", to("/3/device/" + std::string(64, 'A')), {}},
        {"APNS-022 token that is not hex", to("/3/device/" + std::string(64, 'z')),
         reason::bad_device_token},
        {"APNS-022 token of 14 bytes", to("/3/device/" + std::string(28, 'a')),
         reason::bad_device_token},
        {"APNS-022 14 bytes, allowed",
         [](push& p) {
             p.target = "/3/device/" + std::string(28, 'a');
             p.how.any_token_length = true;
         },
         {}},
        {"unknown token", [](push& p) { p.token.reset(); }, reason::bad_device_token},
        {"APNS-023 priority 1", with("apns-priority", "1"), {}},
        {"APNS-023 priority 5", with("apns-priority", "5"), {}},
        {"APNS-023 priority 10", with("apns-priority", "10"), {}},
        {"APNS-023 priority 7", with("apns-priority", "7"), reason::bad_priority},
        {"APNS-023 priority in words", with("apns-priority", "high"), reason::bad_priority},
        {"APNS-024 collapse id of 64", with("apns-collapse-id", std::string(64, 'c')), {}},
        {"APNS-024 collapse id of 65", with("apns-collapse-id", std::string(65, 'c')),
         reason::bad_collapse_id},
        {"APNS-025 push type mdm", with("apns-push-type", "mdm"), {}},
        {"APNS-025 push type nonsense", with("apns-push-type", "MDM!"), reason::invalid_push_type},
        {"APNS-026 curl's content type",
         with("content-type", "application/x-www-form-urlencoded"),
         {}},
        {"APNS-027 topic twice",
         [](push& p) {
             p.headers.push_back({"apns-topic", std::string{our_topic}});
             p.headers.push_back({"apns-topic", std::string{our_topic}});
         },
         reason::duplicate_headers},
        {"expiration in words", with("apns-expiration", "tomorrow"), reason::bad_expiration_date},
        {"expiration before 1970", with("apns-expiration", "-1"), reason::bad_expiration_date},
        {"expiration 0", with("apns-expiration", "0"), {}},
        {"expiration in the year 5138", with("apns-expiration", "99999999999"), {}},
        {"expiration beyond 64 bits", with("apns-expiration", "99999999999999999999"),
         reason::bad_expiration_date},
        {"unregistered token", [](push& p) { p.token->dead_since = now - 1h; },
         reason::unregistered},
        {"aged token",
         [](push& p) {
             p.token->dead_since = now - 1h;
             p.token->death = reason::expired_token;
         },
         reason::expired_token},
        {"token of another topic", [](push& p) { p.token->owner = topic{"com.example.old"}; },
         reason::device_token_not_for_topic},
        {"rate not reached",
         [](push& p) {
             p.how.pushes_a_minute = 3;
             p.token->pushes_in_last_minute = 2;
         },
         {}},
        {"rate reached",
         [](push& p) {
             p.how.pushes_a_minute = 3;
             p.token->pushes_in_last_minute = 3;
         },
         reason::too_many_requests},
        {"outage", [](push& p) { p.how.outage = reason::service_unavailable; },
         reason::service_unavailable},
        {"shutting down", [](push& p) { p.how.outage = reason::shutdown; }, reason::shutdown}};
    return all;
}

TEST(push_judge, gives_each_broken_rule_its_reason) {
    for (const auto& one : cases()) {
        push p;
        one.change(p);
        const auto said = p.judged();
        EXPECT_EQ(said.refused, one.expected) << one.name;
        EXPECT_EQ(said.deliver, !one.expected) << one.name;
    }
}

TEST(push_judge, echoes_a_good_id_with_every_verdict_and_a_bad_one_never) {
    // APNS-017
    const std::string id = "0d5e3a2c-8b1f-4c7d-9e6a-1f2b3c4d5e6f";
    push good;
    good.headers.push_back({"apns-id", id});
    EXPECT_EQ(good.judged().id, id);
    good.body_bytes = 0;
    EXPECT_EQ(good.judged().id, id);
    push bad;
    bad.headers.push_back({"APNS-ID", "7"});
    EXPECT_EQ(bad.judged().id, std::nullopt);
    EXPECT_EQ(bad.judged().refused, reason::bad_message_id);
}

TEST(push_judge, tells_when_a_token_died_in_milliseconds_and_never_in_the_future) {
    // APNS-018
    push p;
    p.token->dead_since = now - 1500ms - 300us;
    const auto expected = std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch();
    EXPECT_EQ(p.judged().timestamp_ms, expected.count() - 1501);
    p.token->dead_since = now + 1h;
    EXPECT_EQ(p.judged().timestamp_ms, expected.count());
    // Only the 410 reasons have one.
    p.body_bytes = 0;
    EXPECT_EQ(p.judged().timestamp_ms, std::nullopt);
}

TEST(push_judge, keeps_for_thirty_days_unless_told_otherwise_and_never_longer) {
    push p;
    EXPECT_EQ(p.judged().expires, now + std::chrono::days{30});
    const auto seconds = [](time_point t) {
        return std::to_string(
            std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count());
    };
    p.headers = {{"apns-expiration", seconds(now + 2h)}};
    EXPECT_EQ(p.judged().expires, now + 2h);
    p.headers = {{"apns-expiration", seconds(now + std::chrono::days{300})}};
    EXPECT_EQ(p.judged().expires, now + std::chrono::days{30});
    p.headers = {{"apns-expiration", "0"}};
    EXPECT_LE(p.judged().expires, now);
}

TEST(push_judge, accepts_and_drops_a_push_to_another_topics_token_when_told_to) {
    // APNS-036
    push p;
    p.token->owner = topic{"com.example.old"};
    p.how.silent_drop = true;
    EXPECT_EQ(p.judged().refused, std::nullopt);
    EXPECT_FALSE(p.judged().deliver);
}

TEST(push_judge, asks_for_a_credential_before_it_looks_at_the_token) {
    // Known from the field: a request without a credential gets MissingProviderToken whatever its
    // token.
    push p;
    p.who = {};
    p.target = "/3/device/zz";
    p.token.reset();
    EXPECT_EQ(p.judged().refused, reason::missing_provider_token);
}

TEST(push_judge, reads_the_token_of_a_path) {
    EXPECT_EQ(token_in("/3/device/0aFf")->value(), (bytes{0x0a, 0xff}));
    EXPECT_FALSE(token_in("/3/device/"));
    EXPECT_FALSE(token_in("/3/device/0af"));
    EXPECT_FALSE(token_in("/4/device/0aff"));
}

} // namespace

} // namespace pomona::sim::apns
