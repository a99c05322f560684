// How a status report changes what the server knows of a Mac (Apple, "StatusReport").
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/error.hpp"

#include <string>

namespace pomona::server {

struct merged_status {
    std::string items;  ///< JSON object, as StatusItems nests it
    std::string errors; ///< JSON array
};

/// `items` and `errors` as stored before; empty texts at the first report. Fails, and so changes
/// nothing, when the report is not JSON of the shape StatusReport (DDM-023).
result<merged_status> merge_status_report(const merged_status& before, bytes_view report);

} // namespace pomona::server
