// The verbs `abm` and `apns`, and what Apple's services see, as scenario files say them.
#include "pomona/scenario/parse.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pomona::scenario {
namespace {

using testing::HasSubstr;

std::string file(const std::string& steps) {
    return "pomona: 1\nname: t\nmacs: {a: {}}\nsteps: [" + steps + "]\n";
}
std::string problems_of(const std::string& steps) {
    const auto parsed = parse("t.yaml", file(steps), {});
    return parsed ? std::string{} : parsed.error().render();
}
scenario good(const std::string& steps) {
    auto parsed = parse("t.yaml", file(steps), {});
    EXPECT_TRUE(parsed) << parsed.error().render();
    return parsed.value_or(scenario{});
}

TEST(scenario_apple, abm_steps) {
    const auto read = good("{abm: add, to: mdm}, {abm: assign, pin: true, with: {is_mandatory: "
                           "true}, says: THROTTLED}, {abm: throttle, for: 2h}, {abm: age-cursors}");
    ASSERT_EQ(read.steps.size(), 4U);
    const auto step = [&](std::size_t i) { return std::get<abm_step>(read.steps[i].verb); };
    EXPECT_EQ(step(0).server, "mdm");
    EXPECT_EQ(step(1).body, R"({"is_mandatory":true})");
    EXPECT_TRUE(step(1).pin);
    EXPECT_EQ(step(1).says, "THROTTLED");
    EXPECT_EQ(step(2).length, std::chrono::hours{2});
    EXPECT_EQ(step(3).kind, abm_step::what::age_cursors);
    EXPECT_TRUE(read.uses_abm());
    EXPECT_TRUE(read.works_apple());
}

TEST(scenario_apple, mistakes_are_named) {
    EXPECT_THAT(problems_of("{abm: ad}"), HasSubstr("did you mean `add`?"));
    EXPECT_THAT(problems_of("{abm: xyzzyx}"), HasSubstr("it is one of: add, move"));
    EXPECT_THAT(problems_of("{abm: move}"), HasSubstr("needs `to`"));
    EXPECT_THAT(problems_of("{abm: rules}"), HasSubstr("`with` has to be a mapping"));
    EXPECT_THAT(problems_of("{abm: disturb, with: [a]}"), HasSubstr("`with` has to be a mapping"));
    EXPECT_THAT(problems_of("{abm: terms, says: X}"), HasSubstr("says"));
    EXPECT_THAT(problems_of("{apns: unregister, reason: Bad}"), HasSubstr("Unregistered"));
    EXPECT_THAT(problems_of("{apns: outages}"), HasSubstr("unregister, rules"));
    EXPECT_THAT(problems_of("{expect: abm synk}"), HasSubstr("did you mean `abm sync`?"));
}

TEST(scenario_apple, what_the_services_see_is_followed_when_it_is_expected) {
    const auto push = good("{expect: http response to apns request}");
    EXPECT_TRUE(push.watches_apple());
    EXPECT_FALSE(push.works_apple());
    EXPECT_FALSE(good("{expect: apns push}").watches_apple());
    EXPECT_TRUE(good("{apns: rules, with: {silent_drop: true}}").works_apple());
    EXPECT_FALSE(good("{apns: unregister}").uses_abm());
    for (const auto word : expectable_messages()) {
        const auto needs_name = word == "state" || word == "http response to";
        EXPECT_EQ(parse_message(word, {}).has_value(), !needs_name) << word;
    }
}

} // namespace
} // namespace pomona::scenario
