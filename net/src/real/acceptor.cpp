#include "real/acceptor.hpp"

#include "peer_check.hpp"
#include "real/opener.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <list>
#include <malloc.h>
#include <sys/resource.h>

namespace pomona::net::real {

namespace {

using boost::asio::ip::tcp;

constexpr int backlog = 4096; // what Linux allows by default (net.core.somaxconn)
/// Of the connections that the process bears, one listener takes no more than two thirds.
constexpr std::size_t share_above = 2;
constexpr std::size_t share_below = 3;
constexpr auto pause_after_failure = std::chrono::milliseconds{100};
constexpr std::string_view h2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"; // RFC 9113 section 3.4

/// Shared by the handle and the tasks.
class listening final : public closable, public std::enable_shared_from_this<listening> {
  public:
    listening(world& owner, shared_tls& tls, std::shared_ptr<io_loop> loop, listen_options options,
              handler on_request)
        : owner_{owner},
          shared_tls_{tls},
          loop_{std::move(loop)},
          acceptor_{loop_->context},
          options_{std::make_shared<const listen_options>(std::move(options))},
          refusals_{std::make_shared<refusal_log>(options_->who.empty() ? "listener"
                                                                        : options_->who.value())},
          budget_{std::make_shared<byte_budget>(options_->limits.max_buffered_bytes,
                                                options_->limits.small_body_bytes)},
          on_request_{std::make_shared<const handler>(std::move(on_request))} {
        loop_->open.insert(this);
    }
    listening(const listening&) = delete;
    listening& operator=(const listening&) = delete;
    ~listening() { loop_->open.erase(this); }

    result<void> start();
    void close();
    static task<void> drain(std::shared_ptr<listening> self, time_point deadline);
    void part();
    void close_now() override { close(); }
    [[nodiscard]] endpoint local() const { return local_; }

  private:
    using stream_ptr = std::shared_ptr<socket_stream>;

    /// Counts a connection for as long as its task lives.
    class membership;

    static task<void> accept_all(std::shared_ptr<listening> self);
    static task<void> serve(std::shared_ptr<listening> self, stream_ptr stream);
    /// A place for one more connection, if need be that of the oldest without a request.
    bool make_room(const endpoint& client);
    void note(refusal kind, const endpoint& client, std::string_view what) {
        refusals_->note(owner_.now(), kind, client, what);
    }
    static task<std::optional<bytes>> sniff(stream_ptr stream, time_point deadline);
    [[nodiscard]] std::shared_ptr<connection_info> describe(const socket_stream& stream) const;

    world& owner_;
    shared_tls& shared_tls_;
    std::shared_ptr<io_loop> loop_;
    tcp::acceptor acceptor_;
    std::shared_ptr<const listen_options> options_;
    std::shared_ptr<refusal_log> refusals_;
    std::shared_ptr<byte_budget> budget_;
    std::shared_ptr<const handler> on_request_;
    std::shared_ptr<server_tls_context> tls_;
    std::unordered_set<socket_stream*> streams_;
    std::list<membership*> newcomers_; ///< connections without a whole request, the oldest first
    std::shared_ptr<drain_state> draining_ = std::make_shared<drain_state>();
    signal left_{owner_}; ///< a connection has ended
    endpoint local_;
    bool closed_ = false;
};

/// After a flood the allocator keeps what thousands of connections took, in small pieces between
/// what lives on: the system gets it back once most of them are gone.
void give_back_memory(io_loop& loop) {
    constexpr std::size_t many = 1000;
    if (loop.most_accepted >= many && loop.accepted <= loop.most_accepted / 8) {
        loop.most_accepted = loop.accepted;
        ::malloc_trim(0);
    }
}

class listening::membership {
  public:
    membership(std::shared_ptr<listening> owner, stream_ptr stream)
        : owner_{std::move(owner)}, stream_{std::move(stream)} {
        owner_->streams_.insert(stream_.get());
        auto& loop = *owner_->loop_;
        loop.most_accepted = std::max(++loop.accepted, loop.most_accepted);
        place_ = owner_->newcomers_.insert(owner_->newcomers_.end(), this);
    }
    membership(const membership&) = delete;
    membership& operator=(const membership&) = delete;
    ~membership() { leave(); }

    /// A whole request has come.
    void prove() {
        if (std::exchange(is_new_, false)) {
            owner_->newcomers_.erase(place_);
        }
    }
    /// Closes the connection and gives its place back at once.
    void evict() {
        stream_->close();
        leave();
    }
    [[nodiscard]] const endpoint& client() const { return client_; }

  private:
    void leave() {
        prove();
        if (std::exchange(counted_, false)) {
            owner_->streams_.erase(stream_.get());
            --owner_->loop_->accepted;
            give_back_memory(*owner_->loop_);
            owner_->left_.notify_all();
        }
    }
    std::shared_ptr<listening> owner_;
    stream_ptr stream_;
    endpoint client_ = stream_->remote();
    std::list<membership*>::iterator place_;
    bool is_new_ = true;
    bool counted_ = true;
};

bool listening::make_room(const endpoint& client) {
    const auto most =
        std::min(options_->limits.max_connections, loop_->max_accepted * share_above / share_below);
    if (streams_.size() < most && loop_->accepted < loop_->max_accepted) {
        return true;
    }
    // Whoever wants something has asked for it long before as many others have come.
    if (newcomers_.empty()) {
        note(refusal::overload, client, "no place for another connection");
        return false;
    }
    auto& oldest = *newcomers_.front();
    note(refusal::overload, oldest.client(), "closed without a request, for another connection");
    oldest.evict();
    return true;
}

result<void> listening::start() {
    if (options_->tls) {
        auto made = server_tls_context::make(owner_.crypto(), *options_->tls);
        if (!made) {
            return std::unexpected(std::move(made.error()));
        }
        tls_ = *std::move(made);
    }
    auto bind = options_->bind;
    if (bind.host.empty()) {
        bind.host = "0.0.0.0";
    }
    const auto where = literal_endpoints(bind);
    if (!where) {
        return fail(std::make_error_code(std::errc::invalid_argument),
                    "listening on " + escape(to_text(bind)) + ": not an address");
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
        return fail(ec, "listening on " + to_text(bind));
    }
    local_ = to_endpoint(acceptor_.local_endpoint(ec));
    owner_.spawn("accept on " + to_text(local_), accept_all(shared_from_this()));
    return {};
}

void listening::close() {
    if (closed_) {
        return;
    }
    closed_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (auto* const stream : std::vector(streams_.begin(), streams_.end())) {
        stream->close();
    }
}

task<void> listening::drain(std::shared_ptr<listening> self, time_point deadline) {
    boost::system::error_code ignored;
    self->draining_->begun = true;
    self->acceptor_.close(ignored);
    for (auto* const session :
         std::vector(self->draining_->sessions.begin(), self->draining_->sessions.end())) {
        session->drain();
    }
    while (!self->streams_.empty() && co_await self->left_.wait_until(deadline)) {
    }
    self->close();
}

void listening::part() {
    const auto leaving = std::exchange(draining_, std::make_shared<drain_state>());
    leaving->begun = true;
    for (auto* const session : std::vector(leaving->sessions.begin(), leaving->sessions.end())) {
        session->drain();
    }
}

task<void> listening::accept_all(std::shared_ptr<listening> self) {
    while (!self->closed_) {
        auto [ec, socket] = co_await self->acceptor_.async_accept(
            boost::asio::as_tuple(boost::asio::use_awaitable));
        if (self->loop_->stopping) {
            co_await abandon();
        }
        if (self->closed_ || self->draining_->begun) {
            break;
        }
        if (ec) {
            // Out of descriptors, the connection stays in the backlog and would be reported again
            // at once. Only a client that has gone meanwhile is no reason to pause.
            if (ec != boost::asio::error::connection_aborted) {
                self->note(refusal::overload, self->local_, "accepting: " + ec.message());
                co_await self->owner_.sleep_for(pause_after_failure);
            }
            continue;
        }
        const auto client = to_endpoint(socket.remote_endpoint(ec));
        if (!self->make_room(client)) {
            socket.close(ec);
            continue;
        }
        self->owner_.spawn("serve a connection", serve(self, std::make_shared<socket_stream>(
                                                                 self->loop_, std::move(socket))));
    }
}

/// What the client says first, as much as it takes to tell HTTP/2's preface from anything else.
task<std::optional<bytes>> listening::sniff(stream_ptr stream, time_point deadline) {
    bytes first;
    while (first.size() < h2_preface.size() && h2_preface.starts_with(as_text(first))) {
        if (!co_await stream->read_more(first, deadline)) {
            co_return std::nullopt;
        }
    }
    co_return first;
}

std::shared_ptr<connection_info> listening::describe(const socket_stream& stream) const {
    auto info = std::make_shared<connection_info>();
    info->server = stream.local();
    info->id = to_text(stream.remote()) + "-" + to_text(info->server);
    info->alpn = "http/1.1";
    if (const auto* const ssl = stream.ssl(); ssl != nullptr) {
        info->alpn = selected_alpn(ssl);
        info->tls_version = SSL_get_version(ssl);
        info->peer_chain = presented_chain(ssl, shared_tls_.certificates);
        info->own_chain = net::presented_chain(&options_->tls->identity);
    }
    return info;
}

task<void> listening::serve(std::shared_ptr<listening> self, stream_ptr stream) {
    membership counted{self, stream};
    if (self->closed_) {
        co_return;
    }
    const auto& limits = self->options_->limits;
    const auto within = [&](duration time) {
        return self->owner_.now() + std::min(time, limits.idle_timeout);
    };
    bytes first;
    if (self->tls_) {
        auto session = self->tls_->new_session();
        if (!session) {
            spdlog::error("{}", session.error().message());
            co_return;
        }
        const auto secured =
            co_await stream->handshake(*std::move(session), within(limits.handshake_timeout));
        if (!secured) {
            if (secured.error().kind != io_failure::closed) {
                self->note(refusal::handshake, counted.client(), secured.error().detail);
            }
            co_return;
        }
    }
    auto info = self->describe(*stream);
    if (info->alpn.empty()) {
        // No ALPN: the first bytes decide (APNS-003).
        auto said = co_await sniff(stream, within(limits.header_timeout));
        if (!said) {
            self->note(refusal::timeout, counted.client(), "nothing that could be a request");
            co_return;
        }
        first = *std::move(said);
        const auto& ours = self->options_->tls->alpn;
        const bool h2 =
            as_text(first).starts_with(h2_preface) && std::ranges::find(ours, "h2") != ours.end();
        info->alpn = h2 ? "h2" : "http/1.1";
    }
    const bool h2 = info->alpn == "h2";
    if (self->draining_->begun) {
        co_return;
    }
    server_setup setup{self->owner_,
                       self->loop_,
                       stream,
                       std::move(info),
                       self->options_,
                       self->on_request_,
                       counted.client(),
                       self->draining_,
                       self->refusals_,
                       self->budget_,
                       [&counted] { counted.prove(); }};
    co_await (h2 ? serve_h2(std::move(setup), std::move(first))
                 : serve_h1(std::move(setup), std::move(first)));
}

class listener_handle final : public listener {
  public:
    explicit listener_handle(std::shared_ptr<listening> core) : core_{std::move(core)} {}
    ~listener_handle() override { core_->close(); }
    endpoint local() const override { return core_->local(); }
    task<void> drain(time_point deadline) override { return listening::drain(core_, deadline); }
    void part() override { core_->part(); }
    void close() override { core_->close(); }

  private:
    std::shared_ptr<listening> core_;
};

} // namespace

std::size_t accepted_limit() {
    constexpr rlim_t unlimited = 1U << 20U;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        limit.rlim_cur = 1024; // what POSIX systems give by default
    }
    return static_cast<std::size_t>(std::min(limit.rlim_cur, unlimited) / 4 * 3);
}

result<std::unique_ptr<listener>> start_listening(world& owner, std::shared_ptr<io_loop> loop,
                                                  shared_tls& tls, listen_options options,
                                                  handler on_request) {
    auto core = std::make_shared<listening>(owner, tls, std::move(loop), std::move(options),
                                            std::move(on_request));
    if (auto started = core->start(); !started) {
        return std::unexpected(std::move(started.error()));
    }
    return std::make_unique<listener_handle>(std::move(core));
}

} // namespace pomona::net::real
