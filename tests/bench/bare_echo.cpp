// A bare Beast client and server over TLS, as Beast's own examples write them.
#include "bare.hpp"
#include "figures.hpp"

#include <coroutine>
// <coroutine> first: Asio's header needs it.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include <exception>
#include <memory>
#include <vector>

namespace pomona::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using tls_stream = beast::ssl_stream<beast::tcp_stream>;
constexpr auto token = asio::use_awaitable;

std::unique_ptr<asio::ssl::context> make_context(const std::string& folder, const char* identity) {
    auto made = std::make_unique<asio::ssl::context>(asio::ssl::context::tlsv13);
    made->load_verify_file(folder + "/ca.pem");
    if (identity != nullptr) {
        made->use_certificate_file(folder + "/" + identity + ".pem", asio::ssl::context::pem);
        made->use_private_key_file(folder + "/" + identity + ".key", asio::ssl::context::pem);
    }
    // Full handshakes only, as Pomona's.
    SSL_CTX_set_num_tickets(made->native_handle(), 0);
    SSL_CTX_set_session_cache_mode(made->native_handle(), SSL_SESS_CACHE_OFF);
    made->set_verify_mode(asio::ssl::verify_peer);
    return made;
}

void rethrow(std::exception_ptr why) {
    if (why) {
        std::rethrow_exception(why);
    }
}

asio::awaitable<void> serve_one(tcp::socket socket, asio::ssl::context* tls,
                                std::size_t answer_bytes) {
    tls_stream stream{std::move(socket), *tls};
    try {
        co_await stream.async_handshake(asio::ssl::stream_base::server, token);
        beast::flat_buffer buffer;
        for (;;) {
            http::request<http::string_body> in;
            co_await http::async_read(stream, buffer, in, token);
            http::response<http::string_body> out{http::status::ok, in.version()};
            out.body().assign(answer_bytes, 'x');
            out.prepare_payload();
            co_await http::async_write(stream, out, token);
        }
    } catch (const boost::system::system_error&) {
        // The client has gone: that is how each of its connections ends.
    }
}

asio::awaitable<void> accept_all(tcp::acceptor* acceptor, asio::ssl::context* tls,
                                 std::size_t answer_bytes) {
    for (;;) {
        auto socket = co_await acceptor->async_accept(token);
        asio::co_spawn(acceptor->get_executor(), serve_one(std::move(socket), tls, answer_bytes),
                       rethrow);
    }
}

asio::awaitable<std::unique_ptr<tls_stream>> connect(asio::ssl::context* tls, std::uint16_t port) {
    auto stream = std::make_unique<tls_stream>(co_await asio::this_coro::executor, *tls);
    co_await beast::get_lowest_layer(*stream).async_connect(
        tcp::endpoint{asio::ip::address_v4::loopback(), port}, token);
    co_await stream->async_handshake(asio::ssl::stream_base::client, token);
    co_return stream;
}

asio::awaitable<void> open_one(asio::ssl::context* tls, std::uint16_t port,
                               std::unique_ptr<tls_stream>* to) {
    *to = co_await connect(tls, port);
}

asio::awaitable<void> put_many(tls_stream* stream, std::size_t rounds, std::size_t body_bytes,
                               std::size_t header_bytes) {
    beast::flat_buffer buffer;
    for (std::size_t i = 0; i < rounds; ++i) {
        http::request<http::string_body> out{http::verb::put, "/mdm", 11};
        out.set(http::field::host, "localhost");
        out.set(http::field::content_type, "application/x-apple-aspen-mdm");
        out.set("X-Padding", std::string(header_bytes, 'x'));
        out.body().assign(body_bytes, 'x');
        out.prepare_payload();
        co_await http::async_write(*stream, out, token);
        http::response<http::string_body> in;
        co_await http::async_read(*stream, buffer, in, token);
    }
}

asio::awaitable<void> shake_many(asio::ssl::context* tls, std::uint16_t port, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        auto stream = co_await connect(tls, port);
        beast::get_lowest_layer(*stream).close();
    }
}

} // namespace

void serve_echo(const std::string& folder, std::size_t answer_bytes) {
    asio::io_context io{1};
    auto tls = make_context(folder, "server");
    tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
    acceptor.listen(4096);
    std::cout << acceptor.local_endpoint().port() << std::endl;
    asio::co_spawn(io, accept_all(&acceptor, tls.get(), answer_bytes), rethrow);
    asio::posix::stream_descriptor input{io, 0};
    input.async_wait(asio::posix::stream_descriptor::wait_read,
                     [&io](boost::system::error_code) { io.stop(); });
    io.run();
    static_cast<void>(input.release());
}

void time_echo(const std::string& folder, std::uint16_t port, std::size_t connections,
               std::size_t rounds, std::size_t body_bytes, std::size_t header_bytes) {
    asio::io_context io{1};
    auto tls = make_context(folder, "client");
    std::vector<std::unique_ptr<tls_stream>> open(connections);
    for (auto& one : open) {
        asio::co_spawn(io, open_one(tls.get(), port, &one), rethrow);
    }
    io.run();
    std::cout << "{\"what\": \"ready\"}" << std::endl;
    std::string go;
    std::getline(std::cin, go); // so that the server's time of the handshakes can be told apart
    const stretch all;
    for (auto& one : open) {
        asio::co_spawn(io, put_many(one.get(), rounds, body_bytes, header_bytes), rethrow);
    }
    io.restart();
    io.run();
    all.print("echo", connections * rounds);
    std::getline(std::cin, go);
}

void time_handshakes(const std::string& folder, std::uint16_t port, std::size_t count,
                     bool mutual) {
    asio::io_context io{1};
    auto tls = make_context(folder, mutual ? "client" : nullptr);
    std::cout << "{\"what\": \"ready\"}" << std::endl;
    std::string go;
    std::getline(std::cin, go);
    const stretch all;
    asio::co_spawn(io, shake_many(tls.get(), port, count), rethrow);
    io.run();
    all.print("handshake", count);
    std::getline(std::cin, go);
}

} // namespace pomona::bench
