// What the service demands of an enrollment profile (JSON) that is defined (Apple, "Define a
// Profile").
#pragma once

#include "abm/dep_answer.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>

namespace pomona::sim::abm {

/// The first rule that `profile` breaks; nullopt: it can be defined (ABM-067).
std::optional<dep_error> judge_profile(const nlohmann::ordered_json& profile);

} // namespace pomona::sim::abm
