// The status items whose values are the machine's own.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string_view>

namespace pomona::sim::mac {

struct core;
/// nullopt: not one of them.
std::optional<nlohmann::json> machine_status(std::string_view item, const core& mac);

} // namespace pomona::sim::mac
