// What this Mac supports of declarative management: declaration types and status items, device
// channel (schema declarative/, macOS).
#pragma once

#include "pomona/protocol/ddm/messages.hpp"
#include "pomona/sim/mac/persona.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <span>
#include <string_view>

namespace pomona::sim::mac {

struct declaration_type {
    std::string_view name;
    int since = 0; ///< release as os_release gives it
    /// The keys a payload may have; empty: they are not looked at.
    std::span<const std::string_view> keys;
};
/// Null when this Mac, at its release, does not support the type.
const declaration_type* find_declaration_type(std::string_view name, const persona& kind);

/// The object of management.client-capabilities.
nlohmann::json client_capabilities(const persona& kind);
/// The value of a status item but management.*; nullopt when this Mac cannot deliver it.
std::optional<nlohmann::json> status_value(std::string_view item, const hardware& machine);

} // namespace pomona::sim::mac
