// The executor of the virtual world: a list of ready functions from which the seed picks, and
// waiters whose deadlines move the clock. One thread; no sockets, no machine clock.
#pragma once

#include "pomona/foundation/time.hpp"
#include "virtual/seeded.hpp"

#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>

#include <cstdint>
#include <functional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pomona::net::virtual_world {

class run_loop final : public boost::asio::execution_context {
  public:
    using function = std::move_only_function<void()>;
    using resume_function = std::move_only_function<void(bool)>;

    run_loop(std::uint64_t seed, time_point start);
    ~run_loop();

    [[nodiscard]] time_point now() const { return now_; }
    [[nodiscard]] bool inside() const { return inside_; }
    [[nodiscard]] bool closed() const { return closed_; }

    void post(function f) { ready_.push_back(std::move(f)); }
    /// Runs one ready function, after a jump of the clock when there is none. False: nothing can
    /// happen any more.
    bool step();

    std::uint64_t add_waiter(time_point deadline, resume_function then);
    void wake(std::uint64_t waiter);

    /// Destroys all that is ready or waits, and what their destructors post, without running any of
    /// it. What is posted later is kept unrun until the next call, so call it again before the loop
    /// goes.
    void close();

  private:
    struct waiter {
        time_point deadline;
        resume_function then;
    };
    void make_ready(resume_function then, bool woken);
    bool advance();

    seeded_stream choice_;
    time_point now_;
    std::vector<function> ready_;
    std::unordered_map<std::uint64_t, waiter> waiters_;
    std::set<std::pair<time_point, std::uint64_t>> timers_; ///< the waiters that have a deadline
    std::uint64_t last_waiter_ = 0;
    bool inside_ = false;
    bool closed_ = false;
    bool closing_ = false;
};

/// Satisfies what any_io_executor asks for in Boost 1.81. The loop outlives it.
class loop_executor {
  public:
    explicit loop_executor(run_loop& loop) : loop_{&loop} {}

    [[nodiscard]] boost::asio::execution_context&
    query(boost::asio::execution::context_t) const noexcept {
        return *loop_;
    }
    [[nodiscard]] boost::asio::execution::blocking_t
    query(boost::asio::execution::blocking_t) const noexcept {
        return never_inline_
                   ? boost::asio::execution::blocking_t{boost::asio::execution::blocking.never}
                   : boost::asio::execution::blocking_t{boost::asio::execution::blocking.possibly};
    }
    [[nodiscard]] loop_executor
    require(boost::asio::execution::blocking_t::never_t) const noexcept {
        return {*loop_, true};
    }
    [[nodiscard]] loop_executor
    require(boost::asio::execution::blocking_t::possibly_t) const noexcept {
        return {*loop_, false};
    }
    // The loop ends by its own rule, and the seed orders continuations as everything else.
    [[nodiscard]] loop_executor
    require(boost::asio::execution::relationship_t::fork_t) const noexcept {
        return *this;
    }
    [[nodiscard]] loop_executor
    require(boost::asio::execution::relationship_t::continuation_t) const noexcept {
        return *this;
    }
    [[nodiscard]] loop_executor
    require(boost::asio::execution::outstanding_work_t::tracked_t) const noexcept {
        return *this;
    }
    [[nodiscard]] loop_executor
    require(boost::asio::execution::outstanding_work_t::untracked_t) const noexcept {
        return *this;
    }

    template <class Function>
    void execute(Function&& f) const {
        if (!never_inline_ && loop_->inside() && !loop_->closed()) {
            std::decay_t<Function> mine{std::forward<Function>(f)};
            mine();
            return;
        }
        loop_->post(run_loop::function{std::forward<Function>(f)});
    }

    bool operator==(const loop_executor&) const noexcept = default;

  private:
    loop_executor(run_loop& loop, bool never_inline) : loop_{&loop}, never_inline_{never_inline} {}
    run_loop* loop_;
    bool never_inline_ = false;
};

} // namespace pomona::net::virtual_world
