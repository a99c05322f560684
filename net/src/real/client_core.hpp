// What a client's connection is inside: the core that its tasks share, and the handle its user
// drops.
#pragma once

#include "exchange_log.hpp"
#include "pomona/net/connection.hpp"
#include "pomona/net/world.hpp"
#include "real/socket_stream.hpp"

#include <utility>

namespace pomona::net::real {

/// A response a client takes is never larger than this.
constexpr std::size_t max_response_bytes = 64U << 20U;
constexpr std::size_t max_response_header_bytes = 256U << 10U;

struct client_setup {
    world& owner;
    std::shared_ptr<io_loop> loop;
    std::shared_ptr<socket_stream> stream;
    std::shared_ptr<const connection_info> info;
    bool secure = false;
};

/// Tasks hold it by shared pointer; `close` makes them fail with reset.
class client_core {
  public:
    client_core() = default;
    client_core(const client_core&) = delete;
    client_core& operator=(const client_core&) = delete;
    virtual ~client_core() = default;

    [[nodiscard]] virtual const std::shared_ptr<const connection_info>& info() const = 0;
    [[nodiscard]] virtual bool reusable() = 0;
    virtual task<exchange_result> exchange(request what, time_point deadline, annotation note) = 0;
    virtual task<connection::subscription> subscribe(request what, time_point deadline,
                                                     annotation note) = 0;
    virtual void close() = 0;
};

/// The user's handle: dropping it closes the connection.
std::shared_ptr<connection> make_handle(std::shared_ptr<client_core> core);

std::shared_ptr<client_core> make_h1_client(client_setup setup);
std::shared_ptr<client_core> make_h2_client(client_setup setup);

/// How a failed read or write is told to a caller.
transport_error to_transport_error(const io_error& why, bool after_send);

/// Splits a streamed body into its messages, one a line. Bounded.
class line_splitter {
  public:
    static constexpr std::size_t max_line = 64U << 10U;

    /// False when a line is longer than max_line.
    bool put(bytes_view data, std::vector<bytes>& out);
    /// What came after the last line break; empty afterwards.
    bytes take_rest() { return std::exchange(partial_, {}); }

  private:
    bytes partial_;
};

} // namespace pomona::net::real
