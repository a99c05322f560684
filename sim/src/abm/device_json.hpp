// Devices as the device-enrollment service writes them.
#pragma once

#include "pomona/sim/abm/organization.hpp"

#include <nlohmann/json_fwd.hpp>

namespace pomona::sim::abm {

/// UTC, whole seconds, "Z".
std::string dep_time(time_point t);

/// Apple, "Device", as a client of that X-Server-Protocol-Version sees it (ABM-018): os and
/// device_family from 2 on, iPadOS from 7, mdm_migration_deadline from 8, is_replacement_device
/// from 10.
nlohmann::ordered_json device_json(const device_record& device, int version);
/// With op_type and op_date. A deleted device is told by what identifies it.
nlohmann::ordered_json change_json(const change& c, int version);

} // namespace pomona::sim::abm
