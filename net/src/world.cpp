#include "pomona/net/world.hpp"

#include "disturbed_connection.hpp"
#include "pomona/foundation/uuid.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace pomona::net {

namespace {

void log_failure(const std::string& name, const std::exception_ptr& failure) {
    if (!failure) {
        return;
    }
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& e) {
        spdlog::error("task {} ended by an exception: {}", escape(name), escape(e.what()));
    } catch (...) {
        spdlog::error("task {} ended by an exception of unknown type", escape(name));
    }
}

} // namespace

void world::spawn(std::string name, task<void> work) {
    // blocking.never: in both worlds a task begins from the loop, never inside the caller.
    boost::asio::co_spawn(
        boost::asio::require(executor(), boost::asio::execution::blocking.never), std::move(work),
        [name = std::move(name)](std::exception_ptr failure) { log_failure(name, failure); });
}

result<std::unique_ptr<listener>> world::listen_for_tunnels(tunnel_options /*options*/) {
    return fail(std::make_error_code(std::errc::operation_not_supported),
                "a proxy needs the real world");
}

task<open_result> world::open(open_options options) {
    if (!injector_ || !injector_->watches(options.note)) {
        return connect(std::move(options));
    }
    return open_disturbed(this, std::move(options), injector_);
}

task<open_result> world::open_disturbed(world* self, open_options options,
                                        std::shared_ptr<fault_injector> injector) {
    auto opened = co_await self->connect(std::move(options));
    if (opened) {
        co_return make_disturbed(*self, *std::move(opened), std::move(injector));
    }
    co_return opened;
}

task<void> world::sleep_until(time_point when) {
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(bool)>(
        [this, when](auto handler) {
            add_waiter(when, [h = std::move(handler)](bool woken) mutable { h(woken); });
        },
        boost::asio::use_awaitable);
}

std::uint64_t world::random_u64() {
    const auto data = random(sizeof(std::uint64_t));
    std::uint64_t out = 0;
    std::memcpy(&out, data.data(), sizeof out);
    return out;
}

std::uint64_t world::random_below(std::uint64_t bound) {
    // Values below the remainder of 2^64 are drawn again: without that small results would be
    // likelier.
    const std::uint64_t remainder = (0 - bound) % bound;
    std::uint64_t value = random_u64();
    while (value < remainder) {
        value = random_u64();
    }
    return value % bound;
}

std::string world::random_uuid() {
    const auto data = random(16);
    std::array<std::uint8_t, 16> raw{};
    std::ranges::copy(data, raw.begin());
    return make_uuid(raw);
}

task<bool> signal::wait_until(time_point deadline) {
    auto* const w = world_;
    const auto waiting = waiting_; // the signal may be gone when the wait is over
    std::uint64_t id = 0;
    const bool notified =
        co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(bool)>(
            [w, &waiting, &id, deadline](auto handler) {
                id = w->add_waiter(deadline,
                                   [h = std::move(handler)](bool woken) mutable { h(woken); });
                waiting->push_back(id);
            },
            boost::asio::use_awaitable);
    if (!notified) {
        std::erase(*waiting, id);
    }
    co_return notified;
}

void signal::notify_all() {
    const auto woken = std::exchange(*waiting_, {});
    for (const auto id : woken) {
        world_->wake(id);
    }
}

struct task_group::state {
    explicit state(world& w) : empty{w} {}
    std::size_t alive = 0;
    signal empty;
};

task_group::task_group(world& w) : world_{&w}, state_{std::make_shared<state>(w)} {}

void task_group::spawn(std::string name, task<void> work) {
    ++state_->alive;
    // Leaves the group with the task's frame, however that ends: also when it is dropped before it
    // began.
    std::shared_ptr<void> membership{nullptr, [s = state_](void*) {
                                         if (--s->alive == 0) {
                                             s->empty.notify_all();
                                         }
                                     }};
    world_->spawn(std::move(name), run_one(std::move(work), std::move(membership)));
}

std::size_t task_group::alive() const {
    return state_->alive;
}

task<bool> task_group::all_done(time_point deadline) {
    const auto s = state_;
    while (s->alive > 0) {
        if (!co_await s->empty.wait_until(deadline)) {
            co_return s->alive == 0;
        }
    }
    co_return true;
}

task<void> task_group::run_one(task<void> work, std::shared_ptr<void> membership) {
    co_await std::move(work);
    membership.reset();
}

void message_queue::push(bytes message) {
    if (closed_) {
        return;
    }
    if (!items_.empty() && items_.size() >= std::max<std::size_t>(bound_, 1)) {
        items_.pop_front();
    }
    items_.push_back(std::move(message));
    changed_.notify_all();
}

void message_queue::close() {
    closed_ = true;
    changed_.notify_all();
}

task<std::optional<bytes>> message_queue::pop(time_point deadline) {
    while (items_.empty() && !closed_) {
        if (!co_await changed_.wait_until(deadline)) {
            break;
        }
    }
    if (items_.empty()) {
        co_return std::nullopt;
    }
    auto first = std::move(items_.front());
    items_.pop_front();
    co_return first;
}

} // namespace pomona::net
