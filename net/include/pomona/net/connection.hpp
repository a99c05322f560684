// The client's side: connections, exchanges, streams.
#pragma once

#include "pomona/net/observer.hpp"
#include "pomona/net/task.hpp"

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pomona::net {

/// Certificates that a role trusts; shared, since a role has one TLS context.
using trust_store = std::shared_ptr<const std::vector<crypto::certificate>>;

/// TLS as a client does it. The server's chain must end in `trust` and cover the host name, valid
/// at world time.
struct client_tls {
    trust_store trust;
    std::shared_ptr<const crypto::identity> identity; ///< presented when asked for; may be null
    std::vector<std::string> alpn = {"http/1.1"};     ///< in order of preference
    /// False: whatever the server presents is taken, for somebody who looks at a chain to say what
    /// is wrong with it. Nothing secret belongs on such a connection.
    bool judge_server = true;
    /// The client's own clock, by which it judges certificates, against the world's.
    duration clock_offset{};
};

struct open_options {
    endpoint server;
    std::optional<client_tls> tls; ///< nullopt: plain TCP, HTTP/1.1
    time_point deadline;           ///< for TCP connect and handshake together
    annotation note;               ///< who connects; used when the attempt itself fails
};

/// Messages from a server, one by one, on a response that stays open.
class message_stream {
  public:
    virtual ~message_stream() = default;
    struct message {
        bytes data;
        std::uint64_t event = 0;
    };
    /// The next message; timeout at the deadline leaves the stream usable, any other error ends it.
    virtual task<std::expected<message, transport_error>> next(time_point deadline) = 0;
    virtual void close() = 0;
};

/// One connection. HTTP/1.1: exchanges run one after the other, in call order. HTTP/2: side by
/// side. Safe to drop at any time; pending exchanges then fail with reset.
class connection {
  public:
    virtual ~connection() = default;
    [[nodiscard]] virtual std::shared_ptr<const connection_info> info() const = 0;
    /// False once the peer has closed, said GOAWAY or "Connection: close", or an exchange broke it.
    [[nodiscard]] virtual bool reusable() const = 0;
    virtual task<exchange_result> exchange(request what, time_point deadline, annotation note) = 0;
    /// A request whose response never ends: newline-delimited messages. A non-200 response is
    /// returned as such.
    using subscription =
        std::expected<std::shared_ptr<message_stream>, std::variant<response, transport_error>>;
    virtual task<subscription> subscribe(request what, time_point deadline, annotation note) = 0;
    virtual void close() = 0;
};

using open_result = std::expected<std::shared_ptr<connection>, transport_error>;

} // namespace pomona::net
