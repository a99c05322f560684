// A world of one socket: what a fuzz target's input meets is the code behind a connection, fed by a
// pair of sockets instead of a network.
#pragma once

#include "pomona/net/world.hpp"
#include "real/server_session.hpp"

#include <boost/asio/co_spawn.hpp>

#include <sys/socket.h>
#include <unistd.h>

namespace pomona::net::real {

class socket_pair_world final : public world {
  public:
    [[nodiscard]] time_point now() const override { return loop_->timers.now(); }
    bytes random(std::size_t count) override { return bytes(count, 4); }
    [[nodiscard]] const crypto::context& crypto() const override { return crypto_; }
    [[nodiscard]] bool is_virtual() const override { return false; }
    boost::asio::any_io_executor executor() override { return loop_->context.get_executor(); }
    task<open_result> connect(open_options) override {
        co_return std::unexpected(transport_error{});
    }
    result<std::unique_ptr<listener>> listen(listen_options, handler) override {
        return fail(std::make_error_code(std::errc::not_supported));
    }
    task<void> offload(std::function<void()> work, duration) override {
        work();
        co_return;
    }
    bool run(task<void> main) override {
        bool over = false;
        boost::asio::co_spawn(loop_->context, std::move(main),
                              [&over](const std::exception_ptr&) { over = true; });
        loop_->context.restart();
        while (!over && loop_->context.run_one() > 0) {
        }
        // What the connection left behind sees that it is over.
        constexpr std::size_t enough = 10'000;
        for (std::size_t i = 0; i < enough && loop_->context.poll_one() > 0; ++i) {
        }
        return over;
    }
    void interrupt() override {}
    void shutdown() override {}
    [[nodiscard]] const std::shared_ptr<io_loop>& loop() const { return loop_; }

  protected:
    std::uint64_t add_waiter(time_point deadline, resume_function then) override {
        return loop_->timers.add(deadline, std::move(then));
    }
    void wake(std::uint64_t waiter) override { loop_->timers.wake(waiter); }

  private:
    crypto::context crypto_ = crypto::context::system();
    std::shared_ptr<io_loop> loop_ = std::make_shared<io_loop>();
};

/// The far end of a connection: says `input`, then nothing more; what it is told is dropped.
class far_end {
  public:
    far_end(const std::shared_ptr<io_loop>& loop, bytes_view input) {
        int ends[2] = {-1, -1};
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0) {
            std::abort();
        }
        boost::asio::ip::tcp::socket near{loop->context};
        near.assign(boost::asio::ip::tcp::v4(), ends[0]);
        stream_ = std::make_shared<socket_stream>(loop, std::move(near));
        end_ = ends[1];
        static_cast<void>(!::send(end_, input.data(), input.size(), MSG_NOSIGNAL));
        ::shutdown(end_, SHUT_WR);
    }
    far_end(const far_end&) = delete;
    far_end& operator=(const far_end&) = delete;
    ~far_end() { ::close(end_); }
    [[nodiscard]] const std::shared_ptr<socket_stream>& stream() const { return stream_; }

  private:
    std::shared_ptr<socket_stream> stream_;
    int end_ = -1;
};

/// Answers what it got; below /stream with a stream of two messages.
inline task<reply> answer_in_kind(world* w, incoming in) {
    reply out;
    out.what.body = in.what.body;
    if (in.what.target.starts_with("/stream")) {
        out.stream = std::make_shared<message_queue>(*w);
        out.stream->push(to_bytes("one"));
        out.stream->push(in.what.body);
        out.stream->close();
    }
    co_return out;
}

/// `serve` (serve_h1 or serve_h2) on a connection whose client says `input`.
inline void serve_input(task<void> (*serve)(server_setup, bytes), std::string alpn,
                        bytes_view input) {
    constexpr std::size_t longest = 64U << 10U; // what a pair of sockets holds
    static socket_pair_world w;
    const far_end client{w.loop(), input.first(std::min(input.size(), longest))};
    const auto info = std::make_shared<connection_info>();
    info->alpn = std::move(alpn);
    listen_options options;
    options.limits.max_body_bytes = 4096;
    options.limits.max_header_bytes = 4096;
    const auto& limits = options.limits;
    const auto budget = std::make_shared<byte_budget>(limits.max_buffered_bytes, 1024);
    w.run(serve({.owner = w,
                 .loop = w.loop(),
                 .stream = client.stream(),
                 .info = info,
                 .options = std::make_shared<const listen_options>(std::move(options)),
                 .on_request = std::make_shared<const handler>(
                     [](incoming in) { return answer_in_kind(&w, std::move(in)); }),
                 .client = {},
                 .draining = std::make_shared<drain_state>(),
                 .refusals = std::make_shared<refusal_log>("fuzz", [](const std::string&) {}),
                 .budget = budget,
                 .on_first_request = [] {}},
                {}));
    client.stream()->close();
    if (budget->used() != 0) {
        std::abort(); // a request's memory was not given back
    }
}

} // namespace pomona::net::real
