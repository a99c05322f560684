// The activation record: the enrollment profile as a Mac learns it, under other names.
#pragma once

#include "pomona/sim/abm/organization.hpp"

#include <nlohmann/json.hpp>

namespace pomona::sim::abm {

/// `profile`: as it was defined.
nlohmann::ordered_json activation_record(const nlohmann::ordered_json& profile,
                                         const organisation_details& org);

} // namespace pomona::sim::abm
