#include "real/waiters.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace pomona::net::real {

namespace {
// The timer is never armed further ahead than this: keeps the sum inside the steady clock's range.
constexpr auto longest_sleep = std::chrono::hours{24};
} // namespace

waiters::waiters(boost::asio::io_context& context)
    : context_{context},
      timer_{context},
      start_{std::chrono::time_point_cast<duration>(std::chrono::system_clock::now())},
      steady_start_{std::chrono::steady_clock::now()} {}

time_point waiters::now() const {
    return start_ +
           std::chrono::duration_cast<duration>(std::chrono::steady_clock::now() - steady_start_);
}

std::uint64_t waiters::insert(time_point deadline, bool direct, callback then) {
    const auto id = ++last_id_;
    const auto at = by_time_.emplace(deadline, entry{id, direct, std::move(then)});
    by_id_.emplace(id, at);
    if (deadline < armed_for_) {
        arm();
    }
    return id;
}

std::uint64_t waiters::add(time_point deadline, callback then) {
    return insert(deadline, false, std::move(then));
}

std::uint64_t waiters::add_direct(time_point deadline, callback then) {
    return insert(deadline, true, std::move(then));
}

void waiters::post(callback then, bool woken) {
    boost::asio::post(context_, [then = std::move(then), woken]() mutable { then(woken); });
}

void waiters::wake(std::uint64_t id) {
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) {
        return;
    }
    auto then = std::move(found->second->second.then);
    by_time_.erase(found->second);
    by_id_.erase(found);
    post(std::move(then), true);
}

void waiters::remove(std::uint64_t id) {
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) {
        return;
    }
    // The timer stays armed: firing once too often is cheaper than arming it for every removed
    // wait.
    by_time_.erase(found->second);
    by_id_.erase(found);
}

void waiters::clear() {
    // What a callback owns may reach back here when it is destroyed.
    const auto dropped = std::exchange(by_time_, {});
    by_id_.clear();
    armed_for_ = time_point::max();
    timer_.cancel();
}

void waiters::arm() {
    if (by_time_.empty() || by_time_.begin()->first == time_point::max()) {
        armed_for_ = time_point::max();
        return;
    }
    const auto current = now();
    armed_for_ = std::min(by_time_.begin()->first, current + longest_sleep);
    const auto from_start = std::max(armed_for_, start_) - start_;
    timer_.expires_at(steady_start_ +
                      std::chrono::duration_cast<std::chrono::steady_clock::duration>(from_start));
    timer_.async_wait([this](const boost::system::error_code& ec) {
        if (!ec) {
            on_timer();
        }
    });
}

void waiters::on_timer() {
    armed_for_ = time_point::min(); // nothing arms the timer while this runs
    const auto current = now();
    while (!by_time_.empty() && by_time_.begin()->first <= current) {
        auto first = std::move(by_time_.begin()->second);
        by_time_.erase(by_time_.begin());
        by_id_.erase(first.id);
        if (first.direct) {
            first.then(false);
        } else {
            post(std::move(first.then), false);
        }
    }
    arm();
}

} // namespace pomona::net::real
