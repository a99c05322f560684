// The World: the only thing in Pomona that has a clock, randomness or a socket. Two kinds, one
// interface.
#pragma once

#include "pomona/net/connection.hpp"
#include "pomona/net/fault.hpp"
#include "pomona/net/listener.hpp"
#include "pomona/net/tunnel.hpp"

#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pomona::net {

/// Everything is called on the world's one thread, from tasks it runs. Objects that hold a `world&`
/// must be gone, or hold no pending task, before the world is; `shutdown` sees to the tasks.
class world {
  public:
    world() = default;
    world(const world&) = delete;
    world& operator=(const world&) = delete;
    virtual ~world() = default;

    [[nodiscard]] virtual time_point now() const = 0;
    /// Cryptographically random in the real world, a function of the seed in the virtual one.
    [[nodiscard]] virtual bytes random(std::size_t count) = 0;
    [[nodiscard]] virtual const crypto::context& crypto() const = 0;
    [[nodiscard]] virtual bool is_virtual() const = 0;
    [[nodiscard]] virtual boost::asio::any_io_executor executor() = 0;

    /// A failure has already been told to the observer.
    task<open_result> open(open_options options);
    virtual result<std::unique_ptr<listener>> listen(listen_options options,
                                                     handler on_request) = 0;

    /// A CONNECT proxy with these routes; its requests are not recorded, what goes through it is by
    /// whom it leads to. Real world only.
    virtual result<std::unique_ptr<listener>> listen_for_tunnels(tunnel_options options);

    /// CPU-heavy or blocking work: on a pool thread in the real world; in the virtual world it runs
    /// at once and the task resumes `virtual_cost` later. `work` must touch nothing that the
    /// world's thread touches meanwhile.
    virtual task<void> offload(std::function<void()> work, duration virtual_cost) = 0;

    /// Runs tasks until `main` is over (its exception is rethrown), or `interrupt` was called.
    /// Returns false when interrupted or, in the virtual world, when nothing can ever happen again
    /// (deadlock).
    virtual bool run(task<void> main) = 0;
    /// From a signal handler's thread or the world's own: makes `run` return soon.
    virtual void interrupt() = 0;
    /// Ends everything: closes listeners and connections, destroys every task. No task may be
    /// started afterwards.
    virtual void shutdown() = 0;

    /// Starts a task of its own. An escaping exception ends that task only and is logged with
    /// `name`.
    void spawn(std::string name, task<void> work);

    task<void> sleep_until(time_point when);
    task<void> sleep_for(duration length) { return sleep_until(now() + length); }
    std::uint64_t random_u64();
    /// Uniform in [0, bound); bound > 0.
    std::uint64_t random_below(std::uint64_t bound);
    /// A random version 4 UUID.
    std::string random_uuid();

    /// Null: silent. The observer must outlive the world's run.
    void observe(observer* who) { observer_ = who; }
    [[nodiscard]] observer* observed_by() const { return observer_; }

    /// From now on the exchanges of connections opened here may be disturbed; null: not any more.
    void disturb(std::shared_ptr<fault_injector> injector) { injector_ = std::move(injector); }

  protected:
    friend class signal;
    /// `open`, undisturbed.
    virtual task<open_result> connect(open_options options) = 0;
    using resume_function = std::move_only_function<void(bool)>;
    /// Calls `then` (posted, never inline): with true after `wake`, with false when `deadline` has
    /// come. Dropped at shutdown.
    virtual std::uint64_t add_waiter(time_point deadline, resume_function then) = 0;
    /// No effect when it was resumed already.
    virtual void wake(std::uint64_t waiter) = 0;

  private:
    static task<open_result> open_disturbed(world* self, open_options options,
                                            std::shared_ptr<fault_injector> injector);

    observer* observer_ = nullptr;
    std::shared_ptr<fault_injector> injector_;
};

/// "Forever" as a deadline.
inline constexpr time_point never = time_point::max();

/// A condition that tasks wait for. State is the caller's: check it, wait, check again. May be
/// destroyed while tasks wait: those then resume at their deadline.
class signal {
  public:
    explicit signal(world& w)
        : world_{&w}, waiting_{std::make_shared<std::vector<std::uint64_t>>()} {}
    signal(const signal&) = delete;
    signal& operator=(const signal&) = delete;

    /// True when notified, false at the deadline.
    task<bool> wait_until(time_point deadline);
    /// Wakes everyone who waits now.
    void notify_all();

  private:
    world* world_;
    std::shared_ptr<std::vector<std::uint64_t>> waiting_;
};

/// Tasks that belong together: the owner can wait until all are gone.
class task_group {
  public:
    explicit task_group(world& w);
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;

    /// An exception ends that task only, as with world::spawn. The group may go before its tasks
    /// do.
    void spawn(std::string name, task<void> work);
    [[nodiscard]] std::size_t alive() const;
    /// False at the deadline.
    task<bool> all_done(time_point deadline);

  private:
    struct state;
    static task<void> run_one(task<void> work, std::shared_ptr<void> membership);
    world* world_;
    std::shared_ptr<state> state_;
};

/// Messages from a handler to a streaming response. Bounded: at the bound the oldest is dropped.
class message_queue {
  public:
    explicit message_queue(world& w, std::size_t bound = 10'000) : bound_{bound}, changed_{w} {}
    void push(bytes message);
    void close();
    [[nodiscard]] bool closed() const { return closed_; }
    /// Called when the client has gone; set by whoever made the queue.
    std::function<void()> on_closed;
    /// nullopt: closed and drained, or the deadline passed (then `closed()` is false).
    task<std::optional<bytes>> pop(time_point deadline);

  private:
    std::deque<bytes> items_;
    std::size_t bound_;
    bool closed_ = false;
    signal changed_;
};

/// Sockets, TLS 1.2 and 1.3, HTTP/1.1 and HTTP/2, the machine's clock.
struct real_options {
    unsigned pool_threads = 2;
};
std::unique_ptr<world> make_real_world(real_options options = {});

/// In memory, one thread, every choice made by the seed.
struct virtual_options {
    std::uint64_t seed = 1;
    time_point start; ///< the clock's first value; left at its default: 2026-01-05T09:00:00Z
    duration min_latency =
        std::chrono::microseconds{200}; ///< of one message one way, drawn between the two
    duration max_latency = std::chrono::milliseconds{20};
};
std::unique_ptr<world> make_virtual_world(virtual_options options);

} // namespace pomona::net
