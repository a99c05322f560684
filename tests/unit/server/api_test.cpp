// The operator's API, in the virtual world.
#include "push/push_identity.hpp"
#include "scripted_mac.hpp"

namespace pomona::server {
namespace {

TEST(api, needs_the_key_and_only_there_says_401) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        const auto r = co_await l.ask(get("/v1/enrollments"));
        EXPECT_EQ(r.status, 401U);
        EXPECT_TRUE(net::find_header(r.headers, "WWW-Authenticate"));
        const auto version = co_await l.ask(get("/version"));
        EXPECT_EQ(version.status, 200U);
        EXPECT_TRUE(json::parse(text_of(version)).contains("version"));
        EXPECT_EQ((co_await l.api("GET", "/v1/nothing")).status, 404U);
        EXPECT_EQ((co_await l.api("POST", "/v1/enrollments")).status, 405U);
        l.options.api_key = "wrong";
        EXPECT_EQ((co_await l.api("GET", "/v1/enrollments")).status, 401U);
    });
}

TEST(api, an_identifier_that_is_no_text_is_400_everywhere) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        for (const auto* resource :
             {"status", "status-values", "status-errors", "declaration-status", "enrollments",
              "commands", "push", "declarations", "sets"}) {
            const auto got = co_await l.api("GET", std::string{"/v1/"} + resource + "/a%ff");
            EXPECT_EQ(got.status, 400U) << resource;
        }
    });
}

TEST(api, enqueue_answers_in_nanomdms_form) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac a{l, 1};
        scripted_mac b{l, 2};
        co_await a.enroll();
        co_await b.enroll();
        auto r = co_await l.enqueue(a.id() + "," + b.id(), "one", "ProfileList");
        EXPECT_EQ(r.status, 200U);
        auto body = json::parse(text_of(r));
        EXPECT_EQ(body["command_uuid"], "one");
        EXPECT_EQ(body["request_type"], "ProfileList");
        EXPECT_TRUE(body["status"][b.id()].contains("push_result"));
        EXPECT_EQ(l.pushes.size(), 2U);
        r = co_await l.enqueue(a.id() + ",unknown", "two", "ProfileList", "?nopush=1");
        EXPECT_EQ(r.status, 207U);
        body = json::parse(text_of(r));
        EXPECT_EQ(body["no_push"], true);
        EXPECT_TRUE(body["status"]["unknown"].contains("command_error"));
        EXPECT_EQ((co_await l.enqueue("unknown", "x", "ProfileList")).status, 500U);
        // Choice: a CommandUUID that was used before is a conflict.
        EXPECT_EQ((co_await l.enqueue(a.id(), "one", "ProfileList")).status, 409U);
        EXPECT_EQ(l.pushes.size(), 2U);
    });
}

TEST(api, enqueue_refuses_what_is_no_command) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.enroll();
        const auto path = "/v1/enqueue/" + mac.id();
        const plist::dict command{{"RequestType", "ProfileList"}};
        for (const auto& d : {plist::dict{{"Command", command}},
                              plist::dict{{"CommandUUID", ""}, {"Command", command}},
                              plist::dict{{"CommandUUID", "x"}},
                              plist::dict{{"CommandUUID", "x"}, {"Command", plist::dict{}}}}) {
            EXPECT_EQ((co_await l.api("PUT", path, plist::to_xml(d))).status, 400U);
        }
        EXPECT_EQ((co_await l.api("PUT", path, to_bytes("junk"))).status, 400U);
        EXPECT_EQ((co_await l.api("PUT", "/v1/enqueue/", {})).status, 400U);
        EXPECT_EQ(uuid_in(co_await mac.idle()), "");
    });
}

TEST(api, push_certificate_of_another_topic_needs_override_APNS_053_APNS_054) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start(false);
        EXPECT_EQ((co_await l.api("GET", "/v1/pushcert")).status, 404U);
        const auto upload = [&](const std::string& uid, duration valid, std::string query) {
            return l.api("PUT", "/v1/pushcert" + query,
                         to_bytes(write_push_pem(l.push_identity(uid, valid))));
        };
        const std::string first{test_topic};
        auto r = co_await upload(first, 24h * 300, "");
        EXPECT_EQ(r.status, 200U) << text_of(r);
        EXPECT_EQ(json::parse(text_of(r))["topic"], first);
        EXPECT_TRUE(json::parse(text_of(r)).contains("not_after"));
        r = co_await upload(first, 24h * 10, "");
        EXPECT_EQ(r.status, 200U);
        EXPECT_TRUE(json::parse(text_of(r)).contains("warning"));
        const std::string other = "com.apple.mgmt.External.other";
        EXPECT_EQ((co_await upload(other, 24h * 300, "")).status, 409U);
        EXPECT_EQ((co_await l.api_json("/v1/pushcert"))["topic"], first);
        EXPECT_EQ((co_await upload(other, 24h * 300, "?override=1")).status, 200U);
        EXPECT_EQ((co_await l.api_json("/v1/pushcert"))["topic"], other);
        EXPECT_EQ((co_await upload("not an mdm topic", 24h, "?override=1")).status, 400U);
        EXPECT_EQ((co_await upload(other, -1min, "")).status, 400U); // expired
        EXPECT_EQ((co_await l.api("PUT", "/v1/pushcert", to_bytes("junk"))).status, 400U);
    });
}

} // namespace
} // namespace pomona::server
