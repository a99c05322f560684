// What every connection of a listener works with, and the two protocols that serve it.
#pragma once

#include "exchange_log.hpp"
#include "pomona/net/listener.hpp"
#include "pomona/net/world.hpp"
#include "real/socket_stream.hpp"

namespace pomona::net::real {

struct server_setup {
    world& owner;
    std::shared_ptr<io_loop> loop;
    std::shared_ptr<socket_stream> stream;
    std::shared_ptr<const connection_info> info;
    std::shared_ptr<const listen_options> options;
    std::shared_ptr<const handler> on_request;
    endpoint client;
};

/// Serve until the connection ends; `input` is what has been read of it already.
task<void> serve_h1(server_setup setup, bytes input);
task<void> serve_h2(server_setup setup, bytes input);

/// Runs the handler; an escaping exception becomes a 500.
task<reply> call_handler(std::shared_ptr<const handler> on_request, incoming what);
/// The client has gone: closes the queue and tells its maker.
void client_gone(message_queue& queue);

} // namespace pomona::net::real
