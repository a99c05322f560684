// --users FILE: the network users that the reference server manages.
#pragma once

#include "command.hpp"
#include "pomona/server/server.hpp"

#include <expected>
#include <string>
#include <vector>

namespace pomona::cli {

/// A line each: NAME:PASSWORD, or NAME for a user who needs no token; empty lines and those that
/// begin with # do not count. Mistakes have been complained about.
std::expected<std::vector<server::network_user>, exit_code>
read_users_file(const std::string& file);

} // namespace pomona::cli
