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

/// How an answer goes wrong on purpose. HTTP/1.1 of the real world sends it whole in any case.
enum class ending {
    whole,
    refused,    ///< RST_STREAM(REFUSED_STREAM) in its place: the request may be sent again
    unanswered, ///< the connection ends in its place
    cut         ///< the connection ends in the middle of its body
};

/// The answer. With `stream` set the response has no end: what is pushed into the queue goes out as
/// a line each, until the queue is closed or the client goes away (which closes the queue).
struct reply {
    response what;
    std::shared_ptr<message_queue> stream;
    ending how = ending::whole;
    /// HTTP/2 of the real world: from this answer on the connection bears so many streams at once
    /// (SETTINGS goes out before it); those beyond are refused (RFC 9113 section 5.1.2).
    std::optional<std::uint32_t> streams{};
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

/// What one listener bears from its peers; docs/limits.md has the table and what a peer gets that
/// goes beyond. The virtual world, where time and memory are no one's to waste, keeps the sizes
/// only.
struct server_limits {
    std::size_t max_header_bytes = 64U << 10U; ///< HTTP/2 counts 32 more for each field
    std::size_t max_header_fields = 256;       ///< more of either: 431
    std::size_t max_body_bytes = 8U << 20U;    ///< more: 413 and close
    /// Requests that arrive or are being answered, of all connections together; beyond it a body of
    /// more than `small_body_bytes` is 413 with Retry-After, beyond twice as much every request.
    std::size_t max_buffered_bytes = 256U << 20U;
    std::size_t small_body_bytes = 64U << 10U;

    duration handshake_timeout = std::chrono::seconds{10};
    /// Of a request's header, and of a new connection's first request to begin.
    duration header_timeout = std::chrono::seconds{10};
    duration request_timeout =
        std::chrono::seconds{30}; ///< from the first byte of a request to its last
    duration write_timeout =
        std::chrono::seconds{30}; ///< a client that takes nothing of its answer meanwhile
    duration idle_timeout = std::chrono::minutes{5}; ///< between requests

    std::size_t max_connections =
        10'000; ///< of this listener; fewer when the process may open fewer descriptors
    std::uint32_t max_concurrent_streams = 1000;
    /// HTTP/2 frames that ask for nothing (SETTINGS, PING, PRIORITY, WINDOW_UPDATE, empty DATA,
    /// unknown ones) and streams that ended without an answer: so many at once, so many a second.
    std::uint32_t idle_frame_burst = 2000;
    std::uint32_t idle_frames_per_second = 200;
};

struct listen_options {
    endpoint bind; ///< port 0: a free one
    std::optional<server_tls> tls;
    server_limits limits;
    actor who; ///< under whose name this end is recorded
    /// Names the channel of a request for the trace; null: "http".
    std::function<std::string(const request&)> channel_of;
    /// HTTP/2 of the real world: streams that a new connection may have open, instead of the limit;
    /// null: the limit. A reply may change it.
    std::function<std::uint32_t(const connection_info&)> first_streams{};
    /// HTTP/2 of the real world: debug data of the GOAWAY that ends a connection which was idle for
    /// too long, or whose listener drains.
    std::string goaway_idle{};
    std::string goaway_drain{};
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
    /// Ends the connections that there are as `drain` does, and goes on taking new ones.
    virtual void part() = 0;
    virtual void close() = 0;
};

} // namespace pomona::net
