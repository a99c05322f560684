// HTTP messages as the worlds carry them: headers in wire order, bodies as raw bytes.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/error.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::net {

struct header {
    std::string name;
    std::string value;
    bool operator==(const header&) const = default;
};
/// In the order of the wire; a name may occur more than once.
using headers = std::vector<header>;

/// The first value of `name` (compared without case), or nullopt.
std::optional<std::string_view> find_header(const headers& all, std::string_view name);
std::size_t count_headers(const headers& all, std::string_view name);
/// The media type of Content-Type in lower case, without parameters; empty when absent.
std::string media_type(const headers& all);

/// Content-Length, Host and :authority are written by the transport unless `headers` has them.
struct request {
    std::string method = "GET";
    std::string target = "/"; ///< origin form: path and query
    net::headers headers;
    bytes body;
};

struct response {
    unsigned status = 200;
    net::headers headers;
    bytes body;
    /// Number of the trace event that recorded this response at this end; 0 when nobody observes.
    std::uint64_t event = 0;
};

/// Why there was no response.
enum class transport_failure {
    refused,   ///< nothing listens, the name does not resolve, or the connection limit is reached
    tls_alert, ///< handshake failed: an alert from the peer, or our own refusal of its certificate
    timeout,   ///< the deadline passed
    reset      ///< the connection broke, the stream was reset, or the bytes were not HTTP
};
std::string_view to_text(transport_failure kind);

struct transport_error {
    transport_failure kind{};
    /// True once any byte of the request may have reached the peer: it may have been processed.
    bool after_send = false;
    std::string detail;
    std::uint64_t event = 0; ///< as response::event
    /// The peer has reacted to this request: bytes of a response came, or a reset of its stream
    /// that does not say "refused".
    bool heard = false;
    [[nodiscard]] std::string message() const;
};

/// Whether a request that failed so may be sent again at once, once, on another connection. Two
/// reasons: the peer cannot have processed it, or the connection had been used before, ended
/// without any reaction, and the method is idempotent. Anything else is for the caller's own policy
/// of retries. Sources at the definition.
bool may_send_again(std::string_view method, const transport_error& why, bool reused_connection);

using exchange_result = std::expected<response, transport_error>;

struct endpoint {
    std::string host; ///< name or address, no brackets
    std::uint16_t port = 0;
    bool operator==(const endpoint&) const = default;
};
std::string to_text(const endpoint& e); ///< "host:port", IPv6 in brackets

struct url {
    bool secure = true; ///< https
    endpoint server;    ///< port filled in from the scheme when absent
    std::string target; ///< path and query, at least "/"
};
/// http and https, absolute, no user info or fragment.
result<url> parse_url(std::string_view text);

/// The value of `name` in a query string of `target`, percent-decoded ('+' stays '+'); nullopt when
/// absent or undecodable.
std::optional<std::string> query_parameter(std::string_view target, std::string_view name);
/// `target` without its query.
std::string_view path_of(std::string_view target);

} // namespace pomona::net
