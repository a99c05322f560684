// The pieces of summaries, one a protocol. A summary is short: texts are cut, lists are bounded.
#pragma once

#include "document.hpp"
#include "pomona/net/observer.hpp"
#include "pomona/trace/event.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace pomona::trace {

inline constexpr std::size_t max_list_items = 500;

/// At most 1 KiB of `text`.
std::string clipped(std::string_view text);

// A key's value under the key's own name, when it is there and of the right type.
void take_text(fields& to, const plist::dict& from, std::string_view key);
void take_flag(fields& to, const plist::dict& from, std::string_view key);
void take_number(fields& to, const plist::dict& from, std::string_view key);
/// Only a placeholder or an empty value: a secret never gets into a summary.
void take_secret(fields& to, const plist::dict& from, std::string_view key);
void take_text(fields& to, const nlohmann::json& from, std::string_view key, std::string_view name);
void take_number(fields& to, const nlohmann::json& from, std::string_view key,
                 std::string_view name);
void take_flag(fields& to, const nlohmann::json& from, std::string_view key, std::string_view name);

/// Certificate that the client presented on the connection of `where`; null when none.
const crypto::certificate* client_certificate(const net::exchange_context& where);

// summary_mdm.cpp: check-in and command loop, which may share one URL.
fields mdm_request(const net::request& what);
fields mdm_response(const net::response& what);

// summary_ddm.cpp
void add_ddm_answer(fields& to, const nlohmann::json& answer);
void add_status_report(fields& to, const nlohmann::json& report);

// summary_profile.cpp: channel enroll, and profiles inside commands.
fields enroll_request(const net::request& what);
fields enroll_response(const net::response& what);
/// PayloadIdentifier, PayloadUUID, payload_types.
void add_profile_identity(fields& to, const plist::dict& profile);
bool is_profile(const plist::dict& d);

// summary_scep.cpp
fields scep_request(const crypto::context& ctx, const net::request& what);
fields scep_response(const crypto::context& ctx, const net::request& to, const net::response& what);

// summary_push.cpp: apns, apns-device, api.
fields apns_request(const net::exchange_context& where, const net::request& what);
fields apns_response(const net::response& what);
fields device_message(bytes_view message);
fields api_request(const net::request& what);
fields api_response(const net::response& what);

} // namespace pomona::trace
