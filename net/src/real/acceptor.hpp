// A listening socket and the connections it accepted.
#pragma once

#include "real/server_session.hpp"

namespace pomona::net::real {

/// Listens at once. `tls` belongs to the world. The returned handle closes everything when
/// destroyed.
result<std::unique_ptr<listener>> start_listening(world& owner, std::shared_ptr<io_loop> loop,
                                                  shared_tls& tls, listen_options options,
                                                  handler on_request);

} // namespace pomona::net::real
