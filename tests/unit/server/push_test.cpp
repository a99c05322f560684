// Pushes as the test's APNs sees them, in the virtual world.
#include "scripted_mac.hpp"

#include <set>

namespace pomona::server {
namespace {

net::task<void> enrolled(lab& l, scripted_mac& mac) {
    co_await l.start();
    co_await mac.enroll();
}

TEST(push, carries_magic_token_and_topic_APNS_040_to_043_MDM_CHK_020_MDM_CHK_022) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled(l, mac);
        const auto r = co_await l.enqueue(mac.id(), "one", "ProfileList");
        EXPECT_EQ(r.status, 200U);
        const auto& p = l.pushes.at(0);
        EXPECT_EQ(p.path, "/3/device/" + mac.token_hex());
        const auto body = json::parse(p.body);
        EXPECT_EQ(body.size(), 1U);
        EXPECT_EQ(body["mdm"], mac.magic.value()); // it has quotes in it
        EXPECT_EQ(net::find_header(p.headers, "apns-topic"), test_topic);
        EXPECT_EQ(net::find_header(p.headers, "apns-push-type"), "mdm");
        EXPECT_EQ(net::count_headers(p.headers, "authorization"), 0U);
        EXPECT_EQ(json::parse(text_of(r))["status"][mac.id()].contains("push_result"), true);
    });
}

TEST(push, newest_token_and_magic_are_used_MDM_CHK_018_ENR_017) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled(l, mac);
        mac.token = push_token{bytes(40, 0x99)};
        mac.magic = push_magic{"another"};
        co_await mac.token_update();
        EXPECT_EQ((co_await l.api("GET", "/v1/push/" + mac.id())).status, 200U);
        EXPECT_EQ(l.pushes.at(0).path, "/3/device/" + mac.token_hex());
        EXPECT_EQ(json::parse(l.pushes.at(0).body)["mdm"], "another");
    });
}

net::task<void> push_once(lab* l, std::string id) {
    EXPECT_EQ((co_await l->api("PUT", "/v1/push/" + id)).status, 200U);
}

TEST(push, one_connection_serves_many_APNS_044) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled(l, mac);
        std::set<std::string> connections;
        for (int i = 0; i < 20; ++i) {
            co_await push_once(&l, mac.id());
        }
        for (const auto& p : l.pushes) {
            connections.insert(p.connection);
        }
        EXPECT_EQ(l.pushes.size(), 20U);
        EXPECT_EQ(connections.size(), 1U);
    });
}

TEST(push, several_at_once_become_few_APNS_055) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled(l, mac);
        net::task_group all{l.w()};
        for (int i = 0; i < 10; ++i) {
            all.spawn("push", push_once(&l, mac.id()));
        }
        EXPECT_TRUE(co_await all.all_done(net::never));
        EXPECT_LE(l.pushes.size(), 4U);
        const auto before = l.pushes.size();
        co_await mac.idle();
        for (const auto* uuid : {"a", "b", "c", "d"}) {
            EXPECT_EQ((co_await l.enqueue(mac.id(), uuid, "ProfileList")).status, 200U);
        }
        EXPECT_EQ(l.pushes.size(), before + 1); // the Mac has not come in between
    });
}

TEST(push, a_mac_that_came_before_the_answer_is_pushed_to_again_APNS_055) {
    lab l;
    l.apns_takes = 1s;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled(l, mac);
        net::task_group all{l.w()};
        all.spawn("push", push_once(&l, mac.id()));
        co_await l.w().sleep_for(500ms);
        EXPECT_EQ(l.pushes.size(), 1U);
        co_await mac.idle(); // it has followed the push already
        EXPECT_TRUE(co_await all.all_done(net::never));
        EXPECT_EQ((co_await l.enqueue(mac.id(), "one", "ProfileList")).status, 200U);
        EXPECT_EQ(l.pushes.size(), 2U);
    });
}

TEST(push, a_dead_token_is_left_alone_until_token_update_APNS_047) {
    for (const auto& [status, body] :
         {std::pair{400U, R"({"reason":"BadDeviceToken"})"},
          std::pair{410U, R"({"reason":"Unregistered","timestamp":4102444800000})"}}) {
        lab l;
        l.answer_push(status, body);
        l.run([](lab& l) -> net::task<void> {
            scripted_mac mac{l, 1};
            co_await enrolled(l, mac);
            EXPECT_EQ((co_await l.enqueue(mac.id(), "one", "ProfileList")).status, 207U);
            EXPECT_EQ((co_await l.api("GET", "/v1/push/" + mac.id())).status, 500U);
            co_await l.w().sleep_for(24h);
            EXPECT_EQ(l.pushes.size(), 1U);
            co_await mac.token_update();
            co_await l.w().sleep_for(1s);
            EXPECT_EQ(l.pushes.size(), 2U); // the command still waits
        });
    }
}

TEST(push, an_old_verdict_does_not_disable_a_newer_token_APNS_048) {
    lab l;
    l.answer_push(410, R"({"reason":"Unregistered","timestamp":1000})");
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled(l, mac);
        co_await l.enqueue(mac.id(), "one", "ProfileList");
        co_await l.w().sleep_for(10s);
        EXPECT_EQ(l.pushes.size(), 2U);
    });
}

TEST(push, busy_apns_is_tried_again_with_growing_delay_APNS_049) {
    lab l;
    for (const auto status : {503U, 429U, 500U}) {
        l.answer_push(status, R"({"reason":"x"})");
    }
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled(l, mac);
        co_await l.enqueue(mac.id(), "one", "ProfileList");
        co_await l.w().sleep_for(4min);
        EXPECT_EQ(l.pushes.size(), 4U);
        for (std::size_t i = 2; i < l.pushes.size(); ++i) {
            EXPECT_GT(l.pushes[i].when - l.pushes[i - 1].when,
                      l.pushes[i - 1].when - l.pushes[i - 2].when);
        }
    });
}

TEST(push, certificate_trouble_is_shown_and_drops_no_command_APNS_050) {
    lab l;
    l.answer_push(403, R"({"reason":"BadCertificate"})");
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled(l, mac);
        co_await l.enqueue(mac.id(), "one", "ProfileList");
        EXPECT_EQ((co_await l.api_json("/v1/pushcert"))["problem"], "BadCertificate");
        EXPECT_EQ(uuid_in(co_await mac.idle()), "one");
        co_await l.w().sleep_for(1min);
        EXPECT_FALSE((co_await l.api_json("/v1/pushcert")).contains("problem"));
    });
}

TEST(push, an_apns_of_another_ca_is_refused_APNS_051) {
    lab l;
    l.options.apns_trust = std::make_shared<const std::vector<crypto::certificate>>();
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled(l, mac);
        const auto r = co_await l.enqueue(mac.id(), "one", "ProfileList");
        EXPECT_EQ(r.status, 207U);
        EXPECT_TRUE(l.pushes.empty());
        EXPECT_TRUE((co_await l.api_json("/v1/pushcert")).contains("problem"));
    });
}

TEST(push, no_reaction_leads_to_few_more_pushes_APNS_056_APNS_057) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled(l, mac);
        co_await l.enqueue(mac.id(), "one", "ProfileList");
        co_await l.w().sleep_for(6min);
        EXPECT_EQ(l.pushes.size(), 2U);
        co_await l.w().sleep_for(24h * 30);
        EXPECT_GT(l.pushes.size(), 3U);
        EXPECT_LT(l.pushes.size(), 10U);
    });
}

TEST(push, no_reminder_when_nothing_waits) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled(l, mac);
        co_await l.enqueue(mac.id(), "one", "ProfileList");
        co_await mac.idle();
        co_await mac.report(mdm::command_status::acknowledged, "one");
        co_await l.w().sleep_for(24h);
        EXPECT_EQ(l.pushes.size(), 1U);
    });
}

TEST(push, a_foreign_topic_is_stored_but_not_pushed) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        mac.topic = "com.apple.mgmt.External.other";
        co_await enrolled(l, mac);
        EXPECT_EQ((co_await l.enqueue(mac.id(), "one", "ProfileList")).status, 207U);
        EXPECT_TRUE(l.pushes.empty());
        EXPECT_EQ((co_await l.api_json("/v1/enrollments"))[0]["topic"], mac.topic);
    });
}

} // namespace
} // namespace pomona::server
