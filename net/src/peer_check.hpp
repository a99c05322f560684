// What a client judges about the server it reached, for both worlds: certificate, host name, ALPN.
// No I/O.
#pragma once

#include "pomona/net/connection.hpp"
#include "pomona/net/server_name.hpp"

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::net {

/// A server's chain as a client sees it: trusted and valid at `at`, and for `host`. The error says
/// what is wrong.
std::expected<void, std::string> check_server(const std::vector<crypto::certificate>& chain,
                                              const trust_store& trust, std::string_view host,
                                              time_point at);

/// The protocol both ends speak, by the client's preference; "http/1.1" when either end says
/// nothing about it (RFC 7301 section 3.1). nullopt: no overlap, the handshake fails with
/// no_application_protocol (section 3.2).
std::optional<std::string> choose_alpn(const std::vector<std::string>& client,
                                       const std::vector<std::string>& server);

/// The certificates an identity presents, leaf first; empty for null.
std::vector<crypto::certificate> presented_chain(const crypto::identity* who);

} // namespace pomona::net
