// Restart, sleep, shut-down, lock and erase of a Mac, as the server and the push service see them.
#include "mac/machine/machine.hpp"
#include "scripted_server.hpp"

#include <functional>

namespace pomona::sim::mac {
namespace {

using strings = std::vector<std::string>;

class lifecycle : public mac_bench {
  public:
    using step = std::function<void()>;
    /// Enrolls, then does one step after the other, ten minutes apart.
    static net::task<void> live(lifecycle* b, std::vector<step> steps) {
        co_await enroll(b);
        b->before = b->server->log.size();
        for (const auto& one : steps) {
            one();
            co_await b->sleep(10min);
        }
    }
    void enrolled(std::vector<step> steps) { run(live(this, std::move(steps))); }
    [[nodiscard]] strings since() const { return server->names(before); }
    void poke() { world->spawn("push", push()); }
    void set(power_mode m) {
        auto c = subject->current();
        c.power = m;
        subject->set(c);
    }
    std::size_t before = 0;
};

TEST_F(lifecycle, a_restart_loses_the_result_that_was_not_delivered) {
    enrolled({[this] {
                  server->queue("U1", {{"RequestType", "SecurityInfo"}});
                  for (int i = 0; i < 100; ++i) {
                      server->answer("Acknowledged U1", http(500));
                  }
                  poke();
              },
              [this] {
                  EXPECT_GT(server->count("Acknowledged U1"), 5U);
                  subject->restart();
                  before = server->log.size();
              },
              [this] {
                  EXPECT_EQ(since(), strings{});
                  poke();
              }});
    EXPECT_EQ(subject->now_in(), phase::enrolled);
    EXPECT_EQ(states("started").size(), 1U);
    EXPECT_EQ(since(), strings{"Idle"}); // whose answer would be the command once more
}

TEST_F(lifecycle, what_is_pushed_while_a_mac_sleeps_waits_at_the_push_service) {
    enrolled({[this] { set(power_mode::asleep); },
              [this] {
                  poke();
                  poke();
              },
              [this] { EXPECT_EQ(since(), strings{}); }, [this] { set(power_mode::awake); }});
    EXPECT_EQ(since(), strings{"Idle"}); // one: the push service keeps the newest (F5)
}

TEST_F(lifecycle, a_closed_lid_is_sleep) {
    enrolled({[this] {
                  auto c = subject->current();
                  c.lid_closed = true;
                  subject->set(c);
                  EXPECT_EQ(subject->current().power, power_mode::asleep);
              },
              [this] { poke(); },
              [this] {
                  EXPECT_EQ(since(), strings{});
                  auto c = subject->current();
                  c.lid_closed = false;
                  subject->set(c);
              }});
    EXPECT_EQ(subject->current().power, power_mode::awake);
    EXPECT_EQ(since(), strings{"Idle"});
}

TEST_F(lifecycle, a_mac_that_is_off_is_silent_until_it_is_switched_on) {
    enrolled({[this] { set(power_mode::off); }, [this] { poke(); },
              [this] {
                  EXPECT_EQ(since(), strings{});
                  subject->restart();
              },
              [this] {
                  EXPECT_EQ(subject->current().power, power_mode::off);
                  set(power_mode::awake);
                  EXPECT_EQ(subject->current().power, power_mode::restarting);
              }});
    EXPECT_EQ(subject->current().power, power_mode::awake);
    EXPECT_EQ(since(), strings{"Idle"});
}

TEST_F(lifecycle, with_file_vault_nothing_runs_until_somebody_unlocks) {
    enrolled({[this] {
                  auto c = subject->current();
                  c.file_vault = true;
                  subject->set(c);
                  subject->restart();
              },
              [this] {
                  EXPECT_EQ(subject->current().power, power_mode::unlock_screen);
                  poke();
              },
              [this] {
                  EXPECT_EQ(since(), strings{});
                  set(power_mode::awake);
              }});
    EXPECT_EQ(since(), strings{"Idle"});
}

// MDM-CHK-067: not only Power Nap.
TEST_F(lifecycle, a_blocked_login_refuses_what_takes_long_and_polls_when_it_is_over) {
    enrolled({[this] {
                  auto c = subject->current();
                  c.login_blocked = true;
                  subject->set(c);
                  server->queue("U1", {{"RequestType", "InstalledApplicationList"}});
                  poke();
              },
              [this] {
                  EXPECT_EQ(since(), (strings{"Idle", "NotNow U1"}));
                  auto c = subject->current();
                  c.login_blocked = false;
                  subject->set(c);
              }});
    EXPECT_EQ(since(), (strings{"Idle", "NotNow U1", "Idle"}));
}

TEST_F(lifecycle, a_slow_network_delays_what_the_mac_sends) {
    time_point pushed;
    enrolled({[this, &pushed] {
        auto c = subject->current();
        c.network_delay = 5s;
        subject->set(c);
        pushed = world->now();
        poke();
    }});
    EXPECT_GE(server->last("Idle").at, pushed + 5s);
}

// BUG-29: the device signs by its own clock; one that puts the time into its signatures (F22).
TEST_F(lifecycle, a_clock_that_is_behind_signs_in_the_past) {
    persona_name = "tvos-18-apple-tv";
    server->settings.sign_message = true;
    enrolled({[this] {
        auto c = subject->current();
        c.clock_offset = -40min;
        subject->set(c);
        poke();
    }});
    const auto& idle = server->last("Idle");
    const auto header = net::find_header(idle.request.headers, mdm::signature_header);
    ASSERT_TRUE(header);
    const auto signed_by =
        crypto::verify_detached(world->crypto(), *from_base64(*header), idle.request.body);
    ASSERT_TRUE(signed_by);
    ASSERT_TRUE(signed_by->signing_time);
    EXPECT_LT(*signed_by->signing_time, idle.at - 30min);
}

TEST_F(lifecycle, an_erase_is_silent_and_ends_the_token) {
    enrolled({[this] { subject->erase(); }});
    EXPECT_EQ(since(), strings{});
    EXPECT_EQ(subject->now_in(), phase::unenrolled);
    EXPECT_TRUE(subject->token().empty());
    EXPECT_EQ(states("erased").size(), 1U);
}

TEST_F(lifecycle, an_erased_mac_can_be_enrolled_again) {
    static constexpr auto again = [](lifecycle* b) -> net::task<void> {
        co_await enroll(b);
        const auto token = b->subject->token();
        b->subject->erase();
        co_await b->sleep(1h);
        b->before = b->server->log.size();
        co_await enroll(b);
        EXPECT_NE(b->subject->token(), token);
    };
    run(again(this));
    EXPECT_EQ(server->count("Authenticate"), 2U);
    EXPECT_EQ(server->last("Authenticate").request.body.empty(), false);
    EXPECT_EQ(subject->now_in(), phase::enrolled);
}

TEST(power, survives_being_saved) {
    machine_state box;
    box.power.restart(time_point{std::chrono::seconds{1000}});
    box.power.file_vault = true;
    box.power.pin = "123456";
    auto back = machine_state::load(box.save());
    ASSERT_TRUE(back);
    EXPECT_EQ(back->power.mode, power_mode::restarting);
    EXPECT_EQ(back->next_change(), time_point{std::chrono::seconds{1000}});
    const auto happened = back->advance(time_point{std::chrono::seconds{1001}});
    ASSERT_EQ(happened.size(), 1U);
    EXPECT_TRUE(happened[0].started);
    EXPECT_EQ(back->power.mode, power_mode::pin_lock);
    EXPECT_FALSE(machine_state::load({{"Power", plist::dict{{"Mode", "flying"}}}}));
}

} // namespace
} // namespace pomona::sim::mac
