// Requests that wait for a decision: PENDING, polls, approval and denial by API.
#include "ca/pending_requests.hpp"
#include "scripted_mac.hpp"

#include <gtest/gtest.h>

namespace pomona::server {
namespace {

using outcome = std::shared_ptr<std::optional<scep::action>>;

net::task<void> enroll_into(lab& l, scep::client_config config, std::size_t key, outcome out) {
    *out = co_await run_scep(l, std::move(config), fixed_key(l.w().crypto(), key));
}

net::task<scep::client_config> patient_config(lab& l) {
    auto config = scripted_mac::scep_config(co_await scripted_mac::fetch_profile(l));
    config.subject = {{"O", "Test"}, {"CN", "C02PENDING"}};
    config.retries = 20;
    config.retry_delay = 10s;
    co_return config;
}

net::task<json> the_request(lab& l) {
    const auto listed = co_await l.api_json("/v1/scep-requests");
    EXPECT_EQ(listed["requests"].size(), 1U);
    co_return listed["requests"].at(0);
}

net::task<unsigned> decide(lab& l, std::string transaction, std::string how) {
    const auto r = co_await l.api("PUT", "/v1/scep-requests/" + transaction + "?" + how + "=1");
    co_return r.status;
}

TEST(scep_pending, a_client_polls_until_it_is_approved_SCEP_024) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        EXPECT_EQ((co_await l.api("PUT", "/v1/scep-approval/manual")).status, 200U);
        auto done = std::make_shared<std::optional<scep::action>>();
        l.w().spawn("client", enroll_into(l, co_await patient_config(l), 1, done));
        co_await l.w().sleep_for(45s);
        EXPECT_FALSE(*done);
        const auto waits = co_await the_request(l);
        EXPECT_EQ(waits["state"], "waiting");
        EXPECT_NE(waits["subject"].get<std::string>().find("C02PENDING"), std::string::npos);
        EXPECT_EQ(co_await decide(l, waits["transaction_id"], "approve"), 204U);
        EXPECT_EQ(co_await decide(l, waits["transaction_id"], "deny"), 404U); // once is enough
        co_await l.w().sleep_for(15s);
        EXPECT_TRUE(*done && std::holds_alternative<scep::done_action>(**done));
        EXPECT_TRUE((co_await l.api_json("/v1/scep-requests"))["requests"].empty());
    });
}

TEST(scep_pending, who_is_denied_is_told_so_SCEP_024) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        co_await l.api("PUT", "/v1/scep-approval/manual");
        auto done = std::make_shared<std::optional<scep::action>>();
        l.w().spawn("client", enroll_into(l, co_await patient_config(l), 1, done));
        co_await l.w().sleep_for(5s);
        EXPECT_EQ(co_await decide(l, (co_await the_request(l))["transaction_id"], "deny"), 204U);
        co_await l.w().sleep_for(15s);
        const auto* failed = *done ? std::get_if<scep::failed_action>(&**done) : nullptr;
        EXPECT_TRUE(failed != nullptr && failed->refused == scep::fail_info::bad_request);
    });
}

// SCEP-055: as often as the payload says, and no more.
TEST(scep_pending, a_client_gives_up_after_its_retries_SCEP_055) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        co_await l.api("PUT", "/v1/scep-approval/manual");
        auto config = co_await patient_config(l);
        config.retries = 3;
        auto done = std::make_shared<std::optional<scep::action>>();
        l.w().spawn("client", enroll_into(l, std::move(config), 1, done));
        co_await l.w().sleep_for(5min);
        const auto* failed = *done ? std::get_if<scep::failed_action>(&**done) : nullptr;
        EXPECT_TRUE(failed != nullptr && failed->why.code == scep::errc::still_pending);
    });
}

TEST(scep_pending, the_same_request_again_is_a_poll_SCEP_025) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        co_await l.api("PUT", "/v1/scep-approval/manual");
        auto config = co_await patient_config(l);
        config.retries = 0; // each run sends one PKCSReq and no poll
        for (int i = 0; i < 2; ++i) {
            const auto end = co_await run_scep(l, config, fixed_key(l.w().crypto(), 1));
            const auto* failed = std::get_if<scep::failed_action>(&end);
            EXPECT_TRUE(failed != nullptr && failed->why.code == scep::errc::still_pending);
        }
        const auto waits = co_await the_request(l); // one, not two
        EXPECT_EQ(co_await decide(l, waits["transaction_id"], "approve"), 204U);
        const auto end = co_await run_scep(l, config, fixed_key(l.w().crypto(), 1));
        EXPECT_TRUE(std::holds_alternative<scep::done_action>(end));
    });
}

TEST(scep_pending, what_needs_no_decision_does_not_wait) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        auto config = co_await patient_config(l);
        const auto key = fixed_key(l.w().crypto(), 1);
        const auto first = co_await run_scep(l, config, key);
        EXPECT_TRUE(std::holds_alternative<scep::done_action>(first));
        co_await l.api("PUT", "/v1/scep-approval/manual");
        // The same request again gets the same certificate; a wrong challenge is refused at once.
        const auto again = co_await run_scep(l, config, key);
        EXPECT_TRUE(std::holds_alternative<scep::done_action>(again));
        config.challenge = "wrong";
        const auto end = co_await run_scep(l, config, fixed_key(l.w().crypto(), 2));
        const auto* failed = std::get_if<scep::failed_action>(&end);
        EXPECT_TRUE(failed != nullptr && failed->refused == scep::fail_info::bad_request);
        EXPECT_TRUE((co_await l.api_json("/v1/scep-requests"))["requests"].empty());
    });
}

TEST(scep_pending, calls_that_say_nothing_are_refused) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        EXPECT_EQ((co_await l.api("PUT", "/v1/scep-approval/perhaps")).status, 400U);
        EXPECT_EQ((co_await l.api("POST", "/v1/scep-approval")).status, 405U);
        EXPECT_EQ((co_await l.api("PUT", "/v1/scep-requests/x")).status, 400U);
        EXPECT_EQ((co_await l.api("PUT", "/v1/scep-requests/x?approve=1")).status, 404U);
        EXPECT_EQ((co_await l.api("DELETE", "/v1/scep-requests/x")).status, 405U);
    });
}

TEST(scep_pending, requests_are_bounded_and_forgotten_after_a_week) {
    pending_requests all;
    const time_point start{};
    const auto add = [&](const std::string& id, time_point now) {
        pending_request p{id, bytes{1}, {}, decision::waiting};
        p.what.query.now = now;
        return all.add(std::move(p), now);
    };
    for (std::size_t i = 0; i < pending_requests::most; ++i) {
        ASSERT_TRUE(add(std::to_string(i), start));
    }
    EXPECT_FALSE(add("one more", start));
    EXPECT_NE(all.find("7", bytes{1}), nullptr);
    EXPECT_EQ(all.find("7", bytes{2}), nullptr); // signed by somebody else
    EXPECT_TRUE(add("one more", start + pending_requests::lifetime));
    EXPECT_EQ(all.list().size(), 1U);
}

} // namespace
} // namespace pomona::server
