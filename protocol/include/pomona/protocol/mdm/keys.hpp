// The names of the MDM protocol exactly as they stand on the wire, spelt once.
#pragma once

#include <string_view>

namespace pomona::mdm {

/// Check-in: PUT CheckInURL. Apple, "Check-in".
inline constexpr std::string_view checkin_content_type = "application/x-apple-aspen-mdm-checkin";
/// Command loop: PUT ServerURL. Apple, "Sending MDM commands".
inline constexpr std::string_view command_content_type =
    "application/x-apple-aspen-mdm; charset=UTF-8";
inline constexpr std::string_view profile_content_type = "application/x-apple-aspen-config";
inline constexpr std::string_view xml_content_type = "application/xml; charset=UTF-8";
inline constexpr std::string_view json_content_type = "application/json";
inline constexpr std::string_view signature_header = "Mdm-Signature";
/// Observed (F21 of the device notes): Macs identify themselves so, iPhones as "MDM/1.0".
inline constexpr std::string_view mac_user_agent = "MDM-OSX/1.0 mdmclient/1585";

namespace key {
inline constexpr std::string_view message_type = "MessageType";
inline constexpr std::string_view udid = "UDID";
inline constexpr std::string_view enrollment_id = "EnrollmentID";
inline constexpr std::string_view user_id = "UserID";
inline constexpr std::string_view topic = "Topic";
inline constexpr std::string_view token = "Token";
inline constexpr std::string_view push_magic = "PushMagic";
inline constexpr std::string_view endpoint = "Endpoint";
inline constexpr std::string_view data = "Data";
inline constexpr std::string_view status = "Status";
inline constexpr std::string_view command_uuid = "CommandUUID";
inline constexpr std::string_view command = "Command";
inline constexpr std::string_view request_type = "RequestType";
inline constexpr std::string_view not_on_console = "NotOnConsole";
inline constexpr std::string_view error_chain = "ErrorChain";
inline constexpr std::string_view digest_challenge = "DigestChallenge";
inline constexpr std::string_view digest_response = "DigestResponse";
inline constexpr std::string_view auth_token = "AuthToken";
} // namespace key

} // namespace pomona::mdm
