// Decoded views of recorded messages, for summaries at capture and for predicates of scenarios and
// checks.
#pragma once

#include "pomona/net/observer.hpp"
#include "pomona/trace/event.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace pomona::trace {

/// What a message says in the words of its protocol; empty when it is none we know.
/// mdm, checkin: MessageType, UDID, UserID, Topic, Token (hex), PushMagic, Status, CommandUUID,
/// RequestType, Endpoint, … apns: Token, reason, apns_id, PushMagic. api: CommandUUID, RequestType.
/// scep: operation, and what GetCACaps lists. Secrets are named only where the message holds a
/// placeholder or an empty value: give it the redacted message. `ctx`: for the signatures of SCEP
/// messages and profiles.
fields summarize_request(const crypto::context& ctx, const net::exchange_context& where,
                         const net::request& what);
fields summarize_response(const crypto::context& ctx, const net::exchange_context& where,
                          const net::request& to, const net::response& what);
/// One message of a stream: apns-device gives Token, Topic, PushMagic.
fields summarize_stream_message(const net::exchange_context& where, bytes_view message);

/// Facts that need the exact bytes of a request: Mdm-Signature (absent, valid, invalid, malformed)
/// over the body, its signer's hash and the client certificate's; whether the content type has
/// parameters. For a response: body plist exact keys, and so on. The message as it was on the wire,
/// before redaction.
fields facts_of_request(const crypto::context& ctx, const net::exchange_context& where,
                        const net::request& what);
fields facts_of_response(const crypto::context& ctx, const net::exchange_context& where,
                         const net::request& to, const net::response& what);

/// A stored body as JSON for people and predicates: plist (XML, binary, or inside CMS), JSON, or
/// null for other bytes. Plist data becomes {"$data": "<base64>"}, dates {"$date": "…"}; data that
/// is itself a plist or JSON (DDM Data, profile Payload) gets a third member "$decoded".
nlohmann::json decode_body(bytes_view body);
/// The value at a dotted path, e.g. "QueryResponses.SerialNumber", "ErrorChain.0.ErrorCode" (places
/// of an array from 0) or "Data.StatusItems" (into what data holds, without naming "$decoded");
/// null when absent.
nlohmann::json at_path(const nlohmann::json& root, std::string_view path);

} // namespace pomona::trace
