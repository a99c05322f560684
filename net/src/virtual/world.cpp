#include "pomona/net/world.hpp"

#include "virtual/network.hpp"
#include "virtual/run_loop.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/require.hpp>

#include <atomic>

namespace pomona::net {

namespace {

using namespace std::chrono_literals;
using virtual_world::loop_executor;

/// Choice: a Monday, 09:00 UTC, so that runs begin in working hours and certificates have round
/// dates.
constexpr time_point default_start =
    std::chrono::sys_days{std::chrono::year{2026} / std::chrono::January / 5} + 9h;

class seeded_world final : public world {
  public:
    explicit seeded_world(const virtual_options& o)
        : crypto_{crypto::context::seeded(
              as_bytes("pomona virtual world, cryptography, " + std::to_string(o.seed)))},
          loop_{o.seed, o.start == time_point{} ? default_start : o.start},
          network_{*this, {o.seed, o.min_latency, o.max_latency}} {}
    seeded_world(const seeded_world&) = delete;
    seeded_world& operator=(const seeded_world&) = delete;
    ~seeded_world() override { end(); }

    [[nodiscard]] time_point now() const override { return loop_.now(); }
    [[nodiscard]] bytes random(std::size_t count) override { return crypto_.random(count); }
    [[nodiscard]] const crypto::context& crypto() const override { return crypto_; }
    [[nodiscard]] bool is_virtual() const override { return true; }
    [[nodiscard]] boost::asio::any_io_executor executor() override { return loop_executor{loop_}; }

    result<std::unique_ptr<listener>> listen(listen_options options, handler on_request) override {
        if (loop_.closed()) {
            return fail(std::make_error_code(std::errc::operation_canceled), "the world has ended");
        }
        return network_.listen(std::move(options), std::move(on_request));
    }
    task<void> offload(std::function<void()> work, duration virtual_cost) override {
        work();
        co_await sleep_for(virtual_cost);
    }

    bool run(task<void> main) override;
    void interrupt() override { interrupted_.store(true); }
    void shutdown() override { end(); }

  protected:
    task<open_result> connect(open_options options) override {
        return network_.open(std::move(options));
    }
    std::uint64_t add_waiter(time_point deadline, resume_function then) override {
        return loop_.add_waiter(deadline, std::move(then));
    }
    void wake(std::uint64_t waiter) override { loop_.wake(waiter); }

  private:
    void end() {
        network_.close();
        loop_.close();
    }
    crypto::context crypto_;
    virtual_world::run_loop loop_;
    virtual_world::network network_;
    std::atomic<bool> interrupted_ = false;
};

bool seeded_world::run(task<void> main) {
    struct outcome {
        bool over = false;
        std::exception_ptr failure;
    };
    const auto result = std::make_shared<outcome>();
    boost::asio::co_spawn(boost::asio::require(executor(), boost::asio::execution::blocking.never),
                          std::move(main), [result](std::exception_ptr failure) {
                              result->over = true;
                              result->failure = std::move(failure);
                          });
    while (!result->over) {
        if (interrupted_.load(std::memory_order_relaxed)) {
            interrupted_.store(false);
            return false;
        }
        if (!loop_.step()) {
            if (loop_.closed()) {
                loop_.close(); // what the task that ended the world has left behind
            }
            return false;
        }
    }
    if (result->failure) {
        std::rethrow_exception(result->failure);
    }
    return true;
}

} // namespace

std::unique_ptr<world> make_virtual_world(virtual_options options) {
    return std::make_unique<seeded_world>(options);
}

} // namespace pomona::net
