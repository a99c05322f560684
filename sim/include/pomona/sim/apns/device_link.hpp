// The device side of the push service: one connection for all Macs of a process.
#pragma once

#include "pomona/foundation/ids.hpp"
#include "pomona/net/world.hpp"

#include <functional>
#include <memory>

namespace pomona::sim::apns {

/// A delivered push as its Mac sees it.
struct delivery {
    push_token token;
    pomona::topic topic;
    bytes payload;
    std::uint64_t event = 0; ///< of its arrival in the trace
};

struct link_options {
    net::endpoint server; ///< no host: there is no push service, its Macs are poked
    net::trust_store trust;
    actor who{"apns-link"}; ///< name in the trace of the connection itself
};

/// Opens its connection on first use, opens it again (with growing delay) when it breaks, and
/// subscribes anew.
class device_link {
  public:
    device_link(net::world& world, link_options options);
    ~device_link();

    /// A token for this device and topic; asking again gives the same one. `on_delivery` is called
    /// on the world's thread for each push. `had`: the token from before this process, for a
    /// service that has forgotten it.
    net::task<result<push_token>> register_device(actor mac, udid device, topic for_topic,
                                                  std::function<void(delivery)> on_delivery,
                                                  time_point deadline, push_token had = {});
    /// False while the Mac is offline: the service keeps the newest push and hands it over when
    /// this becomes true again. Over when the service knows, or could not be told for a minute.
    net::task<void> set_listening(push_token token, bool on);
    /// The Mac gave the token up: later pushes to it are answered 410.
    net::task<void> unregister(push_token token);
    /// Ends the connection for good; no delivery after that.
    void close();

  private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

} // namespace pomona::sim::apns
