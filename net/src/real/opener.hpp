// From a name and a port to a connection: resolve, connect, TLS.
#pragma once

#include "real/client_core.hpp"

namespace pomona::net::real {

/// A failure is told to the observer here. `tls` belongs to the world and outlives the task.
task<open_result> open_connection(world& owner, std::shared_ptr<io_loop> loop, shared_tls& tls,
                                  open_options options);

/// "localhost" and numeric addresses, which need no resolver; nullopt for other names.
std::optional<std::vector<boost::asio::ip::tcp::endpoint>> literal_endpoints(const endpoint& where);

} // namespace pomona::net::real
