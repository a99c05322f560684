// The command loop's queue rules over the wire, in the virtual world.
#include "scripted_mac.hpp"

namespace pomona::server {
namespace {

using mdm::command_status;

net::task<void> enrolled_with(lab& l, scripted_mac& mac, std::vector<std::string> uuids) {
    co_await l.start();
    co_await mac.enroll();
    for (const auto& uuid : uuids) {
        EXPECT_EQ((co_await l.enqueue(mac.id(), uuid, "ProfileList", "?nopush=1")).status, 200U);
    }
}

TEST(command_loop, empty_queue_is_answered_with_zero_bytes_MDM_CHK_004) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled_with(l, mac, {});
        const auto r = co_await mac.idle();
        EXPECT_EQ(r.status, 200U);
        EXPECT_TRUE(r.body.empty());
    });
}

TEST(command_loop, a_command_is_exactly_two_keys_MDM_CHK_005_to_007) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled_with(l, mac, {});
        const auto body = plist::to_xml(
            plist::dict{{"CommandUUID", "one"},
                        {"Extra", "not to be passed on"},
                        {"Command", plist::dict{{"RequestType", "DeviceInformation"},
                                                {"Queries", plist::array{plist::value{"UDID"}}}}}});
        EXPECT_EQ((co_await l.api("PUT", "/v1/enqueue/" + mac.id(), body)).status, 200U);
        const auto r = co_await mac.idle();
        EXPECT_EQ(net::find_header(r.headers, "Content-Type"), "application/xml; charset=UTF-8");
        const auto d = plist::parse_dict(r.body).value();
        EXPECT_EQ(d.size(), 2U);
        EXPECT_EQ(*d.string("CommandUUID"), "one");
        EXPECT_EQ(*d.dictionary("Command")->string("RequestType"), "DeviceInformation");
        EXPECT_EQ(d.dictionary("Command")->list("Queries")->size(), 1U);
    });
}

TEST(command_loop, head_stays_until_a_terminal_status_MDM_CHK_008_to_011) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled_with(l, mac, {"one", "two", "three"});
        EXPECT_EQ(uuid_in(co_await mac.idle()), "one");
        mac.hang_up(); // delivered, connection lost
        EXPECT_EQ(uuid_in(co_await mac.idle()), "one");
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::acknowledged, "one")), "two");
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::error, "two")), "three");
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::command_format_error, "three")), "");
        EXPECT_EQ(uuid_in(co_await mac.idle()), "");
        const auto all = co_await l.api_json("/v1/commands/" + mac.id());
        EXPECT_EQ(all[0]["status"], "CommandFormatError");
        EXPECT_EQ(all[1]["error_chain"][0]["ErrorCode"], 12021); // MDM-CHK-010
        EXPECT_EQ(all[2]["status"], "Acknowledged");
    });
}

TEST(command_loop, not_now_is_not_offered_again_on_that_round_MDM_CHK_012_MDM_CHK_013) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled_with(l, mac, {"one", "two"});
        EXPECT_EQ(uuid_in(co_await mac.idle()), "one");
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::not_now, "one")), "two");
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::not_now, "two")), "");
        EXPECT_EQ(uuid_in(co_await mac.idle()), "one"); // the same connection, a new round
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::not_now, "one")), "two");
        mac.hang_up();
        EXPECT_EQ(uuid_in(co_await mac.idle()), "one");
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::acknowledged, "one")), "two");
    });
}

// A round is the enrollment's, whatever carries it: a connection may end in its middle, and HTTP/2
// carries several enrollments' rounds on one.
TEST(command_loop, a_round_goes_on_over_another_connection_MDM_CHK_012_MDM_CHK_014) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled_with(l, mac, {"one", "two"});
        co_await mac.idle();
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::not_now, "one")), "two");
        mac.hang_up();
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::acknowledged, "two")), "");
        co_await l.w().sleep_for(2min);
        EXPECT_EQ(l.pushes.size(), 1U); // the Mac will not poll by itself
        EXPECT_EQ(uuid_in(co_await mac.idle()), "one");
    });
}

TEST(command_loop, rounds_of_two_channels_run_side_by_side_on_one_connection) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled_with(l, mac, {"device-1", "device-2"});
        const auto device = mac.from;
        mac.from.user_id = "USER-1";
        mac.from.user_short_name = "alice";
        mac.from.user_long_name = "Alice";
        mac.token = push_token{bytes(32, 0x77)};
        EXPECT_EQ((co_await mac.token_update()).status, 200U);
        const auto user = mac.from;
        for (const auto* uuid : {"user-1", "user-2"}) {
            EXPECT_EQ((co_await l.enqueue(mac.id(), uuid, "ProfileList", "?nopush=1")).status,
                      200U);
        }
        EXPECT_EQ(uuid_in(co_await mac.idle()), "user-1");
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::not_now, "user-1")), "user-2");
        mac.from = device; // its Idle begins its own round, not the user's
        EXPECT_EQ(uuid_in(co_await mac.idle()), "device-1");
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::not_now, "device-1")), "device-2");
        mac.from = user;
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::not_now, "user-2")), "");
        mac.from = device;
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::not_now, "device-2")), "");
        mac.from = user;
        EXPECT_EQ(uuid_in(co_await mac.idle()), "user-1");
    });
}

TEST(command_loop, a_not_now_that_comes_again_changes_nothing_MDM_CHK_015) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled_with(l, mac, {"one", "two", "three"});
        co_await mac.idle();
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::not_now, "one")), "two");
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::not_now, "two")), "three");
        mac.hang_up(); // the answer was lost
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::not_now, "two")), "three");
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::acknowledged, "three")), "");
    });
}

TEST(command_loop, a_result_whose_answer_was_lost_is_taken_once_and_answered_alike_MDM_CHK_015) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled_with(l, mac, {"one", "two", "three"});
        co_await mac.idle();
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::acknowledged, "one")), "two");
        const auto before = co_await l.api_json("/v1/commands/" + mac.id());
        mac.hang_up();
        co_await l.w().sleep_for(1min);
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::acknowledged, "one")), "two");
        EXPECT_EQ(co_await l.api_json("/v1/commands/" + mac.id()), before);
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::acknowledged, "two")), "three");
    });
}

TEST(command_loop, not_now_followed_by_another_status_brings_a_push_MDM_CHK_014) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled_with(l, mac, {"one", "two"});
        co_await mac.idle();
        co_await mac.report(command_status::not_now, "one");
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::acknowledged, "two")), "");
        const auto then = l.w().now();
        EXPECT_TRUE(l.pushes.empty());
        co_await l.w().sleep_for(2min);
        EXPECT_EQ(l.pushes.size(), 1U);
        EXPECT_GE(l.pushes.at(0).when - then, 29s);
    });
}

TEST(command_loop, not_now_as_last_status_needs_no_push) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled_with(l, mac, {"one"});
        co_await mac.idle();
        co_await mac.report(command_status::not_now, "one");
        co_await l.w().sleep_for(10min);
        EXPECT_TRUE(l.pushes.empty());
    });
}

TEST(command_loop, repeated_and_unknown_results_are_harmless_MDM_CHK_015_MDM_CHK_016) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled_with(l, mac, {"one", "two"});
        co_await mac.idle();
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::acknowledged, "one")), "two");
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::error, "one")), "two");
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::not_now, "one")), "two");
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::acknowledged, "never-sent")), "two");
        const auto all = co_await l.api_json("/v1/commands/" + mac.id());
        EXPECT_EQ(all.size(), 2U);
        EXPECT_EQ(all[1]["status"], "Acknowledged"); // the first result stays
    });
}

net::task<void> idle_into(scripted_mac* mac, std::shared_ptr<std::vector<std::string>> seen) {
    seen->push_back(uuid_in(co_await mac->idle()));
}

TEST(command_loop, two_connections_at_once_lose_nothing_MDM_CHK_054) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled_with(l, mac, {"one", "two"});
        scripted_mac twin{l, 1};
        twin.identity = mac.identity;
        auto seen = std::make_shared<std::vector<std::string>>();
        net::task_group both{l.w()};
        both.spawn("a", idle_into(&mac, seen));
        both.spawn("b", idle_into(&twin, seen));
        EXPECT_TRUE(co_await both.all_done(net::never));
        EXPECT_EQ(*seen, (std::vector<std::string>{"one", "one"}));
        EXPECT_EQ(uuid_in(co_await mac.report(command_status::acknowledged, "one")), "two");
        EXPECT_EQ(uuid_in(co_await twin.report(command_status::acknowledged, "one")), "two");
    });
}

TEST(command_loop, nothing_is_served_before_token_update_ENR_015) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.get_identity();
        co_await mac.authenticate();
        const auto r = co_await l.enqueue(mac.id(), "one", "ProfileList");
        EXPECT_EQ(r.status, 207U); // queued, not pushed
        EXPECT_EQ(uuid_in(co_await mac.idle()), "");
        EXPECT_TRUE(l.pushes.empty()); // MDM-CHK-019
        co_await mac.token_update();
        co_await l.w().sleep_for(1s);
        EXPECT_EQ(l.pushes.size(), 1U);
        EXPECT_EQ(uuid_in(co_await mac.idle()), "one");
    });
}

TEST(command_loop, authenticate_again_clears_the_queue_MDM_CHK_023_ENR_082) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enrolled_with(l, mac, {"one", "two"});
        co_await mac.idle();
        co_await mac.report(command_status::acknowledged, "one");
        co_await mac.authenticate();
        EXPECT_EQ((co_await l.api("GET", "/v1/push/" + mac.id())).status, 500U);
        co_await mac.token_update();
        EXPECT_EQ(uuid_in(co_await mac.idle()), "");
        // What was answered stays as history.
        const auto all = co_await l.api_json("/v1/commands/" + mac.id());
        EXPECT_EQ(all.size(), 1U);
    });
}

} // namespace
} // namespace pomona::server
