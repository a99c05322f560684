// Named faults of the device-enrollment service.
#pragma once

#include "pomona/foundation/time.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pomona::sim::abm {

enum class fault : std::uint8_t {
    // These replace the answer.
    server_error,      ///< 500
    unavailable,       ///< 503 with Retry-After
    too_many_requests, ///< 429 with Retry-After
    unauthorized,      ///< 401: the session is over
    forbidden,         ///< 403 FORBIDDEN, as the old simulator says it after a restart
    access_denied,     ///< 403 ACCESS_DENIED
    terms_not_signed,  ///< 403 T_C_NOT_SIGNED
    invalid_cursor,    ///< 400, where a cursor is sent
    expired_cursor,
    exhausted_cursor,
    token_rejected, ///< 403 token_rejected, at /session
    malformed_json, ///< 200, and the body breaks off
    // These change it.
    repeated_cursor, ///< the request's own cursor again, and more_to_follow
    missing_fields,  ///< devices without model, family and dates
    extra_fields,    ///< unknown keys, families and statuses
    shuffled_page,   ///< devices of a page in another order
    new_session,     ///< the answer carries another X-ADM-Auth-Session
    throttled,       ///< every device of an assignment is THROTTLED
    failed           ///< every device of a request is FAILED, and nothing is done
};

/// The name scenarios and `pomona ctl abm` use: "expired-cursor".
std::string_view to_text(fault f);
std::optional<fault> find_fault(std::string_view name);
/// One line for people.
std::string_view about(fault f);
std::span<const fault> all_faults();

struct fault_order {
    fault what{};
    std::string server = {}; ///< its id; empty: any
    std::string path = {};   ///< "/devices/sync"; empty: any
    std::uint32_t times = 1; ///< that many requests
    /// Of Retry-After and of retry_after_seconds.
    duration retry_after = std::chrono::seconds{60};
    bool retry_as_date = false; ///< Retry-After as an HTTP date
};

} // namespace pomona::sim::abm
