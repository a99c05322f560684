// What the worlds tell about every message, at both ends. The event log implements it; without one
// a world is silent.
#pragma once

#include "pomona/foundation/ids.hpp"
#include "pomona/foundation/time.hpp"
#include "pomona/net/http.hpp"
#include "pomona/protocol/crypto/certificate.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pomona::net {

/// The facts of one connection, the same at both ends but for local and peer.
struct connection_info {
    std::string id;   ///< equal at both ends: "<client address>-<server address>", or "c<N>" in the
                      ///< virtual world
    endpoint server;  ///< as the client named it; at the server its own address
    std::string alpn; ///< "http/1.1" or "h2"
    std::string tls_version;                     ///< "TLSv1.3"; empty without TLS
    std::vector<crypto::certificate> peer_chain; ///< what the other end presented, leaf first
    std::vector<crypto::certificate> own_chain;  ///< what this end presented, leaf first
};

struct exchange_tap;

/// Why a message is sent and under whose name: travels with each request.
struct annotation {
    actor who;               ///< "mac-0001", "server", "apns", "operator"
    std::string channel;     ///< "enroll", "scep", "checkin", "mdm", "apns", "apns-device", "api"
    std::uint64_t cause = 0; ///< event that led to this message; 0: none
    std::shared_ptr<exchange_tap> tap = {}; ///< net's own: set while an exchange is disturbed
};

enum class side { client, server };

struct exchange_context {
    std::string id; ///< equal at both ends: connection id and ordinal
    side at{};
    annotation note;
    std::shared_ptr<const connection_info> connection; ///< null when no connection came about
    endpoint peer; ///< who the other end is, for the client: the server it named
    /// The body was altered on purpose: secrets in it are not where they are looked for.
    bool altered = false;
};

/// Called on the world's thread, in the order of events at that end. Each call returns the number
/// of the event it made.
class observer {
  public:
    virtual ~observer() = default;
    /// A request leaves a client or has arrived whole at a server.
    virtual std::uint64_t on_request(const exchange_context& where, const request& what) = 0;
    /// The response leaves a server or has arrived whole at a client.
    virtual std::uint64_t on_response(const exchange_context& where, const request& to,
                                      const response& what) = 0;
    virtual std::uint64_t on_failure(const exchange_context& where, const request& of,
                                     const transport_error& why) = 0;
    /// One message of a stream leaves a server or arrives at a client.
    virtual std::uint64_t on_stream_message(const exchange_context& where, bytes_view message) = 0;
};

} // namespace pomona::net
