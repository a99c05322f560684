// The catalogue as a whole, the words of a judgement, and mistyped ids.
#include "fixtures.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>

namespace pomona::checks::testing {
namespace {

check made(level l, basis b, std::size_t violations, std::size_t occasions = 1) {
    return {"X-001", "a rule", l, b, "a source", subject::server, {}, [=](const trace_view&) {
                observation out{occasions, {}, "a reason"};
                out.violations.resize(violations);
                return out;
            }};
}

std::string_view verdict_of(const check& c, bool strict = false) {
    return to_text(judge(c, trace_view{{}, {}}, strict).verdict);
}

TEST(Catalogue, IsSortedAndEachIdIsThereOnce) {
    const auto& all = catalogue();
    EXPECT_GE(all.size(), 36U);
    EXPECT_EQ(std::ranges::adjacent_find(all, std::ranges::greater_equal{}, &check::id), all.end());
}

TEST(Catalogue, EachEntrySaysWhatItJudgesAndHowWeKnow) {
    const std::regex form{"(MDM-CHK|ENR|SCEP|DDM|APNS)-[0-9]{3}"};
    const std::regex bug{"[A-Za-z0-9-]+/[A-Za-z0-9-]+[#@][0-9a-f]+"};
    for (const auto& c : catalogue()) {
        EXPECT_TRUE(std::regex_match(std::string{c.id}, form)) << c.id;
        EXPECT_TRUE(c.rule.ends_with('.')) << c.id;
        EXPECT_TRUE(c.examine) << c.id;
        const std::string_view beginning = c.basis == basis::documented ? "Apple, \""
                                           : c.basis == basis::rfc      ? "RFC "
                                           : c.basis == basis::observed ? "observed: "
                                           : c.basis == basis::derived  ? "derived from "
                                                                        : "";
        EXPECT_TRUE(c.source.starts_with(beginning)) << c.id << ": " << c.source;
        if (c.basis == basis::schema) {
            EXPECT_TRUE(c.source.ends_with("release 2024-10-21 (macOS 15.1)") ||
                        c.source.ends_with("releases of macOS 15 and 26 (protocol/schema)"))
                << c.id;
        }
        for (const auto b : c.bugs) {
            EXPECT_TRUE(std::regex_match(std::string{b}, bug)) << c.id << ": " << b;
        }
    }
}

TEST(Catalogue, IsFoundById) {
    ASSERT_NE(find("MDM-CHK-004"), nullptr);
    EXPECT_EQ(find("MDM-CHK-004")->id, "MDM-CHK-004");
    EXPECT_EQ(find("MDM-CHK-999"), nullptr);
    EXPECT_EQ(find(""), nullptr);
}

TEST(Catalogue, HasNoFixturesForChecksThatAreNotThere) {
    for (const auto& entry : std::filesystem::directory_iterator{POMONA_CHECK_FIXTURES}) {
        EXPECT_NE(find(entry.path().filename().string()), nullptr) << entry.path();
    }
}

TEST(Nearest, MendsAMistypedId) {
    EXPECT_EQ(nearest("MDM-CHK-04"), "MDM-CHK-004");
    EXPECT_EQ(nearest("mdm-chk-004"), "MDM-CHK-004");
    EXPECT_EQ(nearest("SCEP-O11"), "SCEP-011");
}

TEST(Nearest, IsEmptyWhenNothingIsNear) {
    EXPECT_EQ(nearest("a completely different thing"), "");
    EXPECT_EQ(nearest(""), "");
    EXPECT_EQ(nearest(std::string(100'000, 'M')), "");
}

TEST(Judge, OnlyAMustWeCanProveFails) {
    for (const auto b : {basis::rfc, basis::schema, basis::documented}) {
        EXPECT_EQ(verdict_of(made(level::must, b, 1)), "fail");
        EXPECT_EQ(verdict_of(made(level::should, b, 1)), "warn");
        EXPECT_EQ(verdict_of(made(level::may, b, 1)), "warn");
    }
    EXPECT_EQ(verdict_of(made(level::must, basis::observed, 1)), "warn");
    EXPECT_EQ(verdict_of(made(level::must, basis::derived, 1)), "warn");
}

TEST(Judge, StrictTurnsWarningsIntoFailures) {
    EXPECT_EQ(verdict_of(made(level::should, basis::rfc, 1), true), "fail");
    EXPECT_EQ(verdict_of(made(level::must, basis::derived, 1), true), "fail");
    EXPECT_EQ(verdict_of(made(level::should, basis::derived, 0), true), "pass");
}

TEST(Judge, WithoutAnOccasionSaysWhy) {
    const auto c = made(level::must, basis::rfc, 0, 0);
    const auto j = judge(c, trace_view{{}, {}}, false);
    EXPECT_EQ(j.verdict, verdict::not_applicable);
    EXPECT_EQ(j.seen.reason, "a reason");
    EXPECT_EQ(j.what, &c);
}

TEST(Verdicts, AreReadBackFromTheirText) {
    for (const auto v : {verdict::pass, verdict::fail, verdict::warn, verdict::lenient,
                         verdict::not_applicable, verdict::blocked, verdict::error}) {
        EXPECT_EQ(parse_verdict(to_text(v)), v);
    }
    EXPECT_EQ(to_text(verdict::not_applicable), "n/a");
    EXPECT_EQ(to_text(subject::scep_server), "SCEP server");
    EXPECT_EQ(parse_verdict("passed"), std::nullopt);
}

} // namespace
} // namespace pomona::checks::testing
