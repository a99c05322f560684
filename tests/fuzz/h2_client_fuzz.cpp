// HTTP/2's client side from a server's arbitrary frames: a request and a stream are asked for, and
// both come to an end.
#include "property.hpp"
#include "real/client_core.hpp"
#include "socket_pair_world.hpp"

namespace {

using namespace pomona;
using namespace pomona::net;
using namespace pomona::net::real;

task<void> listen_to_stream(std::shared_ptr<client_core> client, time_point until) {
    request asked;
    asked.target = "/stream";
    const auto got = co_await client->subscribe(std::move(asked), until, {});
    static_cast<void>(got);
}

task<void> talk(socket_pair_world* w, std::shared_ptr<client_core> client) {
    const auto until = w->now() + std::chrono::seconds{5};
    w->spawn("listen", listen_to_stream(client, until));
    request asked;
    asked.method = "PUT";
    asked.body = bytes(100, 'x');
    const auto got = co_await client->exchange(std::move(asked), until, {});
    must(w->now() < until); // the server is gone: nothing is left to wait for
    must(got || got.error().kind != transport_failure::timeout);
    client->close();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static socket_pair_world w;
    constexpr std::size_t longest = 64U << 10U;
    const bytes_view input{data, std::min(size, longest)};
    const far_end server{w.loop(), input};
    const auto info = std::make_shared<connection_info>();
    info->alpn = "h2";
    const auto client = make_h2_client({w, w.loop(), server.stream(), info, true});
    if (client) {
        w.run(talk(&w, client));
    }
    server.stream()->close();
    return 0;
}
