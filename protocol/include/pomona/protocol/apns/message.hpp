// The APNs provider API's words (Apple, "Sending notification requests to APNs").
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/ids.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace pomona::apns {

/// Every reason of the documented table, with its status.
enum class reason {
    bad_collapse_id,
    bad_device_token,
    bad_expiration_date,
    bad_message_id,
    bad_priority,
    bad_topic,
    device_token_not_for_topic,
    duplicate_headers,
    idle_timeout,
    invalid_push_type,
    missing_device_token,
    missing_topic,
    payload_empty,
    topic_disallowed,
    bad_certificate,
    bad_certificate_environment,
    expired_provider_token,
    forbidden,
    invalid_provider_token,
    missing_provider_token,
    unrelated_key_id_in_token,
    bad_environment_key_id_in_token,
    bad_path,
    method_not_allowed,
    expired_token,
    unregistered,
    payload_too_large,
    too_many_provider_token_updates,
    too_many_requests,
    internal_server_error,
    service_unavailable,
    shutdown
};
std::string_view to_text(reason r); ///< "BadDeviceToken", …
unsigned status_of(reason r);
std::optional<reason> parse_reason(std::string_view text);

/// {"mdm":"<PushMagic>"}: the only key (MDM-CHK-020).
std::string mdm_payload(const push_magic& magic);
/// The magic of a payload, wherever else it has keys; nullopt when it is no JSON object with a
/// string `mdm`.
std::optional<push_magic> read_mdm_payload(bytes_view json);
/// {"reason":"…"} with "timestamp" in milliseconds where given.
std::string error_body(reason r, std::optional<long long> timestamp_ms = {});

} // namespace pomona::apns
