// What the device-enrollment service answers with: its errors, and how they are written.
#pragma once

#include "pomona/net/listener.hpp"
#include "pomona/sim/abm/rules.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string_view>

namespace pomona::sim::abm {

struct dep_error {
    unsigned status;
    std::string_view code;
};

/// Each error of the device-enrollment service that its documentation or its clients name.
namespace errors {
inline constexpr dep_error malformed_request_body{400, "MALFORMED_REQUEST_BODY"};
inline constexpr dep_error user_agent_missing{400, "USER_AGENT_MISSING"};
inline constexpr dep_error user_agent_invalid{400, "USER_AGENT_INVALID"};
inline constexpr dep_error invalid_cursor{400, "INVALID_CURSOR"};
inline constexpr dep_error expired_cursor{400, "EXPIRED_CURSOR"};
inline constexpr dep_error exhausted_cursor{400, "EXHAUSTED_CURSOR"};
inline constexpr dep_error cursor_required{400, "CURSOR_REQUIRED"};
inline constexpr dep_error device_id_required{400, "DEVICE_ID_REQUIRED"};
inline constexpr dep_error profile_uuid_required{400, "PROFILE_UUID_REQUIRED"};
inline constexpr dep_error config_name_required{400, "CONFIG_NAME_REQUIRED"};
inline constexpr dep_error config_name_invalid{400, "CONFIG_NAME_INVALID"};
inline constexpr dep_error config_url_required{400, "CONFIG_URL_REQUIRED"};
inline constexpr dep_error config_url_invalid{400, "CONFIG_URL_INVALID"};
inline constexpr dep_error department_invalid{400, "DEPARTMENT_INVALID"};
inline constexpr dep_error support_phone_invalid{400, "SUPPORT_PHONE_INVALID"};
inline constexpr dep_error support_email_invalid{400, "SUPPORT_EMAIL_INVALID"};
inline constexpr dep_error magic_invalid{400, "MAGIC_INVALID"};
inline constexpr dep_error flags_invalid{400, "FLAGS_INVALID"};
inline constexpr dep_error locale_invalid{400, "LOCALE_INVALID"};
inline constexpr dep_error discovery_url_required{400, "MDM_SERVICE_DISCOVERY_URL_REQUIRED"};
inline constexpr dep_error discovery_url_not_valid{400, "MDM_SERVICE_DISCOVERY_URL_NOT_VALID"};
inline constexpr dep_error org_not_supported{400, "ORG_NOT_SUPPORTED"};
inline constexpr dep_error unauthorized{401, "UNAUTHORIZED"};
inline constexpr dep_error token_rejected{401, "token_rejected"};
inline constexpr dep_error token_rejected_403{403, "token_rejected"}; // observed besides the 401
inline constexpr dep_error token_expired{401, "token_expired"};
inline constexpr dep_error signature_invalid{401, "signature_invalid"};
inline constexpr dep_error consumer_key_unknown{401, "consumer_key_unknown"};
inline constexpr dep_error timestamp_refused{401, "timestamp_refused"};
inline constexpr dep_error nonce_used{401, "nonce_used"};
inline constexpr dep_error message_format_error{401, "message_format_error"};
inline constexpr dep_error parameter_absent{400, "parameter_absent"};
inline constexpr dep_error parameter_rejected{400, "parameter_rejected"};
inline constexpr dep_error signature_method_rejected{400, "signature_method_rejected"};
inline constexpr dep_error access_denied{403, "ACCESS_DENIED"};
inline constexpr dep_error terms_not_signed{403, "T_C_NOT_SIGNED"};
inline constexpr dep_error forbidden{403, "FORBIDDEN"};
inline constexpr dep_error apple_seed_off{403, "APPLE_SEED_FOR_IT_TURNED_OFF"};
inline constexpr dep_error not_found{404, "NOT_FOUND"};
inline constexpr dep_error profile_not_found{404, "PROFILE_NOT_FOUND"};
inline constexpr dep_error device_not_found{404, "DEVICE_NOT_FOUND"};
inline constexpr dep_error too_many_requests{429, "TOO_MANY_REQUESTS"};
inline constexpr dep_error internal_error{500, "Internal Server Error"};
inline constexpr dep_error unavailable{503, "Service Unavailable"};
} // namespace errors

net::reply refuse(const dep_error& why, error_form form);
/// 200 with `Content-Type: application/json;charset=UTF8`, as Apple sends it.
net::reply answer_json(const nlohmann::ordered_json& body);

} // namespace pomona::sim::abm
