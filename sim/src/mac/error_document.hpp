// What an HTTP status of the MDM server means for the enrollment.
#pragma once

#include "pomona/net/http.hpp"

namespace pomona::sim::mac {

enum class standing {
    accepted,     ///< 2xx
    failed,       ///< this request failed, the enrollment stays
    unauthorized, ///< 401: the enrollment is over
    unrecognized  ///< 403 with com.apple.unrecognized.device: the same
};
/// Apple, "Managing connections"; schema mdm/errors.
standing judge(const net::response& r);
[[nodiscard]] inline bool ends_enrollment(standing s) {
    return s == standing::unauthorized || s == standing::unrecognized;
}
/// Why the Mac unenrolled, for the trace.
std::string_view to_text(standing s);

} // namespace pomona::sim::mac
