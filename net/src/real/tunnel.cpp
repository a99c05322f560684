#include "real/tunnel.hpp"

#include "connect_request.hpp"
#include "real/opener.hpp"
#include "real/socket_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace pomona::net::real {
namespace {

using boost::asio::ip::tcp;
using stream_ptr = std::shared_ptr<socket_stream>;

constexpr auto awaitable_tuple = boost::asio::as_tuple(boost::asio::use_awaitable);
constexpr int backlog = 128;
constexpr auto pause_after_failure = std::chrono::milliseconds{100};
constexpr std::string_view head_end = "\r\n\r\n";
constexpr std::string_view established = "HTTP/1.1 200 Connection established\r\n\r\n";

/// Two connections that are one: when either ends, both do.
struct tunnel {
    stream_ptr client, server;
    time_point used; ///< when either side said something last

    void close() const {
        client->close();
        server->close();
    }
};

/// Shared by the handle and the tasks.
class tunnels final : public closable, public std::enable_shared_from_this<tunnels> {
  public:
    tunnels(world& owner, std::shared_ptr<io_loop> loop, tunnel_options options)
        : owner_{owner},
          loop_{std::move(loop)},
          acceptor_{loop_->context},
          options_{std::move(options)} {
        loop_->open.insert(this);
    }
    tunnels(const tunnels&) = delete;
    tunnels& operator=(const tunnels&) = delete;
    ~tunnels() { loop_->open.erase(this); }

    result<void> start();
    void close();
    /// A tunnel has no word for it: its connections end.
    void part();
    void close_now() override { close(); }
    [[nodiscard]] endpoint local() const { return local_; }

  private:
    /// Counts a client for as long as its task lives.
    class membership {
      public:
        membership(tunnels& owner, socket_stream* stream) : owner_{&owner}, stream_{stream} {
            owner_->clients_.insert(stream_);
            ++owner_->loop_->accepted;
        }
        membership(const membership&) = delete;
        membership& operator=(const membership&) = delete;
        ~membership() {
            owner_->clients_.erase(stream_);
            --owner_->loop_->accepted;
        }

      private:
        tunnels* owner_;
        socket_stream* stream_;
    };

    static task<void> accept_all(std::shared_ptr<tunnels> self);
    static task<void> serve(std::shared_ptr<tunnels> self, stream_ptr client);
    static task<std::string> read_head(std::shared_ptr<tunnels> self, stream_ptr client,
                                       bytes& read);
    static task<stream_ptr> connect(std::shared_ptr<tunnels> self, endpoint to);
    static task<void> pass_on(std::shared_ptr<tunnels> self, std::shared_ptr<tunnel> through,
                              bool upwards, bytes first);
    static task<void> refuse(std::shared_ptr<tunnels> self, stream_ptr client, std::string answer);

    world& owner_;
    std::shared_ptr<io_loop> loop_;
    tcp::acceptor acceptor_;
    tunnel_options options_;
    std::unordered_set<socket_stream*> clients_;
    endpoint local_;
    bool closed_ = false;
};

result<void> tunnels::start() {
    const auto where = literal_endpoints(options_.bind);
    if (!where) {
        return fail(std::make_error_code(std::errc::invalid_argument),
                    "listening on " + escape(to_text(options_.bind)) + ": not an address");
    }
    boost::system::error_code ec;
    acceptor_.open(where->front().protocol(), ec);
    if (!ec) {
        acceptor_.set_option(tcp::acceptor::reuse_address{true}, ec);
    }
    if (!ec) {
        acceptor_.bind(where->front(), ec);
    }
    if (!ec) {
        acceptor_.listen(backlog, ec);
    }
    if (ec) {
        return fail(ec, "listening on " + to_text(options_.bind));
    }
    local_ = to_endpoint(acceptor_.local_endpoint(ec));
    owner_.spawn("proxy on " + to_text(local_), accept_all(shared_from_this()));
    return {};
}

void tunnels::close() {
    if (closed_) {
        return;
    }
    closed_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    part();
}

void tunnels::part() {
    for (auto* const client : std::vector(clients_.begin(), clients_.end())) {
        client->close();
    }
}

task<void> tunnels::accept_all(std::shared_ptr<tunnels> self) {
    while (!self->closed_) {
        auto [ec, socket] = co_await self->acceptor_.async_accept(awaitable_tuple);
        if (self->loop_->stopping) {
            co_await abandon();
        }
        if (self->closed_) {
            break;
        }
        if (ec) {
            if (ec != boost::asio::error::connection_aborted) {
                co_await self->owner_.sleep_for(pause_after_failure);
            }
            continue;
        }
        if (self->clients_.size() >= self->options_.max_tunnels ||
            self->loop_->accepted >= self->loop_->max_accepted) {
            socket.close(ec);
            continue;
        }
        self->owner_.spawn(
            "a client of the proxy",
            serve(self, std::make_shared<socket_stream>(self->loop_, std::move(socket))));
    }
}

task<void> tunnels::refuse(std::shared_ptr<tunnels> self, stream_ptr client, std::string answer) {
    const auto deadline = self->owner_.now() + self->options_.write_timeout;
    if (co_await client->write_all(as_bytes(answer), deadline)) {
        co_await client->linger_and_close(self->owner_.now() + std::chrono::seconds{1});
    }
}

/// Reads until the head is whole; empty. Or the answer that ends it; "-" when nobody is there.
task<std::string> tunnels::read_head(std::shared_ptr<tunnels> self, stream_ptr client,
                                     bytes& read) {
    const auto deadline = self->owner_.now() + self->options_.header_timeout;
    while (as_text(read).find(head_end) == std::string_view::npos) {
        if (read.size() > self->options_.max_header_bytes) {
            co_return tunnel_refusal(431, "a request to this proxy is smaller\n");
        }
        const auto more = co_await client->read_more(read, deadline);
        if (!more) {
            co_return more.error().kind == io_failure::timeout
                ? tunnel_refusal(408, "no request came\n")
                : std::string{"-"};
        }
    }
    co_return std::string{};
}

/// Null: nothing listens there. Numeric addresses and localhost only: nothing is resolved.
task<stream_ptr> tunnels::connect(std::shared_ptr<tunnels> self, endpoint to) {
    const auto where = literal_endpoints(to);
    if (!where) {
        co_return nullptr;
    }
    for (const auto& one : *where) {
        // Connecting on loopback is over at once; the socket belongs to the loop meanwhile.
        tcp::socket socket{self->loop_->context};
        const auto [ec] = co_await socket.async_connect(one, awaitable_tuple);
        if (self->loop_->stopping) {
            co_await abandon();
        }
        if (!ec) {
            co_return std::make_shared<socket_stream>(self->loop_, std::move(socket));
        }
    }
    co_return nullptr;
}

/// What one side says goes to the other until either ends.
task<void> tunnels::pass_on(std::shared_ptr<tunnels> self, std::shared_ptr<tunnel> through,
                            bool upwards, bytes first) {
    auto from = upwards ? through->client : through->server;
    auto to = upwards ? through->server : through->client;
    auto data = std::move(first);
    while (!self->closed_) {
        if (!data.empty()) {
            through->used = self->owner_.now();
            if (!co_await to->write_all(data, through->used + self->options_.write_timeout)) {
                break;
            }
            data = {};
        }
        const auto more =
            co_await from->read_more(data, through->used + self->options_.idle_timeout);
        const bool other_side_talked =
            !more && more.error().kind == io_failure::timeout &&
            self->owner_.now() < through->used + self->options_.idle_timeout;
        if (!more && !other_side_talked) {
            break;
        }
    }
    through->close();
}

task<void> tunnels::serve(std::shared_ptr<tunnels> self, stream_ptr client) {
    const membership counted{*self, client.get()};
    if (self->closed_) {
        co_return;
    }
    bytes read;
    if (auto answer = co_await read_head(self, client, read); !answer.empty()) {
        if (answer != "-") {
            co_await refuse(self, client, std::move(answer));
        }
        co_return;
    }
    const auto end = as_text(read).find(head_end) + head_end.size();
    const auto route = read_connect_request(as_text(read).substr(0, end), self->options_.routes);
    if (!route) {
        co_await refuse(self, client, route.error());
        co_return;
    }
    auto server = co_await connect(self, (*route)->to);
    if (!server) {
        co_await refuse(self, client,
                        tunnel_refusal(502, "the emulated service does not answer\n"));
        co_return;
    }
    const auto now = self->owner_.now();
    if (!co_await client->write_all(as_bytes(established), now + self->options_.write_timeout)) {
        co_return;
    }
    const auto through = std::make_shared<tunnel>(client, std::move(server), now);
    self->owner_.spawn("answers through the proxy", pass_on(self, through, false, {}));
    co_await pass_on(self, through, true,
                     bytes(read.begin() + static_cast<std::ptrdiff_t>(end), read.end()));
}

class tunnels_handle final : public listener {
  public:
    explicit tunnels_handle(std::shared_ptr<tunnels> core) : core_{std::move(core)} {}
    ~tunnels_handle() override { core_->close(); }
    [[nodiscard]] endpoint local() const override { return core_->local(); }
    task<void> drain(time_point /*deadline*/) override {
        core_->close();
        co_return;
    }
    void part() override { core_->part(); }
    void close() override { core_->close(); }

  private:
    std::shared_ptr<tunnels> core_;
};

} // namespace

result<std::unique_ptr<listener>> start_tunnels(world& owner, std::shared_ptr<io_loop> loop,
                                                tunnel_options options) {
    auto core = std::make_shared<tunnels>(owner, std::move(loop), std::move(options));
    if (auto started = core->start(); !started) {
        return std::unexpected(std::move(started.error()));
    }
    return std::make_unique<tunnels_handle>(std::move(core));
}

} // namespace pomona::net::real
