// What a Mac reports of its declarations by itself: subscriptions, full reports, repeats.
#include "ddm_bench.hpp"
#include "pomona/foundation/encoding.hpp"

namespace pomona::sim::mac {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class ddm_reports : public ddm_bench {};

// DDM-049, DDM-052.
TEST_F(ddm_reports, a_subscribed_item_is_told_when_it_changes_and_no_longer_after_that) {
    subscribe("S1", {"test.integer-value", "test.array-value"});
    activate("A1", {"S1"});
    sync();
    EXPECT_EQ(report["StatusItems"]["test"]["integer-value"], 42);
    host.values["test.integer-value"] = 43;
    look();
    EXPECT_EQ(report["StatusItems"], (json{{"test", {{"integer-value", 43}}}}));
    EXPECT_FALSE(report.contains("FullReport"));
    // Elements without an identifier come together.
    host.values["test.array-value"] = json::array({{{"key1", "a"}}, {{"key1", "b"}}});
    look();
    EXPECT_EQ(report["StatusItems"]["test"]["array-value"].size(), 2U);
    undeclare("A1");
    sync();
    host.values["test.integer-value"] = 44;
    look();
    EXPECT_EQ(asked, strings{});
    // Subscribed again: the current value, though it was told before.
    activate("A1", {"S1"}, nullptr, "2");
    sync();
    EXPECT_EQ(report["StatusItems"]["test"]["integer-value"], 44);
}

TEST_F(ddm_reports, the_test_error_is_an_error) {
    subscribe("S1", {"test.error-value"});
    activate("A1", {"S1"});
    sync();
    ASSERT_EQ(report["Errors"].size(), 1U);
    EXPECT_EQ(report["Errors"][0]["StatusItem"], "test.error-value");
    look();
    EXPECT_EQ(asked, strings{}) << "told once";
}

// DDM-053.
TEST_F(ddm_reports, a_full_report_comes_every_day) {
    subscribe("S1", {"test.integer-value"});
    activate("A1", {"S1"});
    sync();
    EXPECT_FALSE(report.contains("FullReport"));
    EXPECT_EQ(engine.next_due(), host.clock + 24h);
    host.clock += 23h;
    look();
    EXPECT_EQ(asked, strings{});
    host.clock += 1h;
    look();
    EXPECT_EQ(report["FullReport"], true);
    EXPECT_EQ(report["StatusItems"]["test"]["integer-value"], 42);
    EXPECT_TRUE(report["StatusItems"]["management"].contains("client-capabilities"));
    EXPECT_EQ(engine.next_due(), host.clock + 24h);
}

// DDM-053: FullReport came with 14.0.
TEST_F(ddm_reports, before_14_every_report_is_incremental) {
    host.where.os_version = "13.6";
    sync();
    EXPECT_EQ(engine.next_due(), time_point::max());
    host.clock += 48h;
    look();
    EXPECT_EQ(asked, strings{});
}

// DDM-059.
TEST_F(ddm_reports, a_report_that_failed_is_repeated_by_itself) {
    status_answer = 500;
    sync();
    EXPECT_FALSE(engine.succeeded());
    status_answer = 200;
    host.clock = engine.next_due();
    EXPECT_LE(host.clock, bench_host{}.clock + 1h);
    look();
    EXPECT_EQ(asked, strings{"status"});
    EXPECT_TRUE(report["StatusItems"]["management"].contains("client-capabilities"));
}

TEST_F(ddm_reports, a_synchronisation_that_failed_is_repeated_by_itself) {
    declare("configuration.management.test", "C1", test_payload);
    ASSERT_TRUE(engine.start(std::nullopt));
    EXPECT_FALSE(engine.on_answer(500, {}));
    host.clock = engine.next_due();
    look();
    EXPECT_EQ(engine.held().size(), 1U);
    EXPECT_TRUE(engine.succeeded());
    EXPECT_EQ(engine.next_due(), host.clock + 24h);
}

} // namespace
} // namespace pomona::sim::mac
