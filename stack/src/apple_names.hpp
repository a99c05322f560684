// Apple's host names, and which emulated service stands behind each.
#pragma once

#include "pomona/net/tunnel.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pomona::stack {

/// What a certificate of the push service, of Apple Business Manager, is for; `own`: the address it
/// listens at.
std::vector<std::string> names_of_apns(const std::string& own);
std::vector<std::string> names_of_abm(const std::string& own);

/// Both services under all of their names; without `abm` those of the push service alone.
std::vector<net::tunnel_route> routes_to(const net::endpoint& apns,
                                         const std::optional<net::endpoint>& abm);

} // namespace pomona::stack
