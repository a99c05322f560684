// The CONNECT proxy over sockets.
#pragma once

#include "pomona/net/tunnel.hpp"
#include "pomona/net/world.hpp"
#include "real/io_loop.hpp"

namespace pomona::net::real {

/// Listens at once; the handle closes everything when destroyed.
result<std::unique_ptr<listener>> start_tunnels(world& owner, std::shared_ptr<io_loop> loop,
                                                tunnel_options options);

} // namespace pomona::net::real
