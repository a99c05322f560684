// Decoded views of recorded messages, for summaries at capture and for predicates of scenarios and checks.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>

#include "pomona/net/observer.hpp"
#include "pomona/trace/event.hpp"

namespace pomona::trace {

/// What a message says in the words of its protocol; empty when it is none we know.
/// mdm, checkin: MessageType, UDID, UserID, Topic, Token (hex), PushMagic, Status, CommandUUID, RequestType, Endpoint, …
/// apns: Token, reason, apns_id, PushMagic. api: CommandUUID, RequestType. scep: operation, and what GetCACaps lists.
fields summarize_request(const net::exchange_context& where, const net::request& what);
fields summarize_response(const net::exchange_context& where, const net::request& to, const net::response& what);

/// Facts that need the exact bytes of a request: Mdm-Signature (absent, valid, invalid, malformed) over the body, its signer's hash and
/// the client certificate's; whether the content type has parameters. For a response: body plist exact keys, and so on.
fields facts_of_request(const net::exchange_context& where, const net::request& what);
fields facts_of_response(const net::exchange_context& where, const net::request& to, const net::response& what);

/// A stored body as JSON for people and predicates: plist (XML, binary, or inside CMS), JSON, or null for other bytes.
/// Plist data becomes {"$data": "<base64>"}, dates {"$date": "…"}; data that is itself a plist or JSON (DDM Data, profile
/// Payload) gets a third member "$decoded".
nlohmann::json decode_body(bytes_view body);
/// The value at a dotted path, e.g. "QueryResponses.SerialNumber" or "ProfileList"; null when absent.
nlohmann::json at_path(const nlohmann::json& root, std::string_view path);

} // namespace pomona::trace
