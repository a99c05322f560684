// What keeps a flood small: the operator's lines, bytes in memory, frames that ask for nothing.
#include "real/budgets.hpp"
#include "real/refusal_log.hpp"

#include <gtest/gtest.h>

namespace pomona::net::real {
namespace {

using namespace std::chrono_literals;

TEST(refusal_log, a_flood_leaves_thirty_lines_a_minute_of_each_kind_and_is_counted) {
    std::vector<std::string> lines;
    refusal_log log{"server", [&](const std::string& line) { lines.push_back(line); }};
    const time_point start{1s};
    for (int i = 0; i < 5000; ++i) {
        log.note(start + i * 1ms, refusal::flood, {"127.0.0.1", 7}, "too much");
    }
    ASSERT_EQ(lines.size(), 30U);
    EXPECT_EQ(lines.front(), "server refused (flood) 127.0.0.1:7: too much");
    log.note(start, refusal::answer, {"127.0.0.1", 7}, "GET / answered 404");
    EXPECT_EQ(lines.size(), 31U);
    log.note(start + 2min, refusal::flood, {"127.0.0.1", 7}, "again");
    EXPECT_EQ(lines.back(),
              "server refused (flood) 127.0.0.1:7: again (and 4970 more of this kind before)");
    log.note(start + 2min, refusal::flood, {"127.0.0.1", 7}, "once more");
    EXPECT_TRUE(lines.back().ends_with("once more"));
}

TEST(refusal_log, a_peers_words_cannot_forge_or_stretch_a_line) {
    std::string line;
    refusal_log log{"server", [&](const std::string& l) { line = l; }};
    log.note(time_point{}, refusal::malformed, {"127.0.0.1", 7},
             "a\nb\x1b[31m" + std::string(5000, 'x'));
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
    EXPECT_LT(line.size(), 400U);
}

TEST(byte_budget, large_requests_leave_room_for_small_ones) {
    const auto budget = std::make_shared<byte_budget>(1000, 10);
    {
        byte_lease large{budget};
        EXPECT_TRUE(large.grow_to(500));
        EXPECT_TRUE(large.grow_to(1000));
        EXPECT_TRUE(large.grow_to(20)); // never shrinks
        byte_lease another{budget};
        EXPECT_FALSE(another.grow_to(11));
        EXPECT_TRUE(another.grow_to(10));
        EXPECT_FALSE(another.grow_to(11));
        EXPECT_EQ(budget->used(), 1010U);
    }
    EXPECT_EQ(budget->used(), 0U);
}

TEST(rate_budget, fills_again_with_time_and_with_work) {
    const time_point start{1s};
    rate_budget budget{3, 2, start};
    EXPECT_TRUE(budget.spend(start) && budget.spend(start) && budget.spend(start));
    EXPECT_TRUE(budget.spend(start + 500ms));
    EXPECT_FALSE(budget.spend(start + 600ms));
    budget.earn(2);
    EXPECT_TRUE(budget.spend(start + 600ms));
    EXPECT_TRUE(budget.spend(start + 1h) && budget.spend(start + 1h) && budget.spend(start + 1h));
    EXPECT_FALSE(budget.spend(start + 1h)); // no more than the burst, however long the rest
}

} // namespace
} // namespace pomona::net::real
