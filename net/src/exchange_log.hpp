// One exchange as one end tells the observer about it, and the headers that the transport writes:
// the same in both worlds, so that traces of both look the same.
#pragma once

#include "pomona/net/listener.hpp"
#include "pomona/net/observer.hpp"

#include <string>

namespace pomona::net {

class world;

/// Silent when nobody observes. The event of the request becomes the cause of what follows at the
/// same end. A tapped exchange (exchange_tap.hpp) tells of its request only.
class exchange_log {
  public:
    exchange_log(world& w, exchange_context where) : world_{&w}, where_{std::move(where)} {}

    std::uint64_t request(const net::request& what);
    /// Sets `what.event`.
    void response(const net::request& to, net::response& what);
    /// Sets `why.event`.
    void failure(const net::request& of, transport_error& why);
    std::uint64_t stream_message(bytes_view message);

    [[nodiscard]] const exchange_context& where() const { return where_; }
    [[nodiscard]] world& owner() const { return *world_; }

  private:
    void note_place(exchange_tap& tap) const;

    world* world_;
    exchange_context where_;
};

/// The server's end of an exchange: its answer, or that it gave none on purpose.
void log_answer(exchange_log& log, const request& to, reply& what);

/// The server's view of an exchange: the listener's name, and the channel it gives to the request.
exchange_context server_context(const listen_options& options, std::string id,
                                std::shared_ptr<const connection_info> connection, endpoint peer,
                                const request& what);

/// Adds Host (first; without the scheme's own port) and Content-Length (last; when there is a body,
/// and for POST and PUT) unless `what` has them.
void complete_headers(request& what, const endpoint& server, bool secure);
/// Adds Content-Length unless `what` has it or its status has no body (RFC 9110 section 8.6).
void complete_headers(response& what);
/// "Connection: close" among the headers.
bool says_close(const headers& all);

} // namespace pomona::net
