#include "raw_peer.hpp"

#include "pomona/foundation/c_handle.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace pomona::net {

namespace {

using ssl_ptr = c_ptr<SSL, SSL_free>;
using ssl_ctx_ptr = c_ptr<SSL_CTX, SSL_CTX_free>;

/// OpenSSL writes to the descriptor without MSG_NOSIGNAL.
void survive_closed_sockets() {
    std::signal(SIGPIPE, SIG_IGN);
}

void limit_waits(int descriptor) {
    survive_closed_sockets();
    const timeval limit{10, 0};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

class socket_peer final : public raw_stream {
  public:
    explicit socket_peer(int descriptor) : descriptor_{descriptor} { limit_waits(descriptor); }
    socket_peer(const socket_peer&) = delete;
    socket_peer& operator=(const socket_peer&) = delete;
    ~socket_peer() override { ::close(descriptor_); }
    bool write(std::string_view data) override {
        while (!data.empty()) {
            const auto n = ::send(descriptor_, data.data(), data.size(), MSG_NOSIGNAL);
            if (n <= 0) {
                return false;
            }
            data.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }
    std::string read() override {
        std::array<char, 8192> some{};
        const auto n = ::recv(descriptor_, some.data(), some.size(), 0);
        return n > 0 ? std::string{some.data(), static_cast<std::size_t>(n)} : std::string{};
    }
    int descriptor() const { return descriptor_; }

  private:
    int descriptor_;
};

class tls_peer final : public raw_stream {
  public:
    tls_peer(std::unique_ptr<socket_peer> socket, ssl_ctx_ptr context)
        : socket_{std::move(socket)}, context_{std::move(context)}, ssl_{SSL_new(context_.get())} {
        SSL_set_fd(ssl_.get(), socket_->descriptor());
    }
    SSL* ssl() const { return ssl_.get(); }
    bool write(std::string_view data) override {
        return SSL_write(ssl_.get(), data.data(), static_cast<int>(data.size())) > 0;
    }
    std::string read() override {
        std::array<char, 8192> some{};
        ERR_clear_error();
        const auto n = SSL_read(ssl_.get(), some.data(), static_cast<int>(some.size()));
        if (const auto reason = ERR_GET_REASON(ERR_peek_error());
            n <= 0 && reason > SSL_AD_REASON_OFFSET) {
            alert_ = reason - SSL_AD_REASON_OFFSET;
        }
        return n > 0 ? std::string{some.data(), static_cast<std::size_t>(n)} : std::string{};
    }

    int alert() const override { return alert_; }

  private:
    std::unique_ptr<socket_peer> socket_;
    ssl_ctx_ptr context_;
    ssl_ptr ssl_;
    int alert_ = -1;
};

std::string alpn_list(const std::vector<std::string>& names) {
    std::string wire;
    for (const auto& name : names) {
        wire += static_cast<char>(name.size()) + name;
    }
    return wire;
}

std::string number(std::uint32_t value, int size) {
    std::string out;
    for (int i = size - 1; i >= 0; --i) {
        out += static_cast<char>((value >> (8 * i)) & 0xFF);
    }
    return out;
}

std::uint32_t number_at(const std::string& data, std::size_t at, std::size_t size) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
        value = value << 8 | static_cast<std::uint8_t>(data[at + i]);
    }
    return value;
}

} // namespace

std::string raw_stream::read_to_end() {
    std::string all = std::exchange(ahead_, {});
    for (auto some = read(); !some.empty(); some = read()) {
        all += some;
    }
    return all;
}

std::string raw_stream::read_exactly(std::size_t count) {
    while (ahead_.size() < count) {
        const auto some = read();
        if (some.empty()) {
            return {};
        }
        ahead_ += some;
    }
    auto out = ahead_.substr(0, count);
    ahead_.erase(0, count);
    return out;
}

std::unique_ptr<raw_stream> raw_connect(std::uint16_t port) {
    auto peer = std::make_unique<socket_peer>(::socket(AF_INET, SOCK_STREAM, 0));
    const auto at = loopback(port);
    if (::connect(peer->descriptor(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
        return nullptr;
    }
    return peer;
}

raw_tls_result raw_tls_connect(std::uint16_t port, const raw_tls_options& options) {
    raw_tls_result result;
    auto socket = raw_connect(port);
    if (!socket) {
        return result;
    }
    ssl_ctx_ptr context{SSL_CTX_new(TLS_client_method())};
    // Versions before 1.2 exist at this level only.
    SSL_CTX_set_cipher_list(context.get(), "DEFAULT:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(context.get(), options.version);
    SSL_CTX_set_max_proto_version(context.get(), options.version);
    const auto alpn = alpn_list(options.alpn);
    if (!alpn.empty()) {
        SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                                static_cast<unsigned>(alpn.size()));
    }
    auto peer = std::make_unique<tls_peer>(
        std::unique_ptr<socket_peer>{static_cast<socket_peer*>(socket.release())},
        std::move(context));
    ERR_clear_error();
    if (SSL_connect(peer->ssl()) != 1) {
        const auto reason = ERR_GET_REASON(ERR_peek_error());
        result.alert = reason > SSL_AD_REASON_OFFSET ? reason - SSL_AD_REASON_OFFSET : -1;
        return result;
    }
    result.version = SSL_get_version(peer->ssl());
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(peer->ssl(), &name, &size);
    result.alpn.assign(name, name + size);
    result.stream = std::move(peer);
    return result;
}

raw_server::raw_server() : descriptor_{::socket(AF_INET, SOCK_STREAM, 0)} {
    auto at = loopback(0);
    socklen_t size = sizeof at;
    ::bind(descriptor_, reinterpret_cast<const sockaddr*>(&at), sizeof at);
    ::listen(descriptor_, 16);
    ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    limit_waits(descriptor_);
}

raw_server::~raw_server() {
    ::close(descriptor_);
}

std::unique_ptr<raw_stream> raw_server::accept() {
    const auto got = ::accept(descriptor_, nullptr, nullptr);
    return got < 0 ? nullptr : std::make_unique<socket_peer>(got);
}

std::unique_ptr<raw_stream> raw_server::accept_tls(const crypto::identity& who,
                                                   std::string_view alpn, bool refuse_clients) {
    auto socket = accept();
    if (!socket) {
        return nullptr;
    }
    ssl_ctx_ptr context{SSL_CTX_new(TLS_server_method())};
    SSL_CTX_use_certificate(context.get(), who.cert.native().get());
    SSL_CTX_use_PrivateKey(context.get(), who.key.native().get());
    std::string wanted{alpn};
    if (!wanted.empty()) {
        SSL_CTX_set_alpn_select_cb(
            context.get(),
            [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char*, unsigned,
               void* name) {
                const auto& text = *static_cast<const std::string*>(name);
                *out = reinterpret_cast<const unsigned char*>(text.data());
                *size = static_cast<unsigned char>(text.size());
                return SSL_TLSEXT_ERR_OK;
            },
            &wanted);
    }
    if (refuse_clients) {
        // Trusts nobody: any certificate gets unknown_ca.
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           nullptr);
    }
    auto peer = std::make_unique<tls_peer>(
        std::unique_ptr<socket_peer>{static_cast<socket_peer*>(socket.release())},
        std::move(context));
    if (SSL_accept(peer->ssl()) != 1) {
        return nullptr;
    }
    return peer;
}

std::string to_wire(const raw_frame& frame) {
    return number(static_cast<std::uint32_t>(frame.payload.size()), 3) +
           static_cast<char>(frame.type) + static_cast<char>(frame.flags) +
           number(frame.stream, 4) + frame.payload;
}

raw_frame read_frame(raw_stream& from) {
    const auto head = from.read_exactly(9);
    if (head.empty()) {
        return {255, 0, 0, {}};
    }
    raw_frame frame{static_cast<std::uint8_t>(head[3]),
                    static_cast<std::uint8_t>(head[4]),
                    number_at(head, 5, 4),
                    {}};
    frame.payload = from.read_exactly(number_at(head, 0, 3));
    return frame;
}

std::string raw_field(std::string_view name, std::string_view value) {
    return std::string(1, '\0') + number(static_cast<std::uint32_t>(name.size()), 1) +
           std::string{name} + number(static_cast<std::uint32_t>(value.size()), 1) +
           std::string{value};
}

std::string raw_setting(std::uint16_t id, std::uint32_t value) {
    return to_wire({4, 0, 0, number(id, 2) + number(value, 4)});
}

std::string raw_window(std::uint32_t stream, std::uint32_t more) {
    return to_wire({8, 0, stream, number(more, 4)});
}

std::string raw_reset(std::uint32_t stream, std::uint32_t code) {
    return to_wire({3, 0, stream, number(code, 4)});
}

std::string raw_goaway(std::uint32_t last_stream, std::string_view words) {
    return to_wire({7, 0, 0, number(last_stream, 4) + number(0, 4) + std::string{words}});
}

std::string raw_h2_request() {
    // RFC 7541 appendix A: 2 is ":method: GET", 4 is ":path: /", 7 is ":scheme: https", 1 is
    // ":authority".
    const std::string fields = "\x82\x84\x87\x41\x09localhost";
    return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + to_wire({4, 0, 0, {}}) + to_wire({1, 5, 1, fields});
}

} // namespace pomona::net
