#include "html_data.hpp"
#include "sample_run.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace pomona::reports {
namespace {

using nlohmann::json;

class page : public testing::Test {
  protected:
    void add(std::string actor, std::string body) {
        auto e = sample::event(events_.size() + 1, std::move(actor), trace::kind::request, "mdm",
                               {{"Status", "Idle"}});
        e.time += std::chrono::milliseconds{1500};
        if (!body.empty()) {
            e.body = trace::body_ref{"sha-" + body.substr(0, 8), body.size(), false};
            bodies_[e.body->sha256] = to_bytes(body);
        }
        events_.push_back(std::move(e));
    }

    std::string text(const data_bounds& bounds = {}) {
        html_input input;
        input.run = &run_;
        for (const auto& e : events_) {
            input.events.push_back(&e);
        }
        input.body = [this](const trace::body_ref& ref) -> std::optional<bytes> {
            const auto found = bodies_.find(ref.sha256);
            return found == bodies_.end() ? std::nullopt : std::optional{found->second};
        };
        return page_data(input, bounds);
    }

    scenario::run_outcome run_ = sample::run();
    std::vector<trace::event> events_;
    std::map<std::string, bytes> bodies_;
};

TEST_F(page, has_the_run_and_one_compact_row_an_event) {
    add("mac-0001", R"({"a":1})");
    const auto data = json::parse(text());
    EXPECT_EQ(data["run"]["name"], "sample");
    const auto& row = data["events"][0];
    ASSERT_EQ(row.size(), 13U);
    EXPECT_EQ(row[0], 1);
    EXPECT_EQ(row[1], 1500.0);
    EXPECT_EQ(data["labels"][row[5].get<std::size_t>()], "Idle");
    EXPECT_EQ(data["bodies"][row[9].get<std::size_t>()]["decoded"]["a"], 1);
    EXPECT_EQ(data["details"]["1"]["summary"]["Status"], "Idle");
}

TEST_F(page, nothing_in_it_can_end_the_script_element) {
    run_.name = "</script><script>alert(1)</script><!--";
    add("mac-0001", "</SCRIPT > in a body");
    const auto data = text();
    EXPECT_EQ(data.find('<'), data.npos);
    EXPECT_EQ(json::parse(data)["run"]["name"], run_.name);
    EXPECT_EQ(json::parse(data)["bodies"][0]["text"], "</SCRIPT > in a body");
}

TEST_F(page, bytes_that_are_no_text_are_shown_as_hex_and_never_break_it) {
    add("mac-0001", std::string{"\x30\x82\x00\xff", 4});
    events_[0].target = "/\xff\xfe";
    const auto data = json::parse(text());
    EXPECT_EQ(data["bodies"][0]["hex"], "308200ff");
}

TEST_F(page, equal_bodies_are_there_once) {
    add("mac-0001", "same text");
    add("mac-0001", "same text");
    const auto data = json::parse(text());
    EXPECT_EQ(data["bodies"].size(), 1U);
    EXPECT_EQ(data["events"][0][9], data["events"][1][9]);
}

TEST_F(page, details_stop_at_their_bound_and_those_of_failed_macs_come_first) {
    add("mac-0001", "of a Mac that is well");
    add("mac-0002", "FAILED: of the one that is not");
    const auto data = json::parse(text({.detail_bytes = 150}));
    EXPECT_TRUE(data["details"].contains("2"));
    EXPECT_FALSE(data["details"].contains("1"));
    EXPECT_EQ(data["bodies"].size(), 1U);
    EXPECT_EQ(data["omitted"]["details"], 1);
    EXPECT_EQ(data["omitted"]["bodies"], 1);
    EXPECT_EQ(data["events"].size(), 2U);
}

TEST_F(page, a_body_that_is_too_long_is_named_only) {
    add("mac-0001", std::string(100, 'x'));
    const auto body = json::parse(text({.body_bytes = 50}))["bodies"][0];
    EXPECT_EQ(body["too_long"], true);
    EXPECT_EQ(body["size"], 100);
    EXPECT_FALSE(body.contains("text"));
}

TEST_F(page, a_missing_body_is_counted) {
    add("mac-0001", "gone");
    bodies_.clear();
    const auto data = json::parse(text());
    EXPECT_EQ(data["omitted"]["bodies"], 1);
    EXPECT_EQ(data["events"][0][9], -1);
}

TEST_F(page, a_run_without_events_is_a_page_too) {
    EXPECT_EQ(json::parse(text())["events"].size(), 0U);
}

} // namespace
} // namespace pomona::reports
