#include "expect_watch.hpp"
#include "pomona/net/world.hpp"
#include "pomona/scenario/parse.hpp"

#include <gtest/gtest.h>

namespace pomona::scenario {
namespace {

using namespace std::chrono_literals;

/// One Mac's trace, told event by event on the virtual clock.
class expect_watch_test : public testing::Test {
  protected:
    expect_watch_test()
        : world{net::make_virtual_world({1, {}})},
          recorder{std::move(*trace::recorder::create(*world, {}))},
          log{*recorder} {}
    ~expect_watch_test() override { world->shutdown(); }

    void wait(duration d) { ASSERT_TRUE(world->run(world->sleep_for(d))); }
    std::uint64_t state(const std::string& name) {
        return recorder->state(actor{"mac-0001"}, name, {});
    }

    static expect_step step(const std::string& text) {
        const auto parsed = parse(
            "t.yaml", "pomona: 1\nname: t\nmacs: {m: {count: 1}}\nsteps:\n  - " + text + "\n", {});
        EXPECT_TRUE(parsed) << parsed.error().render();
        return std::get<expect_step>(parsed->steps[0].verb);
    }
    expect_watch watch(const expect_step& e, std::uint64_t cursor = 0, std::uint64_t since = 0) {
        return {e,
                {"mac-0001", cursor, since, [](const std::string& t) { return std::optional{t}; }},
                world->now()};
    }
    std::optional<expect_watch::settled> look(expect_watch& w) {
        log.pump();
        return w.look(log, *recorder, world->now());
    }

    std::unique_ptr<net::world> world;
    std::unique_ptr<trace::recorder> recorder;
    mac_log log;
};

TEST_F(expect_watch_test, looks_only_behind_the_cursor) {
    const auto e = step("{expect: state enrolled, within: 10s}");
    const auto old = state("enrolled");
    auto w = watch(e, old);
    EXPECT_FALSE(look(w));
    const auto fresh = state("enrolled");
    const auto settled = look(w);
    ASSERT_TRUE(settled);
    EXPECT_TRUE(settled->ok);
    EXPECT_EQ(settled->match, fresh);
}

TEST_F(expect_watch_test, the_deadline_fails_and_tells_what_came_instead) {
    const auto e = step("{expect: state enrolled, within: 10s}");
    auto w = watch(e);
    const auto other = state("authenticated");
    EXPECT_FALSE(look(w));
    wait(11s);
    const auto settled = look(w);
    ASSERT_TRUE(settled);
    EXPECT_FALSE(settled->ok);
    EXPECT_NE(settled->why.reason.find("within 10s"), std::string::npos);
    EXPECT_NE(settled->why.nearest.find("authenticated"), std::string::npos);
    EXPECT_EQ(settled->why.around, (std::vector{other}));
}

TEST_F(expect_watch_test, a_limit_counts_from_the_newest_cause_before_the_match) {
    const auto e = step("{expect: state session-started, within: 5s of push}");
    auto w = watch(e);
    state("push-received");
    wait(20s);
    state("push-received");
    wait(3s);
    state("session-started");
    const auto settled = look(w);
    ASSERT_TRUE(settled);
    EXPECT_TRUE(settled->ok) << settled->why.reason;
}

TEST_F(expect_watch_test, a_match_later_than_its_cause_allows_is_too_late) {
    const auto e = step("{expect: state session-started, within: 5s of push}");
    auto w = watch(e);
    state("push-received");
    wait(7s);
    state("session-started");
    const auto settled = look(w);
    ASSERT_TRUE(settled);
    EXPECT_FALSE(settled->ok);
    EXPECT_NE(settled->why.reason.find("2s too late"), std::string::npos) << settled->why.reason;
}

TEST_F(expect_watch_test, times_counts_matches) {
    const auto e = step("{expect: state session-started, within: 10s, times: 2}");
    auto w = watch(e);
    state("session-started");
    EXPECT_FALSE(look(w));
    wait(11s);
    const auto settled = look(w);
    ASSERT_TRUE(settled);
    EXPECT_FALSE(settled->ok);
    EXPECT_NE(settled->why.reason.find("1 of 2"), std::string::npos);
}

TEST_F(expect_watch_test, never_holds_when_the_time_is_over_and_fails_at_the_first_match) {
    const auto e = step("{expect: state session-started, never: true, quiet_for: 60s}");
    auto quiet = watch(e);
    EXPECT_FALSE(look(quiet));
    wait(61s);
    const auto held = look(quiet);
    ASSERT_TRUE(held);
    EXPECT_TRUE(held->ok);

    auto second = watch(e, recorder->events().size());
    wait(10s);
    const auto culprit = state("session-started");
    const auto failed = look(second);
    ASSERT_TRUE(failed);
    EXPECT_FALSE(failed->ok);
    EXPECT_EQ(failed->why.around.front(), culprit);
}

} // namespace
} // namespace pomona::scenario
