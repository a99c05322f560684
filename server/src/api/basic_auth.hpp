// HTTP Basic authentication (RFC 7617) as the ecosystem's scripts send it.
#pragma once

#include "pomona/net/http.hpp"

#include <string_view>

namespace pomona::server {

/// True when the request brings just this user and key; takes the same time for every wrong one of
/// the same length.
bool authorized(const net::headers& headers, std::string_view user, std::string_view key);

} // namespace pomona::server
