#include "pomona/reports/console.hpp"
#include "sample_run.hpp"

#include <gmock/gmock.h>

namespace pomona::reports {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(console, a_failed_step_reads_like_a_compilers_error) {
    const auto text = summary(sample::run(), "", {});
    EXPECT_THAT(text,
                HasSubstr("sample.yaml:3:5: error: expect: TokenUpdate: 1 of 2 Macs did not"));
    EXPECT_THAT(text, HasSubstr("  - expect: TokenUpdate\n"));
    EXPECT_THAT(text, HasSubstr("^"));
    EXPECT_THAT(text, HasSubstr("mac-0002: no TokenUpdate within 60s"));
    EXPECT_THAT(text, HasSubstr("in the trace: #3, #4"));
}

TEST(console, a_violated_check_says_expected_actual_source_and_bugs) {
    const auto text = summary(sample::run(), "", {});
    EXPECT_THAT(text, HasSubstr("MDM-012 [must, documented] The answer is 200."));
    EXPECT_THAT(text, HasSubstr("source: Check-in"));
    EXPECT_THAT(text, HasSubstr("mac-0002 #4: expected 200, got 500"));
    EXPECT_THAT(text, HasSubstr("seen as: example/server#1"));
}

TEST(console, a_failed_run_ends_with_the_line_that_runs_it_again) {
    const auto text = summary(sample::run(), "out", {});
    EXPECT_THAT(text, HasSubstr("again:  pomona run sample.yaml --seed 7\n"));
    EXPECT_THAT(text, HasSubstr("report: out/report.html\n"));
    auto passed = sample::run();
    passed.verdict = checks::verdict::pass;
    EXPECT_THAT(summary(passed, "", {}), Not(HasSubstr("again:")));
}

TEST(console, injected_faults_are_counted_and_those_that_could_not_be_are_told) {
    auto run = sample::run();
    EXPECT_THAT(summary(run, "", {}), Not(HasSubstr("faults")));
    run.faults = {{"drop-answer", "t.yaml:5", 9, 3, {}},
                  {"drop-answer", "t.yaml:8", 2, 1, {}},
                  {"rst-stream", "t.yaml:9", 4, 0, {{"it speaks HTTP/1.1", 4}}},
                  {"reset", "t.yaml:10", 0, 0, {}}};
    const auto text = summary(run, "", {});
    EXPECT_THAT(text, HasSubstr("faults injected: drop-answer 4, reset 0, rst-stream 0\n"));
    EXPECT_THAT(text, HasSubstr("not applied: rst-stream (t.yaml:9) 4 times: it speaks HTTP/1.1"));
    EXPECT_THAT(text, HasSubstr("not applied: reset (t.yaml:10): no such message came"));
}

TEST(console, color_is_there_only_when_asked_for) {
    EXPECT_THAT(summary(sample::run(), "", {}), Not(HasSubstr("\x1b[")));
    EXPECT_THAT(summary(sample::run(), "", {.color = true}), HasSubstr("\x1b[1;31m"));
}

TEST(console, more_failures_than_shown_are_counted) {
    auto run = sample::run();
    run.steps[0].macs = 20;
    run.steps[0].macs_held = 10;
    run.steps[0].failures.assign(10, run.steps[0].failures[0]);
    EXPECT_THAT(summary(run, "", {}), HasSubstr("and 5 more Macs"));
}

TEST(console, a_step_line_has_verdict_count_and_duration) {
    const auto line = step_line(sample::run().steps[0], {});
    EXPECT_THAT(line, HasSubstr("fail"));
    EXPECT_THAT(line, HasSubstr("1/2"));
    EXPECT_THAT(line, HasSubstr("1s500ms"));
}

} // namespace
} // namespace pomona::reports
