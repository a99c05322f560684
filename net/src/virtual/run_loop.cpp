#include "virtual/run_loop.hpp"

#include <algorithm>

namespace pomona::net::virtual_world {

namespace {
constexpr std::uint64_t order_of_tasks = 1;
} // namespace

run_loop::run_loop(std::uint64_t seed, time_point start)
    : choice_{seed, order_of_tasks}, now_{start} {}

run_loop::~run_loop() {
    close();
}

bool run_loop::step() {
    if (closed_ || (ready_.empty() && !advance())) {
        return false;
    }
    const auto picked = static_cast<std::size_t>(choice_.below(ready_.size()));
    std::swap(ready_[picked], ready_.back());
    auto f = std::move(ready_.back());
    ready_.pop_back();
    struct mark {
        bool& flag;
        explicit mark(bool& f_) : flag{f_} { flag = true; }
        ~mark() { flag = false; }
        mark(const mark&) = delete;
        mark& operator=(const mark&) = delete;
    } const here{inside_};
    f();
    return true;
}

std::uint64_t run_loop::add_waiter(time_point deadline, resume_function then) {
    const auto id = ++last_waiter_;
    if (closed_ || deadline <= now_) {
        make_ready(std::move(then), false);
        return id;
    }
    if (deadline != time_point::max()) {
        timers_.emplace(deadline, id);
    }
    waiters_.emplace(id, waiter{deadline, std::move(then)});
    return id;
}

void run_loop::wake(std::uint64_t waiter) {
    auto found = waiters_.extract(waiter);
    if (found) {
        timers_.erase({found.mapped().deadline, waiter});
        make_ready(std::move(found.mapped().then), true);
    }
}

void run_loop::make_ready(resume_function then, bool woken) {
    post([then = std::move(then), woken]() mutable { then(woken); });
}

// All that is due at one instant becomes ready together; which comes first is the seed's choice.
bool run_loop::advance() {
    if (timers_.empty()) {
        return false;
    }
    now_ = std::max(now_, timers_.begin()->first);
    while (!timers_.empty() && timers_.begin()->first <= now_) {
        const auto id = timers_.begin()->second;
        timers_.erase(timers_.begin());
        make_ready(std::move(waiters_.extract(id).mapped().then), false);
    }
    return true;
}

// A dropped handler of a coroutine posts the destruction of its frame (Boost 1.81,
// ~awaitable_thread), and that runs destructors which may post again: hence until it is quiet.
void run_loop::close() {
    closed_ = true;
    if (closing_) {
        return; // called from a destructor that the loop below runs
    }
    closing_ = true;
    while (!ready_.empty() || !waiters_.empty()) {
        timers_.clear();
        const auto dropped_waiters = std::exchange(waiters_, {});
        const auto dropped = std::exchange(ready_, {});
    }
    closing_ = false;
}

} // namespace pomona::net::virtual_world
