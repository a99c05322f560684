// What an HTTP status of the MDM server means for the enrollment.
#pragma once

#include "pomona/net/http.hpp"

#include <optional>
#include <string>
#include <string_view>

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
/// The error document of a 403 (schema mdm/errors), JSON or property list; Content-Type has to say
/// which (MDM-CHK-052).
struct error_document {
    std::string code;
    std::string os_version, build_version; ///< of details: com.apple.softwareupdate.required
};
/// Nullopt when there is none that can be read.
std::optional<error_document> read_error_document(const net::response& r);
/// Why the Mac unenrolled, for the trace.
std::string_view to_text(standing s);

} // namespace pomona::sim::mac
