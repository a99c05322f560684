// JSON in the form that the walk over the tables reads.
#pragma once

#include "pomona/protocol/plist/value.hpp"

#include <nlohmann/json_fwd.hpp>

namespace pomona::schema {

/// Null becomes data with the text `json_null`: no type of the schema in JSON is data. Unsigned
/// numbers beyond 63 bits become reals. `json` is at most as deep as ddm::parse_json lets it be.
plist::value to_values(const nlohmann::json& json);

} // namespace pomona::schema
