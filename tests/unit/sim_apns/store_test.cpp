// One stored notification a token, and who hears it.
#include "apns/token_store.hpp"
#include "pomona/foundation/encoding.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>

namespace pomona::sim::apns {

namespace {

using namespace std::chrono_literals;

class push_store : public testing::Test {
  protected:
    push_store() : world_{net::make_virtual_world({.seed = 1, .start = {}})} {
        token_ = enroll("mac-1", 0x11);
    }

    push_token enroll(const std::string& device, std::uint8_t fill,
                      const std::string& for_topic = "com.apple.mgmt.External.1") {
        return *store_.enroll(udid{device}, topic{for_topic}, push_token{bytes(32, fill)});
    }
    std::shared_ptr<listening_stream> stream() {
        auto out = std::make_shared<listening_stream>();
        out->queue = std::make_shared<net::message_queue>(*world_);
        return out;
    }
    notification note(const std::string& text, duration lives = 24h) {
        return {.id = "id", .payload = to_bytes(text), .expires = now_ + lives};
    }
    /// The payloads that have reached the stream, in order.
    std::string heard(const std::shared_ptr<listening_stream>& s) {
        std::string out;
        world_->run(drain(s->queue, world_->now(), out));
        return out;
    }
    static net::task<void> drain(std::shared_ptr<net::message_queue> q, time_point deadline,
                                 std::string& out) {
        while (const auto line = co_await q->pop(deadline)) {
            const auto json = nlohmann::json::parse(line->begin(), line->end());
            const auto payload = from_base64(json["payload"].get<std::string>());
            out += (out.empty() ? "" : " ") + to_text(*payload);
        }
    }

    std::unique_ptr<net::world> world_;
    token_store store_;
    push_token token_;
    time_point now_ = *from_rfc3339("2026-03-01T12:00:00Z");
};

TEST_F(push_store, keeps_the_newest_notification_for_an_offline_device) {
    // APNS-031
    store_.push(token_, note("1"), now_);
    store_.push(token_, note("2"), now_);
    store_.push(token_, note("3"), now_);
    const auto s = stream();
    EXPECT_TRUE(store_.subscribe(token_, s, now_ + 1h));
    EXPECT_EQ(heard(s), "3");
}

TEST_F(push_store, tries_once_what_expires_at_once) {
    // APNS-032
    store_.push(token_, note("offline", 0s), now_);
    const auto s = stream();
    EXPECT_TRUE(store_.subscribe(token_, s, now_));
    EXPECT_EQ(heard(s), "");
    store_.push(token_, note("online", 0s), now_);
    EXPECT_EQ(heard(s), "online");
}

TEST_F(push_store, does_not_deliver_what_has_expired) {
    // APNS-033
    store_.push(token_, note("late", 1h), now_);
    const auto s = stream();
    EXPECT_TRUE(store_.subscribe(token_, s, now_ + 1h));
    EXPECT_EQ(heard(s), "");
}

TEST_F(push_store, keeps_tokens_apart) {
    // APNS-034
    const auto other = enroll("mac-1", 0x22, "com.apple.mgmt.External.2");
    store_.push(token_, note("one"), now_);
    store_.push(other, note("other"), now_);
    const auto s = stream();
    EXPECT_TRUE(store_.subscribe(token_, s, now_));
    EXPECT_EQ(heard(s), "one");
    EXPECT_TRUE(store_.subscribe(other, s, now_));
    EXPECT_EQ(heard(s), "other");
}

TEST_F(push_store, does_not_repeat_what_was_delivered_live) {
    // APNS-035
    const auto s = stream();
    EXPECT_TRUE(store_.subscribe(token_, s, now_));
    store_.push(token_, note("live"), now_);
    EXPECT_EQ(heard(s), "live");
    s->queue->close();
    const auto again = stream();
    EXPECT_TRUE(store_.subscribe(token_, again, now_));
    EXPECT_EQ(heard(again), "");
}

TEST_F(push_store, lets_the_newest_subscription_win) {
    const auto old = stream();
    const auto newer = stream();
    EXPECT_TRUE(store_.subscribe(token_, old, now_));
    EXPECT_TRUE(store_.subscribe(token_, newer, now_));
    store_.push(token_, note("x"), now_);
    EXPECT_EQ(heard(old), "");
    EXPECT_EQ(heard(newer), "x");
}

TEST_F(push_store, stores_while_the_stream_is_gone_or_the_device_does_not_listen) {
    const auto s = stream();
    EXPECT_TRUE(store_.subscribe(token_, s, now_));
    s->queue->close();
    store_.push(token_, note("a"), now_);
    const auto second = stream();
    EXPECT_TRUE(store_.subscribe(token_, second, now_));
    EXPECT_EQ(heard(second), "a");
    EXPECT_TRUE(store_.unsubscribe(token_));
    store_.push(token_, note("b"), now_);
    EXPECT_EQ(heard(second), "");
    EXPECT_TRUE(store_.subscribe(token_, second, now_));
    EXPECT_EQ(heard(second), "b");
}

TEST_F(push_store, gives_the_same_token_until_it_is_dead) {
    EXPECT_EQ(enroll("mac-1", 0x33), token_);
    EXPECT_NE(enroll("mac-2", 0x44), token_);
    EXPECT_TRUE(store_.end(token_, pomona::apns::reason::unregistered, now_));
    EXPECT_TRUE(store_.end(token_, pomona::apns::reason::expired_token, now_ + 1h));
    const auto state = store_.state_of(token_, now_ + 2h);
    ASSERT_TRUE(state);
    EXPECT_EQ(state->dead_since, now_);
    EXPECT_EQ(state->death, pomona::apns::reason::unregistered);
    EXPECT_FALSE(store_.subscribe(token_, stream(), now_));
    EXPECT_NE(enroll("mac-1", 0x55), token_);
}

TEST_F(push_store, tells_of_new_tokens_and_of_deaths_and_knows_them_when_told) {
    std::vector<token_record> kept;
    token_store first{[&](const token_record& one) {
        kept.push_back(one);
        return true;
    }};
    const topic ours{"com.apple.mgmt.External.1"};
    const auto add = [&](const char* device, std::uint8_t fill) {
        return *first.enroll(udid{device}, ours, push_token{bytes(32, fill)});
    };
    const auto old = add("mac-1", 1);
    const auto other = add("mac-2", 2);
    EXPECT_EQ(add("mac-1", 9), old);
    EXPECT_EQ(kept.size(), 2U) << "a token that is there already is no news";
    EXPECT_TRUE(first.end(old, pomona::apns::reason::expired_token, now_));
    EXPECT_TRUE(first.end(old, pomona::apns::reason::unregistered, now_ + 1h));
    const auto fresh = add("mac-1", 3);
    ASSERT_EQ(kept.size(), 4U);

    token_store second;
    for (const auto& one : kept) {
        second.restore(one);
    }
    const auto state = second.state_of(old, now_ + 2h);
    ASSERT_TRUE(state);
    EXPECT_EQ(state->dead_since, now_);
    EXPECT_EQ(state->death, pomona::apns::reason::expired_token);
    EXPECT_EQ(*second.enroll(udid{"mac-1"}, ours, push_token{bytes(32, 7)}), fresh);
    EXPECT_EQ(*second.enroll(udid{"mac-2"}, ours, push_token{bytes(32, 8)}), other);
    // Pushed before its device is back: stored, and handed over when it is.
    EXPECT_FALSE(second.push(other, note("early"), now_));
    const auto s = stream();
    EXPECT_TRUE(second.subscribe(other, s, now_));
    EXPECT_EQ(heard(s), "early");
}

TEST_F(push_store, gives_no_token_that_could_not_be_kept) {
    token_store full{[](const token_record&) { return false; }};
    const push_token token{bytes(32, 1)};
    const auto given = full.enroll(udid{"mac-1"}, topic{"com.example.app"}, token);
    ASSERT_FALSE(given);
    EXPECT_EQ(given.error().detail, "the token could not be kept");
    EXPECT_FALSE(full.state_of(token, now_));
}

TEST_F(push_store, knows_nothing_of_other_tokens) {
    const push_token stranger{bytes(32, 0x99)};
    EXPECT_FALSE(store_.state_of(stranger, now_));
    EXPECT_FALSE(store_.subscribe(stranger, stream(), now_));
    EXPECT_FALSE(store_.end(stranger, pomona::apns::reason::unregistered, now_));
}

TEST_F(push_store, counts_the_pushes_of_the_last_minute) {
    store_.push(token_, note("1"), now_);
    store_.push(token_, note("2"), now_ + 30s);
    EXPECT_EQ(store_.state_of(token_, now_ + 59s)->pushes_in_last_minute, 2U);
    EXPECT_EQ(store_.state_of(token_, now_ + 60s)->pushes_in_last_minute, 1U);
    EXPECT_EQ(store_.state_of(token_, now_ + 90s)->pushes_in_last_minute, 0U);
}

} // namespace

} // namespace pomona::sim::apns
