// The real world itself: waiting, offloading, interrupting, and that nothing is left after
// shutdown.
#include "raw_peer.hpp"
#include "support.hpp"

#include <spdlog/spdlog.h>

#include <ctime>
#include <stdexcept>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace pomona::net {
namespace {

using real_world = over_sockets;

/// Counts how many are alive.
struct counted {
    explicit counted(int& n) : alive{n} { ++alive; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { --alive; }
    int& alive;
};

TEST_F(real_world, shutdown_destroys_every_pending_task_wherever_it_waits) {
    int alive = 0;
    handler hangs = [&](incoming) -> task<reply> {
        const counted me{alive};
        co_await world_->sleep_until(never);
        co_return reply{};
    };
    const auto h1 = listen({}, hangs);
    const auto h2 = listen(secure({"h2"}), hangs);
    raw_server silent;
    signal nobody{*world_};
    auto sleeper = [&]() -> task<> {
        const counted me{alive};
        co_await world_->sleep_until(never);
    };
    auto waiter = [&]() -> task<> {
        const counted me{alive};
        co_await nobody.wait_until(world_->now() + 1h);
    };
    auto asker = [&](open_options options) -> task<> {
        const counted me{alive};
        auto opened = co_await world_->open(std::move(options));
        EXPECT_TRUE(opened);
        co_await (*opened)->exchange(get("/"), never, by("mac-1"));
        ADD_FAILURE() << "a task carried on after shutdown";
    };
    auto opener = [&]() -> task<> {
        const counted me{alive};
        auto options = to_secure({"127.0.0.1", silent.port()}, {"h2"});
        options.deadline = never;
        co_await world_->open(std::move(options));
        ADD_FAILURE() << "a task carried on after shutdown";
    };
    auto worker = [&]() -> task<> {
        const counted me{alive};
        co_await elsewhere([] { std::this_thread::sleep_for(300ms); });
        ADD_FAILURE() << "a task carried on after shutdown";
    };
    auto body = [&]() -> task<> {
        world_->spawn("sleeper", sleeper());
        world_->spawn("waiter", waiter());
        world_->spawn("asker", asker(to(h1)));
        world_->spawn("asker", asker(to_secure(h2, {"h2"})));
        world_->spawn("opener", opener());
        co_await world_->sleep_for(300ms);
        world_->spawn("worker", worker());
        co_await world_->sleep_for(50ms);
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_EQ(alive, 8); // six tasks, two handlers
    world_->shutdown();
    EXPECT_EQ(alive, 0);
    EXPECT_THAT(record_.at(side::client), testing::SizeIs(2)) << "nothing is told after the end";
}

TEST_F(real_world, a_connection_may_outlive_its_world) {
    const auto server = listen(secure({"h2"}));
    std::shared_ptr<connection> kept;
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to_secure(server, {"h2"}));
        kept = *opened;
    };
    ASSERT_TRUE(world_->run(body()));
    world_->shutdown();
    listeners_.clear();
    EXPECT_FALSE(kept->reusable());
    kept->close();
}

TEST_F(real_world, interrupt_from_another_thread_ends_run) {
    auto forever = [&]() -> task<> { co_await world_->sleep_until(never); };
    std::jthread other{[&] {
        std::this_thread::sleep_for(50ms);
        world_->interrupt();
    }};
    EXPECT_FALSE(world_->run(forever()));
    auto again = []() -> task<> { co_return; };
    EXPECT_TRUE(world_->run(again()));
}

TEST_F(real_world, run_rethrows_what_main_throws) {
    auto throws = []() -> task<> {
        throw std::runtime_error{"deliberate"};
        co_return;
    };
    EXPECT_THROW(world_->run(throws()), std::runtime_error);
}

TEST_F(real_world, waits_end_in_the_order_of_their_deadlines_and_not_early) {
    std::vector<int> order;
    auto one = [&](int number, duration length) -> task<> {
        const auto until = world_->now() + length;
        co_await world_->sleep_until(until);
        EXPECT_GE(world_->now(), until);
        order.push_back(number);
    };
    auto body = [&]() -> task<> {
        task_group group{*world_};
        group.spawn("3", one(3, 90ms));
        group.spawn("1", one(1, 10ms));
        group.spawn("2", one(2, 50ms));
        group.spawn("0", one(0, -1s));
        co_await group.all_done(soon());
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_THAT(order, testing::ElementsAre(0, 1, 2, 3));
}

TEST_F(real_world, offloaded_work_runs_elsewhere_and_its_exception_comes_back) {
    std::thread::id where;
    bool caught = false;
    auto body = [&]() -> task<> {
        co_await world_->offload([&] { where = std::this_thread::get_id(); }, 0s);
        try {
            co_await world_->offload([] { throw std::runtime_error{"deliberate"}; }, 0s);
        } catch (const std::runtime_error&) {
            caught = true;
        }
    };
    ASSERT_TRUE(world_->run(body()));
    EXPECT_NE(where, std::this_thread::get_id());
    EXPECT_NE(where, std::thread::id{});
    EXPECT_TRUE(caught);
}

TEST_F(real_world, a_name_that_does_not_resolve_is_refused) {
    auto body = [&]() -> task<> {
        auto opened = co_await world_->open(to({"no-such-host.invalid", 443}));
        EXPECT_TRUE(!opened && opened.error().kind == transport_failure::refused)
            << opened.error().message();
    };
    ASSERT_TRUE(world_->run(body()));
}

/// Leaves the process exactly `count` descriptors to open.
class descriptor_shortage {
  public:
    explicit descriptor_shortage(rlim_t count) {
        getrlimit(RLIMIT_NOFILE, &before_);
        const auto lowest_free = ::dup(0);
        ::close(lowest_free);
        auto less = before_;
        less.rlim_cur = static_cast<rlim_t>(lowest_free) + count;
        setrlimit(RLIMIT_NOFILE, &less);
    }
    descriptor_shortage(const descriptor_shortage&) = delete;
    descriptor_shortage& operator=(const descriptor_shortage&) = delete;
    ~descriptor_shortage() { setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
};

TEST_F(real_world, a_listener_without_descriptors_waits_for_them_and_does_not_spin) {
    const auto server = listen({});
    auto body = [&]() -> task<> {
        // The undefined behaviour sanitizer needs descriptors of its own when it sees a type for
        // the first time.
        auto warm_up = co_await world_->open(to({"127.0.0.1", 1}));
        EXPECT_FALSE(warm_up);
        spdlog::warn("{}", "the next lines tell of missing descriptors");
        std::optional<descriptor_shortage> shortage{1};
        auto opened =
            co_await world_->open(to(server)); // takes the last one; the server cannot accept
        EXPECT_TRUE(opened) << opened.error().message();
        auto refused = co_await world_->open(to(server));
        EXPECT_TRUE(!refused && refused.error().kind == transport_failure::refused);
        const auto cpu_before = std::clock();
        auto got = co_await (*opened)->exchange(get("/"), world_->now() + 500ms, by("mac-1"));
        EXPECT_TRUE(!got && got.error().kind == transport_failure::timeout);
        EXPECT_LT(std::clock() - cpu_before, CLOCKS_PER_SEC / 5);
        shortage.reset();
        auto next = co_await world_->open(to(server));
        auto served = co_await (*next)->exchange(get("/"), soon(), by("mac-1"));
        EXPECT_TRUE(served);
    };
    ASSERT_TRUE(world_->run(body()));
}

TEST_F(real_world, a_client_that_never_begins_its_handshake_is_let_go) {
    auto options = secure({"http/1.1"});
    options.limits.idle_timeout = 200ms;
    const auto server = listen(std::move(options));
    std::string said = "not yet";
    auto body = [&]() -> task<> {
        co_await elsewhere([&] { said = raw_connect(server.port)->read_to_end(); });
    };
    const auto began = world_->now();
    ASSERT_TRUE(world_->run(body()));
    EXPECT_EQ(said, "");
    EXPECT_LT(world_->now() - began, 5s);
}

TEST_F(real_world, a_port_in_use_cannot_be_listened_on) {
    raw_server taken;
    listen_options options;
    options.bind = {"127.0.0.1", taken.port()};
    const auto made = world_->listen(options, echo);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, std::errc::address_in_use);
}

} // namespace
} // namespace pomona::net
