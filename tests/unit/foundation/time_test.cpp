#include "pomona/foundation/time.hpp"

#include <gtest/gtest.h>

namespace pomona {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

const time_point sample = sys_days{2026y / January / 2} + 3h + 4min + 5s;

TEST(rfc3339, writes_and_reads_both_forms) {
    EXPECT_EQ(to_rfc3339(sample), "2026-01-02T03:04:05Z");
    EXPECT_EQ(to_rfc3339_nanos(sample + 7ns), "2026-01-02T03:04:05.000000007Z");
    EXPECT_EQ(from_rfc3339("2026-01-02T03:04:05Z"), sample);
    EXPECT_EQ(from_rfc3339("2026-01-02T03:04:05.5Z"), sample + 500ms);
}

TEST(rfc3339, refuses_other_zones_and_impossible_dates) {
    for (const auto* text :
         {"2026-01-02T03:04:05+01:00", "2026-02-30T03:04:05Z", "2026-01-02T24:00:00Z",
          "2026-01-02 03:04:05Z", "", "2026-01-02T03:04:05.Z", "9999-01-02T03:04:05Z"}) {
        EXPECT_FALSE(from_rfc3339(text)) << text;
    }
}

// Only the undefined behaviour sanitizer saw it: the first, partial day begins before the clock
// does.
TEST(rfc3339, writes_the_ends_of_the_clocks_range) {
    EXPECT_EQ(to_rfc3339(time_point::min()), "1677-09-21T00:12:43Z");
    EXPECT_EQ(to_rfc3339_nanos(time_point::min()), "1677-09-21T00:12:43.145224192Z");
    EXPECT_EQ(to_rfc3339_nanos(time_point::min() + 1h), "1677-09-21T01:12:43.145224192Z");
    EXPECT_EQ(to_rfc3339_nanos(time_point::max()), "2262-04-11T23:47:16.854775807Z");
    EXPECT_EQ(to_rfc3339_nanos(time_point{-1ns}), "1969-12-31T23:59:59.999999999Z");
    EXPECT_EQ(format_duration(duration::min()), "-" + format_duration(duration::max()));
}

TEST(duration_text, reads_sums_and_refuses_the_rest) {
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("1h30m"), 90min);
    EXPECT_EQ(parse_duration("180d"), days{180});
    for (const auto* text :
         {"", "5", "s", "-5s", "5 s", "5x", "99999999999999999999s", "200000d9999999d"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(duration_text, is_written_so_that_it_reads_back) {
    for (const duration d :
         {duration{0s}, duration{90s}, duration{days{180} + 1ms}, duration{1500us}}) {
        EXPECT_EQ(parse_duration(format_duration(d)), d) << format_duration(d);
    }
}

} // namespace
} // namespace pomona
