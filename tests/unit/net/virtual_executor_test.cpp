#include "support.hpp"

#include <set>
#include <stdexcept>

namespace pomona::net {

namespace {

using log_lines = std::vector<std::string>;

task<void> note_after(world& w, log_lines& log, std::string name, duration wait) {
    co_await w.sleep_for(wait);
    log.push_back(name);
}

/// Ten tasks, all due at the same instant; then three, each later.
task<void> ten_at_once(world& w, log_lines& log) {
    for (int i = 0; i < 10; ++i) {
        w.spawn("t", note_after(w, log, std::to_string(i), 1s));
    }
    co_await w.sleep_for(2s);
}

log_lines order_with_seed(std::uint64_t seed) {
    log_lines log;
    auto w = make_virtual_world({.seed = seed, .start = {}});
    EXPECT_TRUE(w->run(ten_at_once(*w, log)));
    return log;
}

task<void> wait_forever(world& w) {
    co_await w.sleep_until(never);
}

task<void> fail_after(world& w, duration wait) {
    co_await w.sleep_for(wait);
    throw std::runtime_error{"deliberate"};
}

task<void> interrupt_after(world& w, duration wait) {
    co_await w.sleep_for(wait);
    w.interrupt();
}

task<void> observe_times(world& w, std::vector<time_point>& times) {
    times.push_back(w.now());
    co_await w.sleep_for(24h * 180);
    times.push_back(w.now());
    co_await w.sleep_until(times.front()); // past: at once
    times.push_back(w.now());
}

task<void> spawn_a_failing_one(world& w, bool& went_on) {
    w.spawn("fails", fail_after(w, 1s));
    co_await w.sleep_for(2s);
    went_on = true;
}

task<void> measure_offload(world& w, duration& cost, bool& done_at_once) {
    const auto before = w.now();
    bool done = false;
    std::function<void()> work = [&done] { done = true; };
    co_await w.offload(std::move(work), 160ms);
    cost = w.now() - before;
    done_at_once = done;
}

struct counted {
    explicit counted(int& n) : count{&n} { ++*count; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { --*count; }
    int* count;
};

task<void> hold_and_wait(world& w, int& alive) {
    const counted here{alive};
    co_await w.sleep_for(24h);
}

task<void> nest_and_wait(world& w, int& alive) {
    const counted here{alive};
    w.spawn("inner", hold_and_wait(w, alive));
    co_await hold_and_wait(w, alive);
}

task<void> start_and_end_the_world(world& w, int& alive) {
    w.spawn("outer", nest_and_wait(w, alive));
    co_await w.sleep_for(1s);
    const counted here{alive};
    w.shutdown();
    w.spawn("too late", hold_and_wait(w, alive));
    co_await w.sleep_for(1s);
    ADD_FAILURE() << "a wait after shutdown must not end";
}

/// A destructor that starts a task, as an object does that says goodbye to a peer.
struct starts_a_task {
    explicit starts_a_task(world& w_, int& n) : w{&w_}, alive{&n} {}
    starts_a_task(const starts_a_task&) = delete;
    starts_a_task& operator=(const starts_a_task&) = delete;
    ~starts_a_task() { w->spawn("goodbye", hold_and_wait(*w, *alive)); }
    world* w;
    int* alive;
};

task<void> hold_one_that_starts_a_task(world& w, int& alive) {
    const starts_a_task holder{w, alive};
    co_await w.sleep_until(never);
}

} // namespace

TEST(virtual_executor, the_same_seed_gives_the_same_order) {
    EXPECT_EQ(order_with_seed(7), order_with_seed(7));
    EXPECT_EQ(order_with_seed(7).size(), 10U);
}

TEST(virtual_executor, other_seeds_give_other_orders_of_what_is_due_together) {
    std::set<log_lines> orders;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        orders.insert(order_with_seed(seed));
    }
    EXPECT_GT(orders.size(), 15U);
}

TEST(virtual_executor, earlier_timers_come_first_whatever_the_seed) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        log_lines log;
        auto w = make_virtual_world({.seed = seed, .start = {}});
        w->spawn("a", note_after(*w, log, "second", 1s + 1ns));
        w->spawn("b", note_after(*w, log, "first", 1s));
        w->spawn("c", note_after(*w, log, "third", 2s));
        EXPECT_TRUE(w->run(note_after(*w, log, "last", 3s)));
        EXPECT_EQ(log, (log_lines{"first", "second", "third", "last"}));
    }
}

TEST(virtual_executor, the_clock_jumps_half_a_year_at_once) {
    auto w = make_virtual_world({.seed = 1, .start = {}});
    std::vector<time_point> times;
    const auto before = std::chrono::steady_clock::now();
    EXPECT_TRUE(w->run(observe_times(*w, times)));
    EXPECT_LT(std::chrono::steady_clock::now() - before, 1s);
    ASSERT_EQ(times.size(), 3U);
    EXPECT_EQ(to_rfc3339(times[0]), "2026-01-05T09:00:00Z");
    EXPECT_EQ(times[1] - times[0], 24h * 180);
    EXPECT_EQ(times[2], times[1]);
}

TEST(virtual_executor, a_start_can_be_chosen) {
    const auto start = from_rfc3339("2030-02-03T04:05:06Z").value();
    EXPECT_EQ(make_virtual_world({.seed = 1, .start = start})->now(), start);
}

TEST(virtual_executor, nothing_left_to_happen_is_a_deadlock) {
    auto w = make_virtual_world({.seed = 1, .start = {}});
    EXPECT_FALSE(w->run(wait_forever(*w)));
}

TEST(virtual_executor, interrupt_ends_the_run_and_a_next_run_goes_on) {
    auto w = make_virtual_world({.seed = 1, .start = {}});
    log_lines log;
    w->spawn("interrupt", interrupt_after(*w, 5s));
    w->spawn("later", note_after(*w, log, "later", 10s));
    EXPECT_FALSE(w->run(wait_forever(*w)));
    EXPECT_TRUE(log.empty());
    EXPECT_TRUE(w->run(note_after(*w, log, "main", 10s)));
    EXPECT_EQ(log.size(), 2U);
    w->interrupt();
    EXPECT_FALSE(w->run(note_after(*w, log, "never", 1s)));
}

TEST(virtual_executor, an_exception_of_main_comes_out_and_of_a_task_does_not) {
    auto w = make_virtual_world({.seed = 1, .start = {}});
    EXPECT_THROW(w->run(fail_after(*w, 1s)), std::runtime_error);
    bool went_on = false;
    EXPECT_TRUE(w->run(spawn_a_failing_one(*w, went_on)));
    EXPECT_TRUE(went_on);
}

TEST(virtual_executor, offloaded_work_costs_virtual_time) {
    auto w = make_virtual_world({.seed = 1, .start = {}});
    duration cost{};
    bool done = false;
    EXPECT_TRUE(w->run(measure_offload(*w, cost, done)));
    EXPECT_EQ(cost, 160ms);
    EXPECT_TRUE(done);
}

TEST(virtual_executor, randomness_is_a_function_of_the_seed) {
    auto a = make_virtual_world({.seed = 5, .start = {}});
    auto b = make_virtual_world({.seed = 5, .start = {}});
    auto c = make_virtual_world({.seed = 6, .start = {}});
    const auto first = a->random(32);
    EXPECT_EQ(first, b->random(32));
    EXPECT_NE(first, c->random(32));
    EXPECT_NE(first, a->random(32));
    for (int i = 0; i < 200; ++i) {
        EXPECT_LT(a->random_below(3), 3U);
    }
    const auto uuid = a->random_uuid();
    EXPECT_EQ(uuid.size(), 36U);
    EXPECT_EQ(uuid[14], '4');
}

TEST(virtual_executor, randomness_does_not_disturb_the_order_of_tasks) {
    log_lines log;
    auto w = make_virtual_world({.seed = 7, .start = {}});
    (void)w->random(1000);
    EXPECT_TRUE(w->run(ten_at_once(*w, log)));
    EXPECT_EQ(log, order_with_seed(7));
}

TEST(virtual_executor, shutdown_destroys_every_pending_task) {
    int alive = 0;
    auto w = make_virtual_world({.seed = 1, .start = {}});
    log_lines log;
    w->spawn("outer", nest_and_wait(*w, alive));
    EXPECT_TRUE(w->run(note_after(*w, log, "main", 1s)));
    EXPECT_EQ(alive, 3);
    w->spawn("never begun", hold_and_wait(*w, alive));
    w->shutdown();
    EXPECT_EQ(alive, 0);
    EXPECT_FALSE(w->run(hold_and_wait(*w, alive)));
    EXPECT_EQ(alive, 0);
}

TEST(virtual_executor, a_task_may_end_the_world_it_runs_in) {
    int alive = 0;
    auto w = make_virtual_world({.seed = 1, .start = {}});
    EXPECT_FALSE(w->run(start_and_end_the_world(*w, alive)));
    EXPECT_EQ(alive, 0);
}

TEST(virtual_executor, tasks_started_by_destructors_during_shutdown_are_dropped) {
    int alive = 0;
    auto w = make_virtual_world({.seed = 1, .start = {}});
    log_lines log;
    w->spawn("holder", hold_one_that_starts_a_task(*w, alive));
    EXPECT_TRUE(w->run(note_after(*w, log, "main", 1s)));
    w.reset();
    EXPECT_EQ(alive, 0);
}

} // namespace pomona::net
