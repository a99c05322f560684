// What the Apple Business API adds to an organisation: API accounts and activities.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/time.hpp"
#include "pomona/sim/abm/organization.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pomona::sim::abm {

/// An API account of the portal: who may ask for access tokens.
struct api_account {
    std::string client_id; ///< "BUSINESSAPI.<uuid>"
    std::string key_id;
    bytes public_key; ///< DER SubjectPublicKeyInfo, P-256
};

enum class activity_kind { assign, unassign, release };

/// Something that was asked for and is done a little later.
struct activity {
    std::string id;
    activity_kind kind{};
    std::string server; ///< empty for unassign and release
    std::vector<std::string> serials;
    time_point created;
    time_point due; ///< when it is carried out
    std::optional<time_point> completed;
    std::size_t failed = 0;
    std::string log; ///< CSV, once it is completed
};

} // namespace pomona::sim::abm
