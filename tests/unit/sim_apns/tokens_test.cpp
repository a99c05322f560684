// Provider tokens: who may push for an app, and for how long.
#include "apns/provider_tokens.hpp"
#include "bench.hpp"
#include "pomona/protocol/crypto/jws.hpp"

#include <nlohmann/json.hpp>

namespace pomona::sim::apns {
namespace {

using namespace std::chrono_literals;
using kind = credential::kind;

class provider_token : public testing::Test {
  protected:
    provider_token() {
        reader_.add({.key_id = "KEY0000001",
                     .team = "TEAM000001",
                     .public_key = key_.public_key_info(),
                     .topics = {topic{"org.example.app"}, topic{"com.apple.mgmt.External.X"}}});
        reader_.add({.key_id = "KEY0000002",
                     .team = "TEAM000002",
                     .public_key = other_.public_key_info(),
                     .topics = {topic{"org.example.other"}}});
    }
    std::string token(time_point issued, nlohmann::json header = {}, nlohmann::json claims = {},
                      const crypto::private_key* by = nullptr) {
        nlohmann::json h{{"alg", "ES256"}, {"kid", "KEY0000001"}};
        nlohmann::json c{
            {"iss", "TEAM000001"},
            {"iat", std::chrono::floor<std::chrono::seconds>(issued).time_since_epoch().count()}};
        if (header.is_object()) {
            h.update(header);
        }
        if (claims.is_object()) {
            c.update(claims);
        }
        return "bearer " + *crypto::sign_jws(h.dump(), c.dump(), by == nullptr ? key_ : *by);
    }
    kind state(const std::string& authorization, time_point at, const std::string& on = "c1") {
        return reader_.read(authorization, on, at).state;
    }

    crypto::context ctx_ = crypto::context::seeded(as_bytes("tokens"));
    crypto::private_key key_ = *crypto::private_key::generate_p256(ctx_);
    crypto::private_key other_ = *crypto::private_key::generate_p256(ctx_);
    provider_tokens reader_{ctx_};
    time_point now_{std::chrono::seconds{1'800'000'000}};
};

TEST_F(provider_token, APNS_010_other_algorithms_keys_and_signatures_are_invalid) {
    EXPECT_EQ(state(token(now_), now_), kind::token);
    auto upper = token(now_);
    upper.replace(0, 6, "BEARER");
    EXPECT_EQ(state(upper, now_), kind::token);
    for (const auto& bad :
         {token(now_, {{"alg", "none"}}), token(now_, {{"alg", "HS256"}}),
          token(now_, {{"kid", "KEY0000009"}}), token(now_, {}, {{"iss", "TEAM000009"}}),
          token(now_, {}, {{"iat", "now"}}), token(now_, {}, {}, &other_), std::string{"bearer "},
          std::string{"bearer a.b.c"}, std::string{"Basic abc"}, token(now_ + 6min)}) {
        EXPECT_EQ(state(bad, now_), kind::bad_token) << bad;
    }
}

TEST_F(provider_token, APNS_011_a_token_is_good_for_an_hour) {
    const auto one = token(now_);
    EXPECT_EQ(state(one, now_ + 60min), kind::token);
    EXPECT_EQ(state(one, now_ + 60min + 1s), kind::expired_token);
}

TEST_F(provider_token, APNS_012_the_third_different_token_within_20_minutes_is_too_many) {
    EXPECT_EQ(state(token(now_), now_), kind::token);
    EXPECT_EQ(state(token(now_ + 1s), now_ + 1min), kind::token);
    const auto third = token(now_ + 2s);
    EXPECT_EQ(state(third, now_ + 2min), kind::too_many_tokens);
    EXPECT_EQ(state(third, now_ + 20min), kind::token);
}

TEST_F(provider_token, APNS_013_an_mdm_topic_is_never_among_its_topics) {
    EXPECT_EQ(reader_.read(token(now_), "c1", now_).topics,
              std::vector<topic>{topic{"org.example.app"}});
}

TEST_F(provider_token, a_connection_belongs_to_one_team) {
    const auto theirs = token(now_, {{"kid", "KEY0000002"}}, {{"iss", "TEAM000002"}}, &other_);
    EXPECT_EQ(state(token(now_), now_, "c1"), kind::token);
    EXPECT_EQ(state(theirs, now_, "c1"), kind::bad_token);
    EXPECT_EQ(state(theirs, now_, "c2"), kind::token);
}

} // namespace

namespace {

net::task<void> pushes_by_token(bench& b) {
    const topic app{"org.example.app"};
    const auto key = *crypto::private_key::generate_p256(b.world->crypto());
    b.push->add_signing_key({.key_id = "KEY0000001",
                             .team = "TEAM000001",
                             .public_key = key.public_key_info(),
                             .topics = {app}});
    const auto seconds =
        std::chrono::floor<std::chrono::seconds>(b.world->now()).time_since_epoch().count();
    const auto jwt =
        "bearer " +
        *crypto::sign_jws(R"({"alg":"ES256","kid":"KEY0000001"})",
                          R"({"iss":"TEAM000001","iat":)" + std::to_string(seconds) + '}', key);
    const auto send = [&](const push_token& token, net::headers more) -> net::task<net::response> {
        more.push_back({"authorization", jwt});
        co_return co_await send_push(b, nullptr, push_request(token, "{}", std::move(more)));
    };
    const auto token = co_await offline_token(b, "mac-1", app);
    const auto good = co_await send(token, {{"apns-topic", app.value()}});
    EXPECT_EQ(good.status, 200U);
    const auto without = co_await send(token, {});
    EXPECT_EQ(in_words(without), "400 MissingTopic");
    const auto mdm = co_await send(token, {{"apns-topic", our_topic.value()}});
    EXPECT_EQ(in_words(mdm), "400 TopicDisallowed"); // APNS-013
}
TEST(push_provider, may_push_to_an_app_by_token) {
    bench b;
    b.run(pushes_by_token(b));
}

} // namespace
} // namespace pomona::sim::apns
