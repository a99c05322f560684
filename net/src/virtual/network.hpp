// Who listens where in the virtual world, and how a connection comes about.
#pragma once

#include "virtual/link.hpp"

#include <map>
#include <utility>

namespace pomona::net::virtual_world {

class network {
  public:
    network(world& w, latency l)
        : world_{&w}, latency_{std::move(l)}, table_{std::make_shared<table>()} {}

    result<std::unique_ptr<listener>> listen(listen_options options, handler on_request);
    task<open_result> open(open_options options);
    /// Closes every listener and connection.
    void close();

    using table = std::map<std::pair<std::string, std::uint16_t>, std::shared_ptr<listening>>;

  private:
    task<bool> travel(time_point deadline);
    std::expected<std::shared_ptr<link>, transport_error>
    shake_hands(const open_options& options, std::shared_ptr<listening> server);

    world* world_;
    latency latency_;
    std::shared_ptr<table> table_;
    std::uint64_t opened_ = 0;
    std::uint16_t next_port_ = 40'000;
};

} // namespace pomona::net::virtual_world
