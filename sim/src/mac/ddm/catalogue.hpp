// What a channel of this Mac supports of declarative management: types of declarations, their keys,
// status items.
#pragma once

#include "mac/ddm/declaration_set.hpp"
#include "mac/ddm/host.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim::mac {

bool is_at_least(const ddm_scope& where, std::string_view os_version);

/// How several configurations of one type work together (schema, `apply`).
enum class application { single, multiple, combined };

enum class support {
    yes,
    unknown,    ///< no such type
    unavailable ///< not in this release, on this channel, in this kind of enrollment
};
support support_of(std::string_view type, const ddm_scope& where);
application application_of(std::string_view type);
/// May a configuration of `type` name an asset of that type?
bool takes_asset(std::string_view type, std::string_view asset_type);

/// What is wrong with a payload, by the keys of its type.
struct payload_problems {
    std::vector<std::string> unknown_keys; ///< key paths
    std::string malformed;                 ///< a key is missing or of the wrong type
    std::string invalid;                   ///< a value is not among those allowed
};
payload_problems check_payload(const held_declaration& d, const ddm_scope& where);

/// One payload from several of a combined type, by the combinetype of each key; of keys without
/// one the first counts.
nlohmann::json combine(std::string_view type, std::span<const nlohmann::json* const> payloads);

bool has_status_item(std::string_view name, const ddm_scope& where);
/// The object of management.client-capabilities: what the schema has for this channel, of status
/// items those that the Mac delivers.
nlohmann::json client_capabilities(const ddm_scope& where,
                                   const std::function<bool(std::string_view)>& delivers);

} // namespace pomona::sim::mac
