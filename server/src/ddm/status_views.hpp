// What the API shows of a merged status: JSON texts in KMFDDM's shape. Pure.
#pragma once

#include "store/records.hpp"

#include <string>

namespace pomona::server {

/// [{identifier, active, valid, server-token, current, status_received, reasons}, …]
std::string declaration_status_view(const ddm_status_row& row, const declared& d);
/// [{path, value, timestamp}, …]: every item but the declarations' own.
std::string status_values_view(const ddm_status_row& row);
/// [{path, error, timestamp}, …]: the report's Errors, and declarations that are not valid.
std::string status_errors_view(const ddm_status_row& row);
/// {"StatusItems": …, "Errors": …, "received": …}
std::string status_view(const ddm_status_row& row);

} // namespace pomona::server
