// The one HTTP/2 connection to APNs: opened when first needed, kept, replaced when it ends.
#pragma once

#include "pomona/net/world.hpp"

#include <memory>
#include <optional>
#include <string>

namespace pomona::server {

class apns_link {
  public:
    apns_link(net::world& w, net::endpoint apns, net::trust_store trust);

    /// The client certificate for connections made from now on; the present one is let go.
    void use(std::shared_ptr<const crypto::identity> identity);
    [[nodiscard]] bool has_identity() const { return identity_ != nullptr; }

    /// One push. What was refused unsent (REFUSED_STREAM, above GOAWAY's last stream, a connection
    /// that had just ended) is sent once more on a new connection.
    net::task<net::exchange_result> send(net::request push, net::annotation note);
    void close();

    [[nodiscard]] unsigned opened() const { return opened_; }

  private:
    using connected = std::expected<std::shared_ptr<net::connection>, net::transport_error>;
    net::task<connected> connection(net::annotation note);

    net::world& world_;
    net::endpoint apns_;
    net::trust_store trust_;
    std::shared_ptr<const crypto::identity> identity_;
    std::shared_ptr<net::connection> live_;
    bool opening_ = false;
    net::signal opened_signal_;
    unsigned opened_ = 0;
    unsigned failures_ = 0; ///< to connect, in a row
    time_point not_before_; ///< the next attempt to connect
    std::optional<net::transport_error> last_failure_;
};

} // namespace pomona::server
