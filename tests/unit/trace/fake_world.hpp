// A world with a clock that stands where the test puts it, and no network: the recorder needs
// nothing else.
#pragma once

#include "pomona/net/world.hpp"

#include <boost/asio/any_io_executor.hpp>

namespace pomona::trace {

class fake_world final : public net::world {
  public:
    time_point clock = *from_rfc3339("2026-01-05T09:00:00Z");

    [[nodiscard]] time_point now() const override { return clock; }
    [[nodiscard]] bytes random(std::size_t count) override { return crypto_.random(count); }
    [[nodiscard]] const crypto::context& crypto() const override { return crypto_; }
    [[nodiscard]] bool is_virtual() const override { return true; }
    [[nodiscard]] boost::asio::any_io_executor executor() override { return {}; }
    net::task<net::open_result> connect(net::open_options) override {
        co_return std::unexpected{net::transport_error{}};
    }
    result<std::unique_ptr<net::listener>> listen(net::listen_options, net::handler) override {
        return fail(std::make_error_code(std::errc::not_supported));
    }
    net::task<void> offload(std::function<void()> work, duration) override {
        work();
        co_return;
    }
    bool run(net::task<void>) override { return false; }
    void interrupt() override {}
    void shutdown() override {}

  protected:
    std::uint64_t add_waiter(time_point, resume_function) override { return 0; }
    void wake(std::uint64_t) override {}

  private:
    crypto::context crypto_ = crypto::context::seeded(as_bytes("the recorder's tests"));
};

} // namespace pomona::trace
