// The server's side: who listens, and what answers.
#pragma once

#include "pomona/net/observer.hpp"
#include "pomona/net/task.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pomona::net {

class message_queue;

/// A request as a server sees it.
struct incoming {
    request what;
    std::shared_ptr<const connection_info> connection;
    std::uint64_t event = 0; ///< of its arrival
};

/// The answer. With `stream` set the response has no end: what is pushed into the queue goes out as
/// a line each, until the queue is closed or the client goes away (which closes the queue).
struct reply {
    response what;
    std::shared_ptr<message_queue> stream;
};

/// Runs on the world's thread, once per request; several at a time. Must not throw; an escaping
/// exception becomes a 500.
using handler = std::function<task<reply>(incoming)>;

struct server_tls {
    crypto::identity identity;
    std::vector<std::string> alpn = {
        "http/1.1"}; ///< offered; a client without ALPN gets what its first bytes speak
    /// Ask for a client certificate. It is not judged here: the handler sees the chain, proof of
    /// possession is done.
    bool ask_client_certificate = false;
};

struct server_limits {
    std::size_t max_header_bytes = 64U << 10U;
    std::size_t max_body_bytes = 8U << 20U; ///< more: 413 and close
    duration request_timeout =
        std::chrono::seconds{30}; ///< from the first byte of a request to its last
    duration idle_timeout =
        std::chrono::minutes{5}; ///< between requests; and for the handshake at most 30 s of it
    std::size_t max_connections = 18'000;
    std::uint32_t max_concurrent_streams = 1000;
};

struct listen_options {
    endpoint bind; ///< port 0: a free one
    std::optional<server_tls> tls;
    server_limits limits;
    actor who; ///< under whose name this end is recorded
    /// Names the channel of a request for the trace; null: "http".
    std::function<std::string(const request&)> channel_of;
};

/// Closing (or destroying) it ends the listening and every connection it accepted.
class listener {
  public:
    virtual ~listener() = default;
    [[nodiscard]] virtual endpoint local() const = 0; ///< with the real port
    /// Takes no new connection, tells every client to send nothing more here (HTTP/2: GOAWAY, RFC
    /// 9113 section 6.8; HTTP/1.1: "Connection: close", and idle connections end) and lets what is
    /// under way be answered. Over when all connections have ended, at the latest at the deadline,
    /// when what is left is closed.
    virtual task<void> drain(time_point deadline) = 0;
    virtual void close() = 0;
};

} // namespace pomona::net
