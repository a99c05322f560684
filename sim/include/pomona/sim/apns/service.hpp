// Apple's push service, emulated: the provider API, a store of one notification a token, and a
// device side.
#pragma once

#include "pomona/foundation/ids.hpp"
#include "pomona/net/world.hpp"
#include "pomona/protocol/apns/message.hpp"
#include "pomona/sim/apns/fault.hpp"
#include "pomona/sim/apns/push_portal.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pomona::sim::apns {

/// How the service judges requests; the default is Apple's documented behaviour.
struct rules {
    /// A push to a token of another topic: 400 DeviceTokenNotForTopic, or (observed after a push
    /// certificate was replaced instead of renewed) 200 and nothing is delivered.
    bool silent_drop = false;
    /// Tokens need not be 32 bytes long.
    bool any_token_length = false;
    std::size_t max_payload_bytes = 4096; ///< Apple: more is 413 PayloadTooLarge
    /// More pushes than this to one token within a minute: 429 TooManyRequests; 0: no limit,
    /// otherwise at most 1000.
    std::size_t pushes_a_minute = 0;
    /// Every push is answered with this: an outage, or a reason that nothing else provokes.
    std::optional<pomona::apns::reason> outage{};
    /// A connection without a client certificate has one stream until its first good provider
    /// token. Real world only, as all limits of streams.
    bool one_stream_first = true;
    /// Observed: after a push that is refused the connection has one stream, until the next that
    /// is accepted; what is above is reset with REFUSED_STREAM.
    bool one_stream_after_refusal = false;
};

/// A key of a team (.p8) for provider tokens, as the developer portal knows it.
struct signing_key {
    std::string key_id;        ///< ten characters: "kid" of its tokens
    std::string team;          ///< ten characters: their "iss"
    bytes public_key;          ///< DER SubjectPublicKeyInfo, P-256
    std::vector<topic> topics; ///< of the team's apps; MDM topics are never among them
};

/// A device's token for a topic: what the service has to know of it after it was started anew.
struct token_record {
    udid device;
    topic for_topic;
    push_token token;
    std::optional<time_point> dead_since{}; ///< providers get 410 with `death`
    pomona::apns::reason death = pomona::apns::reason::unregistered;
};

struct service_options {
    net::endpoint bind{"127.0.0.1", 0};
    std::vector<net::endpoint> also_bind{}; ///< more listeners of the same service
    std::vector<std::string> names{"localhost", "127.0.0.1", "api.push.apple.com"};
    /// Called for keys of the roles "apns-ca", "apns-tls", "push-certificate"; empty: generated.
    std::function<std::optional<crypto::private_key>(std::string_view role)> key_for;
    apns::rules rules;
    /// Apple advises to keep connections open for long; Choice: an hour without a request is too
    /// long.
    duration idle_timeout = std::chrono::hours{1};
    /// Tokens of an earlier service, the older before the newer. Notifications are not among what
    /// outlives a service: what was stored for an offline device is gone.
    std::vector<token_record> known_tokens{};
    /// Told of every new token before its device is, and of each token that dies; the last record
    /// of a token counts. False: it could not be kept, and the device gets no token. May be null.
    std::function<bool(const token_record&)> on_token{};
};

/// Listeners for providers and devices, HTTP/2 over TLS. On the world's thread.
///
/// Providers: POST /3/device/<token>, as Apple documents it. Messages are recorded as channel
/// "apns". A connection that is idle for too long ends with a GOAWAY, {"reason":"IdleTimeout"}.
///
/// Devices (Choice: Apple's courier protocol is not published), recorded as channel "apns-device";
/// one connection serves any number of devices. JSON bodies, tokens in hex:
/// - POST /device/stream, no body: a response without end, one JSON object a line. The first line
///   is {"stream": ID}; each further one is a push: {"token", "topic", "payload" (base64), "id"}.
/// - POST /device/register {"device": UDID, "topic", optional "stream": ID, optional "token"}: 200
///   {"token"}, the same token for the same device and topic as long as it is not unregistered.
///   With "stream" it is subscribed at once. "token" is the one that the device had before: a
///   service that has forgotten it (started without service_options::known_tokens) takes it over.
/// - POST /device/subscribe {"stream": ID, "tokens": […]}: 200 {"unknown": […]}. The newest
///   subscription of a token wins; a stored push is delivered at once.
/// - POST /device/unsubscribe {"tokens": […]}: the devices are offline; pushes are stored.
/// - POST /device/unregister {"token"}: providers get 410 from then on.
/// Errors: 400 {"error"} for what is malformed, 404 for a stream or token that is not there, 503
/// when there are too many of them or a new token could not be kept.
class service {
  public:
    static net::task<result<std::unique_ptr<service>>> start(net::world& world,
                                                             service_options options);
    virtual ~service() = default;

    [[nodiscard]] virtual net::endpoint local() const = 0;
    /// Those of service_options::also_bind, with their ports.
    [[nodiscard]] virtual std::vector<net::endpoint> also_local() const = 0;
    /// The root that providers and devices have to trust; push certificates come from it too.
    [[nodiscard]] virtual const crypto::certificate& root() const = 0;
    /// What the push certificate portal gives: UID `topic`, CN "APSP:<uuid>", both environment
    /// extensions, valid for a year.
    virtual net::task<result<crypto::identity>> issue_push_identity(topic for_topic) = 0;
    /// A TLS certificate of the same root for another of Apple's services: one root to trust for
    /// all of them.
    virtual net::task<result<crypto::identity>>
    issue_tls_identity(std::vector<std::string> names) = 0;
    /// From now on tokens signed with this key are good for its topics.
    virtual void add_signing_key(signing_key key) = 0;
    virtual push_portal& portal() = 0;
    /// A request of the service's own calls, "/push/…" (docs/apns.md).
    virtual net::reply manage(const net::request& what) = 0;
    virtual void set_rules(apns::rules r) = 0;
    [[nodiscard]] virtual apns::rules current_rules() const = 0;
    /// Declares a token dead from now on: `why` is unregistered or expired_token. False when there
    /// is no such live token.
    virtual bool end_token(const push_token& token, pomona::apns::reason why) = 0;
    /// Disturbs pushes from now on. False when too many orders wait already.
    virtual bool order(fault_order what) = 0;
    virtual void clear_faults() = 0;
    [[nodiscard]] virtual const std::vector<fault_order>& faults() const = 0;
    /// As an instance of Apple's that goes away: device streams end, every connection gets a
    /// GOAWAY with {"reason":"Shutdown"} and ends with its last answer; new ones are taken.
    virtual void part_ways() = 0;
    /// The same, and no new connection is taken: over when all have ended, at the latest at the
    /// deadline, when what is left is closed.
    virtual net::task<void> stop(time_point deadline) = 0;
    /// False: every connection ends and no new one is accepted; tokens and stored pushes stay.
    /// True: listens again, on the same port.
    virtual result<void> set_reachable(bool reachable) = 0;
    virtual void close() = 0;
};

} // namespace pomona::sim::apns
