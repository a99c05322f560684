#include "real/socket_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <openssl/err.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <sys/socket.h>
#include <utility>

namespace pomona::net::real {

namespace {
constexpr auto awaitable_tuple = boost::asio::as_tuple(boost::asio::use_awaitable);
constexpr std::size_t max_lingering_bytes = 64U << 20U;
// After so many steps without a wait, others get their turn.
constexpr unsigned steps_in_a_row = 32;
/// OpenSSL reads ahead what fits into the buffer of one record.
constexpr int most_read_ahead = 1024;
} // namespace

task<void> abandon() {
    // A completion handler that is dropped takes its coroutine with it.
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        [](auto handler) { const auto dropped = std::move(handler); }, boost::asio::use_awaitable);
}

endpoint to_endpoint(const boost::asio::ip::tcp::endpoint& at) {
    auto address = at.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        address = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
    }
    return {address.to_string(), at.port()};
}

struct socket_stream::step {
    enum class kind { done, again, failed } what{};
    std::size_t size = 0;
    want wanted{};
    io_error why;

    static step done(std::size_t n) { return {kind::done, n, {}, {}}; }
    static step again(want w) { return {kind::again, 0, w, {}}; }
    static step failed(io_failure f, std::string detail) {
        return {kind::failed, 0, {}, {f, std::move(detail)}};
    }
};

socket_stream::socket_stream(std::shared_ptr<io_loop> loop, boost::asio::ip::tcp::socket socket)
    : loop_{std::move(loop)}, socket_{std::move(socket)} {
    boost::system::error_code ignored;
    socket_.set_option(boost::asio::ip::tcp::no_delay{true}, ignored);
    socket_.non_blocking(true, ignored);
    loop_->open.insert(this);
}

socket_stream::~socket_stream() {
    close();
    loop_->open.erase(this);
}

void socket_stream::close() {
    if (closed_) {
        return;
    }
    closed_ = true;
    if (tls_ && !tls_broken_ && SSL_is_init_finished(tls_->ssl.get()) != 0) {
        ERR_clear_error();
        SSL_shutdown(tls_->ssl.get()); // close_notify, if the socket takes it at once
        ERR_clear_error();
    }
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void socket_stream::abort() {
    boost::system::error_code ignored;
    socket_.set_option(boost::asio::socket_base::linger{true, 0}, ignored);
    tls_broken_ = true;
    close();
}

void socket_stream::send_alert() {
    if (!tls_ || tls_broken_ || closed_) {
        return;
    }
    // OpenSSL has no call that sends an alert of one's choice. A record that cannot be decrypted
    // makes it send bad_record_mac (RFC 8446 section 5.2, RFC 5246 section 7.2.2).
    constexpr std::array<std::uint8_t, 5 + 32> garbled{0x17, 0x03, 0x03, 0x00, 0x20};
    c_ptr<BIO, BIO_free_all> from{BIO_new(BIO_s_mem())};
    if (!from || BIO_write(from.get(), garbled.data(), garbled.size()) <= 0) {
        return;
    }
    auto* const ssl = tls_->ssl.get();
    SSL_set0_rbio(ssl, from.release());
    // Whole records that were read ahead come before it.
    std::array<std::uint8_t, 4096> unread{};
    for (int i = 0; i < most_read_ahead; ++i) {
        ERR_clear_error();
        if (SSL_read(ssl, unread.data(), unread.size()) <= 0) {
            break;
        }
    }
    ERR_clear_error();
    tls_broken_ = true;
}

endpoint socket_stream::local() const {
    boost::system::error_code failed;
    return to_endpoint(socket_.local_endpoint(failed));
}

endpoint socket_stream::remote() const {
    boost::system::error_code failed;
    return to_endpoint(socket_.remote_endpoint(failed));
}

bool socket_stream::heard_anything() const {
    return tls_ && BIO_number_read(SSL_get_rbio(tls_->ssl.get())) > 0;
}

bool socket_stream::is_quiet() {
    if (closed_) {
        return false;
    }
    std::uint8_t byte = 0;
    if (!tls_) {
        const auto n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    }
    if (tls_broken_) {
        return false;
    }
    // What may have come may be of TLS only: then OpenSSL has to look at it.
    if (SSL_has_pending(tls_->ssl.get()) == 0 &&
        ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
        (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return true;
    }
    ERR_clear_error();
    const auto n = SSL_peek(tls_->ssl.get(), &byte, 1);
    const auto quiet = n <= 0 && SSL_get_error(tls_->ssl.get(), n) == SSL_ERROR_WANT_READ;
    ERR_clear_error();
    return quiet;
}

socket_stream::step socket_stream::plain_failure(int number) const {
    switch (number) {
    case EAGAIN:
    case EINTR:
        return step::again(want::read);
    case ETIMEDOUT:
    case ECONNRESET:
    case EPIPE:
    default:
        return step::failed(io_failure::reset, std::strerror(number));
    }
}

socket_stream::step socket_stream::tls_step(int returned) {
    const auto saved_errno = errno;
    switch (SSL_get_error(tls_->ssl.get(), returned)) {
    case SSL_ERROR_WANT_READ:
        return step::again(want::read);
    case SSL_ERROR_WANT_WRITE:
        return step::again(want::write);
    case SSL_ERROR_ZERO_RETURN:
        return step::failed(io_failure::eof, "closed by the peer");
    case SSL_ERROR_SYSCALL:
        tls_broken_ = true;
        ERR_clear_error();
        if (BIO_eof(SSL_get_rbio(tls_->ssl.get())) != 0) {
            return step::failed(io_failure::eof, "closed by the peer");
        }
        return step::failed(io_failure::reset,
                            saved_errno == 0 ? "connection broken" : std::strerror(saved_errno));
    default: {
        tls_broken_ = true;
        auto failure = take_tls_failure(tls_->ssl.get());
        return step::failed(failure.alert ? io_failure::alert : io_failure::protocol,
                            std::move(failure.detail));
    }
    }
}

socket_stream::step socket_stream::try_read(std::span<std::uint8_t> into) {
    if (tls_) {
        ERR_clear_error();
        errno = 0;
        const auto n = SSL_read(tls_->ssl.get(), into.data(),
                                static_cast<int>(std::min<std::size_t>(into.size(), INT_MAX)));
        return n > 0 ? step::done(static_cast<std::size_t>(n)) : tls_step(n);
    }
    const auto n = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
    if (n > 0) {
        return step::done(static_cast<std::size_t>(n));
    }
    return n == 0 ? step::failed(io_failure::eof, "closed by the peer") : plain_failure(errno);
}

socket_stream::step socket_stream::try_read_more(bytes& into) {
    std::array<std::uint8_t, 16U << 10U> chunk; // NOLINT: one TLS record, filled before it is read
    auto next = try_read(chunk);
    if (next.what == step::kind::done) {
        into.insert(into.end(), chunk.data(), chunk.data() + next.size);
        drained_ = next.size < chunk.size() && (!tls_ || SSL_has_pending(tls_->ssl.get()) == 0);
    }
    return next;
}

socket_stream::step socket_stream::try_write(bytes_view data) {
    if (tls_) {
        ERR_clear_error();
        errno = 0;
        const auto n = SSL_write(tls_->ssl.get(), data.data(),
                                 static_cast<int>(std::min<std::size_t>(data.size(), INT_MAX)));
        return n > 0 ? step::done(static_cast<std::size_t>(n)) : tls_step(n);
    }
    const auto n =
        ::send(socket_.native_handle(), data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) {
        return step::done(static_cast<std::size_t>(n));
    }
    auto failed = plain_failure(errno);
    failed.wanted = want::write;
    return failed;
}

task<std::optional<io_error>> socket_stream::wait_for(want what, time_point deadline) {
    steps_ = 0;
    bool expired = loop_->timers.now() >= deadline;
    if (!expired) {
        const scoped_waiter timeout{loop_->timers, deadline, [this, &expired](bool) {
                                        expired = true;
                                        boost::system::error_code ignored;
                                        socket_.cancel(ignored);
                                    }};
        // A cancel meant for the other direction ends this wait too: the caller then simply tries
        // again.
        co_await socket_.async_wait(what == want::read ? boost::asio::ip::tcp::socket::wait_read
                                                       : boost::asio::ip::tcp::socket::wait_write,
                                    awaitable_tuple);
    }
    if (loop_->stopping) {
        co_await abandon();
    }
    if (closed_) {
        co_return io_error{io_failure::closed, "closed at this end"};
    }
    if (expired) {
        co_return io_error{io_failure::timeout, "deadline passed"};
    }
    co_return std::nullopt;
}

task<void> socket_stream::yield() {
    steps_ = 0;
    co_await boost::asio::post(loop_->context, boost::asio::use_awaitable);
    if (loop_->stopping) {
        co_await abandon();
    }
}

task<void> socket_stream::yield_now_and_then() {
    if (++steps_ >= steps_in_a_row) {
        co_await yield();
    }
}

task<io_result<void>> socket_stream::handshake(tls_session_ptr session, time_point deadline) {
    auto bio = make_socket_bio(socket_.native_handle());
    if (!bio) {
        co_return std::unexpected(io_error{io_failure::reset, "no memory for a BIO"});
    }
    auto* const ssl = session->ssl.get();
    auto* const both =
        bio.release(); // SSL_set_bio takes one reference when both directions are the same
    SSL_set_bio(ssl, both, both);
    tls_ = std::move(session);
    while (!closed_) {
        ERR_clear_error();
        errno = 0;
        const auto returned = SSL_do_handshake(ssl);
        if (returned == 1) {
            co_return io_result<void>{};
        }
        auto next = tls_step(returned);
        if (next.what == step::kind::failed) {
            co_return std::unexpected(std::move(next.why));
        }
        if (auto failed = co_await wait_for(next.wanted, deadline)) {
            co_return std::unexpected(*std::move(failed));
        }
    }
    co_return std::unexpected(io_error{io_failure::closed, "closed at this end"});
}

task<io_result<void>> socket_stream::read_more(bytes& into, time_point deadline) {
    co_await yield_now_and_then();
    // The last read took all there was: asking at once would be in vain nearly always.
    if (std::exchange(drained_, false) && !closed_) {
        if (auto failed = co_await wait_for(want::read, deadline)) {
            co_return std::unexpected(*std::move(failed));
        }
    }
    while (!closed_) {
        auto next = try_read_more(into);
        if (next.what == step::kind::done) {
            co_return io_result<void>{};
        }
        if (next.what == step::kind::failed) {
            co_return std::unexpected(std::move(next.why));
        }
        if (auto failed = co_await wait_for(next.wanted, deadline)) {
            co_return std::unexpected(*std::move(failed));
        }
    }
    co_return std::unexpected(io_error{io_failure::closed, "closed at this end"});
}

task<io_result<void>> socket_stream::write_all(bytes_view data, time_point deadline) {
    while (!data.empty()) {
        co_await yield_now_and_then();
        if (closed_) {
            co_return std::unexpected(io_error{io_failure::closed, "closed at this end"});
        }
        auto next = try_write(data);
        if (next.what == step::kind::failed) {
            co_return std::unexpected(std::move(next.why));
        }
        if (next.what == step::kind::done) {
            written_ += next.size;
            data = data.subspan(next.size);
            continue;
        }
        if (auto failed = co_await wait_for(next.wanted, deadline)) {
            co_return std::unexpected(*std::move(failed));
        }
    }
    co_return io_result<void>{};
}

io_result<std::size_t> socket_stream::write_now(bytes_view data) {
    std::size_t total = 0;
    while (total < data.size()) {
        if (closed_) {
            return std::unexpected(io_error{io_failure::closed, "closed at this end"});
        }
        auto next = try_write(data.subspan(total));
        if (next.what == step::kind::failed) {
            return std::unexpected(std::move(next.why));
        }
        if (next.what == step::kind::again) {
            break;
        }
        written_ += next.size;
        total += next.size;
    }
    return total;
}

task<void> socket_stream::linger_and_close(time_point deadline) {
    if (closed_) {
        co_return;
    }
    if (tls_ && !tls_broken_) {
        ERR_clear_error();
        SSL_shutdown(tls_->ssl.get());
        ERR_clear_error();
    }
    boost::system::error_code ignored;
    socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
    std::array<std::uint8_t, 4096> dropped{};
    std::size_t total = 0;
    while (!closed_ && total < max_lingering_bytes) {
        // Read below TLS: after close_notify the records are of no interest.
        const auto n =
            ::recv(socket_.native_handle(), dropped.data(), dropped.size(), MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            break;
        }
        if (n < 0) {
            if (co_await wait_for(want::read, deadline)) {
                break;
            }
            continue;
        }
        total += static_cast<std::size_t>(n);
        co_await yield_now_and_then();
    }
    tls_broken_ = true; // close_notify has been said
    close();
}

} // namespace pomona::net::real
