// Peers made of blocking sockets and OpenSSL calls: they share no code with what they test.
#pragma once

#include "pomona/protocol/crypto/certificate.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::net {

/// A connection, plain or TLS. Every operation gives up after 10 seconds.
class raw_stream {
  public:
    virtual ~raw_stream() = default;
    virtual bool write(std::string_view data) = 0;
    /// Some bytes; empty at the end or on an error.
    virtual std::string read() = 0;
    /// The fatal TLS alert that ended the reading; -1: none.
    virtual int alert() const { return -1; }

    std::string read_to_end();
    /// Until `count` bytes have come; shorter at the end.
    std::string read_exactly(std::size_t count);

  private:
    std::string ahead_;
};

std::unique_ptr<raw_stream> raw_connect(std::uint16_t port);

struct raw_tls_options {
    int version = 0; ///< TLS1_1_VERSION, …; 0: any
    std::vector<std::string> alpn;
};
struct raw_tls_result {
    std::unique_ptr<raw_stream> stream; ///< null: the handshake failed
    std::string version;
    std::string alpn;
    int alert = -1; ///< of the peer
};
raw_tls_result raw_tls_connect(std::uint16_t port, const raw_tls_options& options);

/// A listening socket that serves one connection at a time, blocking.
class raw_server {
  public:
    raw_server();
    raw_server(const raw_server&) = delete;
    raw_server& operator=(const raw_server&) = delete;
    ~raw_server();
    std::uint16_t port() const { return port_; }
    std::unique_ptr<raw_stream> accept();
    /// With a required client certificate that is refused (`refuse_clients`), or without any.
    std::unique_ptr<raw_stream> accept_tls(const crypto::identity& who, std::string_view alpn,
                                           bool refuse_clients = false);

  private:
    int descriptor_ = -1;
    std::uint16_t port_ = 0;
};

/// One HTTP/2 frame, RFC 9113 section 4.1.
struct raw_frame {
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
    std::uint32_t stream = 0;
    std::string payload;
};
std::string to_wire(const raw_frame& frame);
/// Type 255 at the end of the connection.
raw_frame read_frame(raw_stream& from);
/// Preface, empty SETTINGS, and GET / on stream 1.
std::string raw_h2_request();
/// A header as HPACK writes it without its tables (RFC 7541 section 6.2.2).
std::string raw_field(std::string_view name, std::string_view value);
/// SETTINGS with one value; WINDOW_UPDATE; RST_STREAM; GOAWAY with NO_ERROR.
std::string raw_setting(std::uint16_t id, std::uint32_t value);
std::string raw_window(std::uint32_t stream, std::uint32_t more);
std::string raw_reset(std::uint32_t stream, std::uint32_t code);
std::string raw_goaway(std::uint32_t last_stream, std::string_view words = {});

} // namespace pomona::net
