// The activation record: the enrollment profile as a Mac learns it, under other names.
#pragma once

#include "pomona/net/world.hpp"
#include "pomona/sim/abm/organization.hpp"

#include <nlohmann/json.hpp>

namespace pomona::sim::abm {

/// `profile`: as it was defined.
nlohmann::ordered_json activation_record(const nlohmann::ordered_json& profile,
                                         const organisation_details& org);

/// The record of a device, as JSON; nullopt: no profile is assigned. The profile is "pushed" from
/// then on (ABM-090).
std::optional<std::string> give_record(organization& org, std::string_view serial, time_point now);

/// A request at sim::activation_path: who asks proves by CMS to be a device of one of these
/// authorities. 200 with the record, 204 without one; 400, 401.
net::reply answer_activation(organization& org, const net::world& world,
                             const std::vector<crypto::certificate>& authorities,
                             const net::request& what);

} // namespace pomona::sim::abm
