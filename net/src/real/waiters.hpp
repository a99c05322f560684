// Everything that waits for a point in world time: one ordered structure, one system timer.
#pragma once

#include "pomona/foundation/time.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <unordered_map>

namespace pomona::net::real {

/// Used on the loop's thread only. World time is the wall clock at the start plus the steady time
/// since: a jump of the wall clock neither hangs a wait nor ends it early.
class waiters {
  public:
    using callback = std::move_only_function<void(bool)>;

    explicit waiters(boost::asio::io_context& context);

    [[nodiscard]] time_point now() const;

    /// Calls `then`, posted, with true after `wake` or with false at the deadline.
    std::uint64_t add(time_point deadline, callback then);
    void wake(std::uint64_t id);

    /// Calls `then(false)` from the timer itself at the deadline. After `remove` it is certain not
    /// to be called.
    std::uint64_t add_direct(time_point deadline, callback then);
    void remove(std::uint64_t id);

    /// Drops all without calling them.
    void clear();
    [[nodiscard]] std::size_t size() const { return by_time_.size(); }

  private:
    struct entry {
        std::uint64_t id;
        bool direct;
        callback then;
    };
    using order = std::multimap<time_point, entry>;

    std::uint64_t insert(time_point deadline, bool direct, callback then);
    void arm();
    void on_timer();
    void post(callback then, bool woken);

    boost::asio::io_context& context_;
    boost::asio::steady_timer timer_;
    time_point start_;
    std::chrono::steady_clock::time_point steady_start_;
    time_point armed_for_ = time_point::max();
    order by_time_;
    std::unordered_map<std::uint64_t, order::iterator> by_id_;
    std::uint64_t last_id_ = 0;
};

/// A direct waiter that cannot outlive what its callback refers to.
class scoped_waiter {
  public:
    scoped_waiter(waiters& all, time_point deadline, waiters::callback then)
        : all_{all},
          id_{deadline == time_point::max() ? 0 : all.add_direct(deadline, std::move(then))} {}
    scoped_waiter(const scoped_waiter&) = delete;
    scoped_waiter& operator=(const scoped_waiter&) = delete;
    ~scoped_waiter() {
        if (id_ != 0) {
            all_.remove(id_);
        }
    }

  private:
    waiters& all_;
    std::uint64_t id_;
};

} // namespace pomona::net::real
