#include "pomona/scenario/outcome.hpp"
#include "pomona/scenario/runner.hpp"

#include <gtest/gtest.h>

namespace pomona::scenario {
namespace {

run_outcome sample() {
    run_outcome o;
    o.version = "0";
    o.name = "n";
    o.seed = 7;
    o.world = "virtual";
    o.macs = 2;
    step_outcome s;
    s.title = "expect: Idle";
    s.verdict = checks::verdict::fail;
    s.macs = 2;
    s.macs_held = 1;
    s.failures.push_back({"mac-0002", "no Idle", "nothing", {4, 5}});
    o.steps.push_back(s);
    check_outcome c;
    c.id = "MDM-CHK-004";
    c.verdict = checks::verdict::warn;
    c.findings.push_back({9, {8}, "mac-0001", "zero bytes", "12 bytes"});
    o.checks.push_back(c);
    o.faults.push_back({"rst-stream", "t.yaml:5", 9, 2, {{"it needs h2", 3}}});
    o.verdict = checks::verdict::fail;
    o.exit = exit_code::failed;
    return o;
}

TEST(run_json, reads_back_as_it_was_written) {
    const auto text = to_json(sample());
    const auto back = from_json(text);
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(to_json(*back), text);
    EXPECT_EQ(back->steps[0].failures[0].around, (std::vector<std::uint64_t>{4, 5}));
}

TEST(run_json, faults_are_counted_and_older_runs_have_none) {
    auto text = to_json(sample());
    const auto back = from_json(text);
    ASSERT_TRUE(back);
    ASSERT_EQ(back->faults.size(), 1U);
    EXPECT_EQ(back->faults[0].injected, 2U);
    EXPECT_EQ(back->faults[0].missed.at("it needs h2"), 3U);
    const auto at = text.find(",\n  \"faults\"");
    ASSERT_NE(at, std::string::npos);
    const auto older = from_json(text.substr(0, at) + "\n}\n");
    ASSERT_TRUE(older) << older.error().message();
    EXPECT_TRUE(older->faults.empty());
}

TEST(run_json, anything_else_is_an_error_with_words) {
    for (const auto* text : {"", "{}", "[1]", "{\"version\": 3}", "\xff"}) {
        const auto read = from_json(text);
        ASSERT_FALSE(read) << text;
        EXPECT_NE(read.error().message().find("run.json"), std::string::npos);
    }
}

TEST(exit_codes, the_graver_one_wins) {
    using enum exit_code;
    EXPECT_EQ(worse(failed, threshold), failed);
    EXPECT_EQ(worse(load_invalid, failed), load_invalid);
    EXPECT_EQ(worse(unusable_target, load_invalid), unusable_target);
    EXPECT_EQ(worse(invalid_input, unusable_target), invalid_input);
    EXPECT_EQ(worse(internal, invalid_input), internal);
    EXPECT_EQ(worse(terminated, failed), terminated);
    EXPECT_EQ(worse(internal, terminated), internal);
    EXPECT_EQ(worse(ok, ok), ok);
}

TEST(verdict, nothing_is_green_by_omission) {
    using checks::verdict;
    auto verdict_with = [](verdict step, verdict check) {
        run_outcome o;
        step_outcome s;
        s.verdict = step;
        o.steps.push_back(s);
        check_outcome c;
        c.verdict = check;
        o.checks.push_back(c);
        settle(o);
        return std::pair{o.verdict, o.exit};
    };
    EXPECT_EQ(verdict_with(verdict::pass, verdict::pass),
              (std::pair{verdict::pass, exit_code::ok}));
    EXPECT_EQ(verdict_with(verdict::pass, verdict::not_applicable),
              (std::pair{verdict::pass, exit_code::ok}));
    EXPECT_EQ(verdict_with(verdict::pass, verdict::warn),
              (std::pair{verdict::warn, exit_code::ok}));
    EXPECT_EQ(verdict_with(verdict::blocked, verdict::pass),
              (std::pair{verdict::fail, exit_code::failed}));
    EXPECT_EQ(verdict_with(verdict::pass, verdict::fail),
              (std::pair{verdict::fail, exit_code::failed}));
    EXPECT_EQ(verdict_with(verdict::pass, verdict::error),
              (std::pair{verdict::fail, exit_code::failed}));
}

} // namespace
} // namespace pomona::scenario
