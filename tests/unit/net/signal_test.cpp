#include "support.hpp"

#include <stdexcept>

namespace pomona::net {

namespace {

task<void> wait_for(signal& s, time_point deadline, std::vector<bool>& results) {
    const bool notified = co_await s.wait_until(deadline);
    results.push_back(notified);
}

task<void> notify_two_of_three(world& w, std::vector<bool>& results) {
    signal s{w};
    w.spawn("a", wait_for(s, never, results));
    w.spawn("b", wait_for(s, w.now() + 10s, results));
    w.spawn("c", wait_for(s, w.now() + 1s, results));
    co_await w.sleep_for(5s);
    EXPECT_EQ(results, std::vector<bool>{false});
    s.notify_all();
    EXPECT_EQ(results.size(), 1U) << "resumption is posted, never inline";
    co_await w.sleep_for(1s);
    s.notify_all(); // nobody waits: no effect
    co_await w.sleep_for(10s);
}

task<void> drop_the_signal(world& w, std::vector<bool>& results) {
    auto s = std::make_unique<signal>(w);
    w.spawn("a", wait_for(*s, w.now() + 5s, results));
    co_await w.sleep_for(1s);
    s.reset();
    co_await w.sleep_for(10s);
}

task<void> sleep(world& w, duration length) {
    co_await w.sleep_for(length);
}

task<void> throw_at_once(world& w) {
    co_await w.sleep_for(1s);
    throw std::runtime_error{"deliberate"};
}

task<void> wait_for_group(world& w) {
    task_group group{w};
    EXPECT_TRUE(co_await group.all_done(w.now()));
    group.spawn("a", sleep(w, 1s));
    group.spawn("b", sleep(w, 10s));
    group.spawn("c", throw_at_once(w));
    EXPECT_EQ(group.alive(), 3U);
    const auto start = w.now();
    EXPECT_FALSE(co_await group.all_done(start + 5s));
    EXPECT_EQ(group.alive(), 1U);
    EXPECT_TRUE(co_await group.all_done(never));
    EXPECT_EQ(w.now() - start, 10s);
}

task<void> leave_group_behind(world& w) {
    task_group group{w};
    group.spawn("a", sleep(w, 10s));
    group.spawn("b", sleep(w, 24h * 1000));
    co_await w.sleep_for(1s);
}

task<void> own_a_group_forever(world& w) {
    task_group group{w};
    group.spawn("a", sleep(w, 24h));
    co_await w.sleep_for(48h);
}

task<void> push_later(world& w, message_queue& q) {
    co_await w.sleep_for(1s);
    q.push(to_bytes("one"));
    q.push(to_bytes("two"));
    q.close();
    q.push(to_bytes("after the end"));
}

task<void> drain(world& w, std::vector<std::string>& got) {
    message_queue q{w};
    const auto none = co_await q.pop(w.now() + 100ms);
    EXPECT_FALSE(none);
    EXPECT_FALSE(q.closed());
    w.spawn("push", push_later(w, q));
    while (auto m = co_await q.pop(never)) {
        got.push_back(pomona::to_text(bytes_view{*m}));
    }
    EXPECT_TRUE(q.closed());
}

task<void> overfill(world& w, std::vector<std::string>& got) {
    message_queue q{w, 2};
    for (const auto* text : {"1", "2", "3"}) {
        q.push(to_bytes(text));
    }
    q.close();
    while (auto m = co_await q.pop(never)) {
        got.push_back(pomona::to_text(bytes_view{*m}));
    }
}

} // namespace

TEST(signal, wakes_all_who_wait_and_tells_notice_from_deadline) {
    auto w = make_virtual_world({.seed = 1, .start = {}});
    std::vector<bool> results;
    EXPECT_TRUE(w->run(notify_two_of_three(*w, results)));
    EXPECT_EQ(results, (std::vector<bool>{false, true, true}));
}

TEST(signal, may_go_while_tasks_wait) {
    auto w = make_virtual_world({.seed = 1, .start = {}});
    std::vector<bool> results;
    EXPECT_TRUE(w->run(drop_the_signal(*w, results)));
    EXPECT_EQ(results, std::vector<bool>{false});
}

TEST(task_group, knows_when_all_are_gone_however_they_ended) {
    auto w = make_virtual_world({.seed = 1, .start = {}});
    EXPECT_TRUE(w->run(wait_for_group(*w)));
}

TEST(task_group, may_go_before_its_tasks) {
    auto w = make_virtual_world({.seed = 1, .start = {}});
    EXPECT_TRUE(w->run(leave_group_behind(*w)));
    EXPECT_TRUE(w->run(sleep(*w, 20s)));
}

TEST(task_group, owned_by_a_task_that_is_dropped) {
    for (std::uint64_t seed = 1; seed < 10; ++seed) {
        auto w = make_virtual_world({.seed = seed, .start = {}});
        w->spawn("owner", own_a_group_forever(*w));
        EXPECT_TRUE(w->run(sleep(*w, 1h)));
        w->shutdown();
    }
}

TEST(message_queue, gives_in_order_and_ends_when_closed) {
    auto w = make_virtual_world({.seed = 1, .start = {}});
    std::vector<std::string> got;
    EXPECT_TRUE(w->run(drain(*w, got)));
    EXPECT_EQ(got, (std::vector<std::string>{"one", "two"}));
}

TEST(message_queue, drops_the_oldest_at_its_bound) {
    auto w = make_virtual_world({.seed = 1, .start = {}});
    std::vector<std::string> got;
    EXPECT_TRUE(w->run(overfill(*w, got)));
    EXPECT_EQ(got, (std::vector<std::string>{"2", "3"}));
}

} // namespace pomona::net
