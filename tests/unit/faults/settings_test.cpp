#include "pomona/faults/settings.hpp"

#include <gtest/gtest.h>

namespace pomona::faults {
namespace {

using namespace std::chrono_literals;
using kind = parameter::kind;

const std::vector<parameter> known{
    {"delay", kind::length, "2s", 1, 60'000, {}, "how long"},
    {"octets", kind::number, "7", 1, 100, {}, "how many"},
    {"as", kind::word, "reset", 0, 0, {"reset", "timeout"}, "how it shows"}};

TEST(settings, are_the_standards_until_set) {
    settings s{known};
    EXPECT_EQ(s.length("delay"), 2s);
    EXPECT_EQ(s.number("octets"), 7);
    EXPECT_EQ(s.word("as"), "reset");
    EXPECT_TRUE(s.set(known[0], "1m"));
    EXPECT_TRUE(s.set(known[1], "100"));
    EXPECT_TRUE(s.set(known[2], "timeout"));
    EXPECT_EQ(s.length("delay"), 60s);
    EXPECT_EQ(s.number("octets"), 100);
    EXPECT_EQ(s.word("as"), "timeout");
}

TEST(settings, what_is_out_of_bounds_is_refused_and_changes_nothing) {
    settings s{known};
    for (const auto* text : {"0s", "2h", "soon", ""}) {
        EXPECT_FALSE(s.set(known[0], text)) << text;
    }
    for (const auto* text : {"0", "101", "7x", "-1", ""}) {
        EXPECT_FALSE(s.set(known[1], text)) << text;
    }
    const auto refused = s.set(known[2], "close");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), "`as` has to be reset or timeout, not `close`");
    EXPECT_EQ(s.length("delay"), 2s);
    EXPECT_EQ(s.number("octets"), 7);
}

TEST(settings, bounds_have_words) {
    EXPECT_EQ(bounds_of(known[0]), "1ms to 1m");
    EXPECT_EQ(bounds_of(known[1]), "1 to 100");
    EXPECT_EQ(bounds_of(known[2]), "reset or timeout");
}

} // namespace
} // namespace pomona::faults
