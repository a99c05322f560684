// The real world: sockets, the machine's clock, the system's randomness.
#include "real/acceptor.hpp"
#include "real/opener.hpp"
#include "real/tunnel.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <atomic>
#include <malloc.h>
#include <optional>

namespace pomona::net {

namespace {

/// After shutdown's closing, no more than this many handlers run; what is left is destroyed with
/// the loop.
constexpr std::size_t max_handlers_at_shutdown = 5'000'000;

class real_world final : public world {
  public:
    explicit real_world(real_options options)
        : crypto_{crypto::context::system()},
          tls_{crypto_},
          loop_{std::make_shared<real::io_loop>()},
          work_{boost::asio::make_work_guard(loop_->context)},
          pool_{start_pool(options)} {}
    ~real_world() override { real_world::shutdown(); }

    time_point now() const override { return loop_->timers.now(); }
    bytes random(std::size_t count) override { return crypto_.random(count); }
    const crypto::context& crypto() const override { return crypto_; }
    bool is_virtual() const override { return false; }
    boost::asio::any_io_executor executor() override { return loop_->context.get_executor(); }

    result<std::unique_ptr<listener>> listen(listen_options options, handler on_request) override {
        if (loop_->stopping) {
            return fail(std::make_error_code(std::errc::operation_canceled),
                        "the world has been shut down");
        }
        return real::start_listening(*this, loop_, tls_, std::move(options), std::move(on_request));
    }

    result<std::unique_ptr<listener>> listen_for_tunnels(tunnel_options options) override {
        if (loop_->stopping) {
            return fail(std::make_error_code(std::errc::operation_canceled),
                        "the world has been shut down");
        }
        return real::start_tunnels(*this, loop_, std::move(options));
    }

    task<void> offload(std::function<void()> work, duration virtual_cost) override;
    bool run(task<void> main) override;
    void interrupt() override {
        interrupted_ = true;
        loop_->context.stop();
    }
    void shutdown() override;

  protected:
    task<open_result> connect(open_options options) override {
        if (loop_->stopping) {
            return refuse_when_stopping();
        }
        return real::open_connection(*this, loop_, tls_, std::move(options));
    }
    std::uint64_t add_waiter(time_point deadline, resume_function then) override {
        // At shutdown a waiter is dropped with the task that made it.
        return loop_->stopping ? 0 : loop_->timers.add(deadline, std::move(then));
    }
    void wake(std::uint64_t waiter) override { loop_->timers.wake(waiter); }

  private:
    using pool = std::optional<boost::asio::thread_pool>;
    static pool start_pool(real_options options) {
        // What a pool's thread decodes lives as long as its Mac, between much that is gone soon:
        // with a heap for each thread every Mac would cost a quarter more.
        ::mallopt(M_ARENA_MAX, 1);
        return pool{std::in_place, std::max(options.pool_threads, 1U)};
    }
    static task<open_result> refuse_when_stopping() {
        co_await real::abandon();
        co_return std::unexpected(transport_error{});
    }

    crypto::context crypto_;
    real::shared_tls tls_;
    std::shared_ptr<real::io_loop> loop_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    pool pool_;
    std::atomic<bool> interrupted_ = false;
};

task<void> real_world::offload(std::function<void()> work, duration /*virtual_cost*/) {
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                         void(std::exception_ptr)>(
        [this, work = std::move(work)](auto handler) mutable {
            if (!pool_) {
                return;
            }
            boost::asio::post(*pool_, [loop = loop_, work = std::move(work),
                                       h = std::move(handler)]() mutable {
                std::exception_ptr failure;
                try {
                    work();
                } catch (...) {
                    failure = std::current_exception();
                }
                auto& context = loop->context;
                boost::asio::post(context,
                                  [loop = std::move(loop), failure, h = std::move(h)]() mutable {
                                      if (!loop->stopping) {
                                          h(failure);
                                      }
                                  });
            });
        },
        boost::asio::use_awaitable);
}

bool real_world::run(task<void> main) {
    struct outcome {
        bool over = false;
        std::exception_ptr failure;
    };
    const auto ended = std::make_shared<outcome>();
    boost::asio::co_spawn(loop_->context, std::move(main),
                          [ended, loop = loop_.get()](std::exception_ptr failure) {
                              ended->over = true;
                              ended->failure = std::move(failure);
                              loop->context.stop();
                          });
    while (!ended->over && !interrupted_.exchange(false)) {
        loop_->context.restart();
        if (interrupted_) {
            continue; // it came between the two calls, and its stop was undone
        }
        loop_->context.run();
    }
    if (ended->failure) {
        std::rethrow_exception(ended->failure);
    }
    return ended->over;
}

void real_world::shutdown() {
    if (!pool_) {
        return;
    }
    loop_->stopping = true;
    pool_->stop();
    pool_->join();
    pool_.reset();
    // Each round may let go of objects that hold further ones.
    const auto open = std::vector(loop_->open.begin(), loop_->open.end());
    for (auto* const one : open) {
        if (loop_->open.contains(one)) {
            one->close_now();
        }
    }
    work_.reset();
    loop_->timers.clear();
    loop_->context.restart();
    std::size_t handlers = 0;
    while (handlers < max_handlers_at_shutdown && loop_->context.poll_one() > 0) {
        ++handlers;
    }
    loop_->context.stop();
}

} // namespace

std::unique_ptr<world> make_real_world(real_options options) {
    return std::make_unique<real_world>(options);
}

} // namespace pomona::net
