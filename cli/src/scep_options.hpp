// What serve and run can be told about SCEP.
#pragma once

#include "pomona/stack/stack.hpp"
#include "settings.hpp"

namespace pomona::cli {

/// --scep-legacy
option scep_legacy_option();
/// Those of `serve`: --scep-legacy, --scep-http-port, --scep-url, --scep-ca, --scep-challenge.
std::vector<option> scep_server_options();

/// Mistakes have been complained about. `bind`: the address of the listener without TLS.
std::expected<void, exit_code> read_scep_options(const settings& s, const std::string& bind,
                                                 stack::stack_options& out);

} // namespace pomona::cli
