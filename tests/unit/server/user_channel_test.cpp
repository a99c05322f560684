// Users of a Mac beside their device: tokens, queues, and the end of both.
#include "scripted_mac.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace pomona::server {
namespace {

TEST(user_channel, user_channel_is_kept_apart_MDM_CHK_040_MDM_CHK_041_ENR_019) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.enroll();
        const auto device = mac.from;
        const auto device_token = mac.token_hex();
        mac.from.user_id = "USER-1";
        mac.from.user_short_name = "alice";
        mac.token = push_token{bytes(32, 0x77)};
        EXPECT_EQ(uuid_in(co_await mac.idle()), ""); // before its TokenUpdate
        EXPECT_EQ((co_await mac.token_update()).status, 200U);
        EXPECT_EQ((co_await l.enqueue(mac.id(), "for-user", "ProfileList")).status, 200U);
        EXPECT_EQ(l.pushes.size(), 1U);
        EXPECT_EQ(l.pushes.at(0).path, "/3/device/" + mac.token_hex()); // MDM-CHK-021
        const auto user = std::exchange(mac.from, device);
        EXPECT_EQ(uuid_in(co_await mac.idle()), "");
        EXPECT_EQ((co_await l.enqueue(mac.id(), "for-device", "ProfileList")).status, 200U);
        EXPECT_EQ(l.pushes.back().path, "/3/device/" + device_token);
        mac.from = user;
        EXPECT_EQ(uuid_in(co_await mac.idle()), "for-user");
        EXPECT_EQ((co_await mac.authenticate()).status, 400U);
    });
}

void become_user(scripted_mac& mac, std::string id, std::uint8_t octet) {
    mac.from.user_id = std::move(id);
    mac.from.user_short_name = "alice";
    mac.from.user_long_name = "Alice";
    mac.token = push_token{bytes(32, octet)};
}

TEST(user_channel, a_user_comes_after_its_device_and_needs_a_UserID) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.get_identity();
        const auto device = mac.from;
        become_user(mac, "USER-1", 0x77);
        const auto unknown = co_await mac.token_update();
        EXPECT_EQ(unknown.status, 403U);
        EXPECT_NE(as_text(unknown.body).find("com.apple.unrecognized.device"), std::string::npos);
        const auto user = std::exchange(mac.from, device);
        EXPECT_EQ((co_await mac.authenticate()).status, 200U);
        mac.from = user;
        const auto early = co_await mac.token_update();
        EXPECT_EQ(early.status, 403U);
        EXPECT_EQ(as_text(early.body).find("com.apple"), std::string::npos); // costs no enrollment
        mac.from = device;
        EXPECT_EQ((co_await mac.token_update()).status, 200U);
        mac.from = user;
        EXPECT_EQ((co_await mac.token_update()).status, 200U);
        mac.from.user_id.clear();
        EXPECT_EQ((co_await mac.token_update()).status, 400U);
    });
}

// MDM-CHK-023, MDM-CHK-024, MDM-CHK-041: results stay in their queue, and the device's end is the
// users' end.
TEST(user_channel, users_have_queues_of_their_own_and_end_with_their_device) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.enroll();
        const auto device = mac.from;
        become_user(mac, "USER-1", 0x77);
        const auto alice = mac.from;
        co_await mac.token_update();
        become_user(mac, "USER-2", 0x78);
        const auto bob = mac.from;
        co_await mac.token_update();
        for (const auto& id : {alice.id().value(), bob.id().value()}) {
            EXPECT_EQ((co_await l.enqueue(id, "same", "ProfileList")).status, 200U);
        }
        EXPECT_EQ(uuid_in(co_await mac.idle()), "same");
        EXPECT_EQ(uuid_in(co_await mac.report(mdm::command_status::acknowledged, "same")), "");
        mac.from = alice; // the other user's answer is not hers
        EXPECT_EQ(uuid_in(co_await mac.idle()), "same");
        mac.from = device;
        EXPECT_EQ((co_await mac.check_out()).status, 200U);
        const auto before = l.pushes.size();
        EXPECT_EQ((co_await l.enqueue(alice.id().value(), "late", "ProfileList")).status, 500U);
        EXPECT_EQ(l.pushes.size(), before);
        mac.from = alice;
        const auto after = co_await mac.idle();
        EXPECT_EQ(after.status, 403U);
        mac.from = device;
        EXPECT_EQ((co_await mac.authenticate()).status, 200U);
        EXPECT_EQ((co_await mac.token_update()).status, 200U);
        mac.from = alice; // enrolled anew: without a TokenUpdate of hers nothing is served
        EXPECT_EQ(uuid_in(co_await mac.idle()), "");
        co_await mac.token_update();
        EXPECT_EQ(uuid_in(co_await mac.idle()), ""); // and the old queue is gone
    });
}

} // namespace
} // namespace pomona::server
