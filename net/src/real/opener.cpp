#include "real/opener.hpp"

#include "peer_check.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace pomona::net::real {

namespace {

using boost::asio::ip::tcp;
constexpr auto awaitable_tuple = boost::asio::as_tuple(boost::asio::use_awaitable);

template <class T>
using attempt = std::expected<T, transport_error>;
using stream_ptr = std::shared_ptr<socket_stream>;

std::unexpected<transport_error> failed(transport_failure kind, std::string detail) {
    return std::unexpected(transport_error{kind, false, std::move(detail), 0});
}

/// A socket that shutdown can reach while it connects.
class connecting final : public closable {
  public:
    explicit connecting(std::shared_ptr<io_loop> loop)
        : socket{loop->context}, loop_{std::move(loop)} {
        loop_->open.insert(this);
    }
    connecting(const connecting&) = delete;
    connecting& operator=(const connecting&) = delete;
    ~connecting() { loop_->open.erase(this); }
    void close_now() override {
        boost::system::error_code ignored;
        socket.close(ignored);
    }

    tcp::socket socket;

  private:
    std::shared_ptr<io_loop> loop_;
};

/// A lookup cannot be called back: its result may come after the one who asked has given up.
struct lookup {
    explicit lookup(world& owner, boost::asio::io_context& context)
        : resolver{context}, changed{owner} {}
    tcp::resolver resolver;
    signal changed;
    bool done = false;
    boost::system::error_code error;
    std::vector<tcp::endpoint> found;
};

task<attempt<std::vector<tcp::endpoint>>> resolve(world& owner, std::shared_ptr<io_loop> loop,
                                                  endpoint where, time_point deadline) {
    if (auto known = literal_endpoints(where)) {
        co_return *std::move(known);
    }
    const auto asked = std::make_shared<lookup>(owner, loop->context);
    asked->resolver.async_resolve(
        where.host, std::to_string(where.port),
        [asked](boost::system::error_code ec, const tcp::resolver::results_type& all) {
            asked->error = ec;
            for (const auto& one : all) {
                asked->found.push_back(one.endpoint());
            }
            asked->done = true;
            asked->changed.notify_all();
        });
    while (!asked->done) {
        if (!co_await asked->changed.wait_until(deadline)) {
            co_return failed(transport_failure::timeout, "resolving " + escape(where.host));
        }
    }
    if (asked->error) {
        co_return failed(transport_failure::refused,
                         "resolving " + escape(where.host) + ": " + asked->error.message());
    }
    co_return std::move(asked->found);
}

task<attempt<stream_ptr>> connect(std::shared_ptr<io_loop> loop,
                                  std::vector<tcp::endpoint> candidates, time_point deadline) {
    std::string why = "no address";
    for (const auto& candidate : candidates) {
        connecting attempted{loop};
        boost::system::error_code ec;
        bool expired = loop->timers.now() >= deadline;
        if (!expired) {
            const scoped_waiter timeout{loop->timers, deadline, [&attempted, &expired](bool) {
                                            expired = true;
                                            attempted.close_now();
                                        }};
            std::tie(ec) = co_await attempted.socket.async_connect(candidate, awaitable_tuple);
        }
        if (loop->stopping) {
            co_await abandon();
        }
        if (expired) {
            co_return failed(transport_failure::timeout,
                             "connecting to " + to_text(to_endpoint(candidate)));
        }
        if (!ec) {
            co_return std::make_shared<socket_stream>(loop, std::move(attempted.socket));
        }
        why = "connecting to " + to_text(to_endpoint(candidate)) + ": " + ec.message();
    }
    co_return failed(transport_failure::refused, why);
}

transport_error handshake_error(const io_error& why, const socket_stream& stream) {
    switch (why.kind) {
    case io_failure::alert:
    case io_failure::protocol:
        return {transport_failure::tls_alert, false, "TLS handshake: " + why.detail, 0};
    case io_failure::timeout:
        return {transport_failure::timeout, false, "TLS handshake", 0};
    default:
        // A listener at its limit closes without a word.
        return {stream.heard_anything() ? transport_failure::reset : transport_failure::refused,
                false, "TLS handshake: " + why.detail, 0};
    }
}

task<attempt<void>> start_tls(stream_ptr stream, tls_session_ptr session, time_point deadline) {
    auto done = co_await stream->handshake(std::move(session), deadline);
    if (!done) {
        co_return std::unexpected(handshake_error(done.error(), *stream));
    }
    co_return attempt<void>{};
}

std::shared_ptr<connection_info> describe(shared_tls& tls, const socket_stream& stream,
                                          const open_options& options) {
    auto info = std::make_shared<connection_info>();
    info->id = to_text(stream.local()) + "-" + to_text(stream.remote());
    info->server = options.server;
    info->alpn = "http/1.1";
    if (const auto* const ssl = stream.ssl(); ssl != nullptr) {
        info->alpn = selected_alpn(ssl);
        if (info->alpn.empty()) {
            // A client that speaks only HTTP/2 does so whether or not the server knows ALPN
            // (APNS-003).
            const bool only_h2 = options.tls->alpn.size() == 1 && options.tls->alpn.front() == "h2";
            info->alpn = only_h2 ? "h2" : "http/1.1";
        }
        info->tls_version = SSL_get_version(ssl);
        info->peer_chain = presented_chain(ssl, tls.certificates);
        if (stream.tls()->presented) {
            info->own_chain = net::presented_chain(options.tls->identity.get());
        }
    }
    return info;
}

task<attempt<std::shared_ptr<connection>>> try_open(world& owner, std::shared_ptr<io_loop> loop,
                                                    shared_tls& tls,
                                                    std::shared_ptr<const open_options> options) {
    auto candidates = co_await resolve(owner, loop, options->server, options->deadline);
    if (!candidates) {
        co_return std::unexpected(std::move(candidates.error()));
    }
    auto stream = co_await connect(loop, *std::move(candidates), options->deadline);
    if (!stream) {
        co_return std::unexpected(std::move(stream.error()));
    }
    if (options->tls) {
        auto session = tls.clients.make(*options->tls, options->server.host, owner.now());
        if (!session) {
            co_return failed(transport_failure::tls_alert, session.error().message());
        }
        auto secured = co_await start_tls(*stream, *std::move(session), options->deadline);
        if (!secured) {
            co_return std::unexpected(std::move(secured.error()));
        }
    }
    auto info = describe(tls, **stream, *options);
    const bool h2 = info->alpn == "h2";
    client_setup setup{owner, loop, *stream, std::move(info), options->tls.has_value()};
    co_return make_handle(h2 ? make_h2_client(std::move(setup)) : make_h1_client(std::move(setup)));
}

} // namespace

std::optional<std::vector<tcp::endpoint>> literal_endpoints(const endpoint& where) {
    using boost::asio::ip::make_address;
    if (where.host == "localhost") {
        // RFC 6761 section 6.3: always the loopback, whatever a resolver says.
        return std::vector<tcp::endpoint>{{make_address("127.0.0.1"), where.port},
                                          {make_address("::1"), where.port}};
    }
    boost::system::error_code not_an_address;
    const auto address = make_address(where.host, not_an_address);
    if (not_an_address) {
        return std::nullopt;
    }
    return std::vector<tcp::endpoint>{{address, where.port}};
}

task<open_result> open_connection(world& owner, std::shared_ptr<io_loop> loop, shared_tls& tls,
                                  open_options options) {
    const auto shared = std::make_shared<const open_options>(std::move(options));
    auto opened = co_await try_open(owner, loop, tls, shared);
    if (!opened) {
        exchange_log log{owner, {{}, side::client, shared->note, nullptr, shared->server}};
        log.failure(request{}, opened.error());
    }
    co_return opened;
}

} // namespace pomona::net::real
