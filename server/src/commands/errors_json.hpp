// An ErrorChain as JSON, for the store and the API.
#pragma once

#include "pomona/protocol/mdm/command.hpp"

#include <string>
#include <vector>

namespace pomona::server {

std::string errors_json(const std::vector<mdm::error_chain_item>& chain);

} // namespace pomona::server
