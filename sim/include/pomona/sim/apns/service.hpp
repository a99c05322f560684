// Apple's push service, emulated: the provider API, a store of one notification a token, and a
// device side.
#pragma once

#include "pomona/foundation/ids.hpp"
#include "pomona/net/world.hpp"

#include <functional>
#include <memory>
#include <string>

namespace pomona::sim::apns {

struct service_options {
    net::endpoint bind{"127.0.0.1", 0};
    std::vector<std::string> names{"localhost", "127.0.0.1", "api.push.apple.com"};
    /// Called for keys of the roles "apns-ca", "apns-tls", "push-certificate"; empty: generated.
    std::function<std::optional<crypto::private_key>(std::string_view role)> key_for;
};

/// One listener for providers and devices. On the world's thread.
class service {
  public:
    static net::task<result<std::unique_ptr<service>>> start(net::world& world,
                                                             service_options options);
    virtual ~service() = default;

    [[nodiscard]] virtual net::endpoint local() const = 0;
    /// The root that providers and devices have to trust.
    [[nodiscard]] virtual const crypto::certificate& root() const = 0;
    /// What the push certificate portal gives: UID `topic`, CN "APSP:<uuid>", both environment
    /// extensions.
    virtual net::task<result<crypto::identity>> issue_push_identity(topic for_topic) = 0;
    virtual void close() = 0;
};

} // namespace pomona::sim::apns
