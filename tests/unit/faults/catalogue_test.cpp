#include "pomona/faults/catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace pomona::faults {
namespace {

using testing::AnyOf;
using testing::IsSupersetOf;
using testing::MatchesRegex;

TEST(catalogue, has_the_faults_of_both_tiers) {
    EXPECT_THAT(ids(), IsSupersetOf({"alter-body", "answer-status", "delay-answer", "delay-request",
                                     "drop-answer", "drop-request", "duplicate-request", "goaway",
                                     "rechunk", "refuse-connection", "reset", "rst-stream",
                                     "slow-bytes", "tls-alert", "truncate-body"}));
    const auto all = ids();
    EXPECT_EQ(std::set(all.begin(), all.end()).size(), catalogue().size());
}

TEST(catalogue, every_entry_is_complete) {
    for (const auto& f : catalogue()) {
        EXPECT_THAT(std::string{f.id}, MatchesRegex("[a-z]+(-[a-z0-9]+)*")) << f.id;
        EXPECT_EQ(find(f.id), &f);
        for (const auto text : {f.does, f.expect}) {
            EXPECT_TRUE(text.ends_with('.')) << f.id << ": " << text;
        }
        EXPECT_TRUE(f.source.starts_with("RFC ") || f.source.starts_with("Apple, \"")) << f.id;
        EXPECT_TRUE(f.tier == tier::wire || !f.needs_h2) << f.id;
        for (const auto& p : f.parameters) {
            settings with{f.parameters};
            EXPECT_TRUE(with.set(p, p.standard)) << f.id << ' ' << p.name;
            EXPECT_FALSE(p.about.empty());
        }
    }
}

TEST(catalogue, every_entry_makes_a_disturbance_of_its_tier_and_of_a_known_effect) {
    for (const auto& f : catalogue()) {
        const auto made = f.make(settings{f.parameters}, draws{1, f.id, "mac-0001", 1});
        EXPECT_EQ(made.kind == net::disturbance::what::wire, f.tier == tier::wire) << f.id;
        EXPECT_THAT(std::string{to_text(effect_of(made))}, AnyOf("late", "lost", "other", "twice"))
            << f.id;
    }
}

TEST(catalogue, flipped_octets_differ_and_are_the_seeds) {
    const auto* f = find("alter-body");
    settings with{f->parameters};
    ASSERT_TRUE(with.set(f->parameters[1], "3"));
    const bytes body(100, 0x20);
    std::set<bytes> seen;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        auto once = body;
        auto twice = body;
        EXPECT_TRUE(f->make(with, draws{seed, f->id, "mac-0001", 1}).alter(once));
        EXPECT_TRUE(f->make(with, draws{seed, f->id, "mac-0001", 1}).alter(twice));
        EXPECT_EQ(once, twice);
        EXPECT_NE(once, body);
        EXPECT_EQ(once.size(), body.size());
        seen.insert(once);
    }
    EXPECT_GT(seen.size(), 5U);
    bytes empty;
    EXPECT_FALSE(f->make(with, draws{1, f->id, "mac-0001", 1}).alter(empty));
}

TEST(catalogue, a_name_that_is_none_finds_nothing) {
    EXPECT_EQ(find("drop"), nullptr);
    EXPECT_EQ(find(""), nullptr);
}

} // namespace
} // namespace pomona::faults
