// The device side of the service: requests below /device/.
#pragma once

#include "apns/token_store.hpp"

#include <string>
#include <unordered_map>

namespace pomona::sim::apns {

class device_api {
  public:
    device_api(net::world& world, token_store& store) : world_{&world}, store_{&store} {}

    net::reply answer(const net::request& what);
    /// Every stream's response comes to its end; the devices open new ones.
    void end_streams();

  private:
    struct call;
    net::reply open_stream();
    net::reply enroll(const call& c);
    net::reply subscribe(const call& c);
    net::reply unsubscribe(const call& c);
    net::reply unregister(const call& c);
    /// Null when there is none of that id, or its client has gone.
    std::shared_ptr<listening_stream> stream_of(const std::string& id);

    net::world* world_;
    token_store* store_;
    /// By id; those whose client has gone are cleared away when the next one is opened.
    std::unordered_map<std::string, std::shared_ptr<listening_stream>> streams_;
};

} // namespace pomona::sim::apns
