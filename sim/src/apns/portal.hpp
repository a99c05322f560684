// The push CA: the service's own certificates, and the push certificates it gives to MDM servers.
#pragma once

#include "pomona/sim/apns/service.hpp"

#include <functional>
#include <string_view>

namespace pomona::sim::apns {

/// Apple: marks a push certificate as usable in the sandbox, and in production.
inline constexpr std::string_view sandbox_client_oid = "1.2.840.113635.100.6.3.1";
inline constexpr std::string_view production_client_oid = "1.2.840.113635.100.6.3.2";

using key_source = std::function<std::optional<crypto::private_key>(std::string_view role)>;

/// The root and the TLS identity of the listener.
struct authority {
    crypto::identity root;
    crypto::identity tls;
};

/// Keys come from `keys`, or are generated (offloaded).
net::task<result<authority>> make_authority(net::world& world, key_source keys,
                                            std::vector<std::string> names);

/// A server certificate on a new P-256 key.
net::task<result<crypto::identity>> issue_tls_certificate(net::world& world, crypto::identity root,
                                                          std::vector<std::string> names);

/// UID = the topic, CN = APSP:<the topic's UUID>, both environments, one year.
net::task<result<crypto::identity>> issue_push_certificate(net::world& world, key_source keys,
                                                           crypto::identity root, topic for_topic);

} // namespace pomona::sim::apns
