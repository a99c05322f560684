// A connected socket, plain or TLS: the one thing that reads and writes bytes.
#pragma once

#include "real/io_loop.hpp"
#include "real/tls_context.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <expected>
#include <span>

namespace pomona::net::real {

enum class io_failure {
    eof,
    reset,    ///< by the peer or the network
    alert,    ///< TLS: the peer's alert, or our refusal of its certificate
    protocol, ///< TLS: the peer's bytes made no sense
    timeout,  ///< the deadline; the stream is as usable as before
    closed    ///< close() was called at this end
};
struct io_error {
    io_failure kind{};
    std::string detail;
};
template <class T>
using io_result = std::expected<T, io_error>;

/// One reader and one writer at a time. The caller keeps the stream alive while an operation is
/// pending. OpenSSL works straight on the descriptor: 28 KiB an idle connection, where a stream
/// with buffers of its own has 81.
class socket_stream final : public closable {
  public:
    socket_stream(std::shared_ptr<io_loop> loop, boost::asio::ip::tcp::socket socket);
    socket_stream(const socket_stream&) = delete;
    socket_stream& operator=(const socket_stream&) = delete;
    ~socket_stream();

    /// Runs the handshake over `session` and keeps it. Detail and kind tell why it failed.
    task<io_result<void>> handshake(tls_session_ptr session, time_point deadline);
    /// Appends at least one byte to `into`, which must outlive the call; or why not. No buffer is
    /// held while waiting.
    task<io_result<void>> read_more(bytes& into, time_point deadline);
    /// All of `data`, which must outlive the call.
    task<io_result<void>> write_all(bytes_view data, time_point deadline);
    /// How much of `data` was taken without a wait. The rest has to be written next, as it is.
    io_result<std::size_t> write_now(bytes_view data);
    /// Says that nothing more comes from here, then reads and drops what still arrives (bounded),
    /// so that the last answer is not lost to a reset. Closes.
    task<void> linger_and_close(time_point deadline);

    /// Lets others run that are ready.
    task<void> yield();

    void close();
    /// Closes with a TCP RST; no close_notify.
    void abort();
    /// Has the peer get a fatal alert, encrypted as a real one is. Nothing works after it but
    /// close.
    void send_alert();
    void close_now() override { close(); }
    [[nodiscard]] bool is_open() const { return !closed_; }
    /// True when nothing has arrived and the peer has not closed.
    [[nodiscard]] bool is_quiet();

    [[nodiscard]] const SSL* ssl() const { return tls_ ? tls_->ssl.get() : nullptr; }
    [[nodiscard]] const tls_session* tls() const { return tls_.get(); }
    [[nodiscard]] std::uint64_t bytes_written() const { return written_; }
    /// Whether the peer ever sent a byte.
    [[nodiscard]] bool heard_anything() const;
    [[nodiscard]] endpoint local() const;
    [[nodiscard]] endpoint remote() const;

  private:
    enum class want { read, write };
    struct step; // what one attempt came to

    step tls_step(int returned);
    step try_read(std::span<std::uint8_t> into);
    step try_read_more(bytes& into);
    step try_write(bytes_view data);
    step plain_failure(int number) const;
    task<std::optional<io_error>> wait_for(want what, time_point deadline);
    task<void> yield_now_and_then();

    std::shared_ptr<io_loop> loop_;
    boost::asio::ip::tcp::socket socket_;
    tls_session_ptr tls_;
    std::uint64_t written_ = 0;
    unsigned steps_ = 0;
    bool drained_ = false; ///< the last read took everything that had arrived
    bool closed_ = false;
    bool tls_broken_ = false; ///< a fatal error: SSL_shutdown must not be called
};

endpoint to_endpoint(const boost::asio::ip::tcp::endpoint& at);

} // namespace pomona::net::real
