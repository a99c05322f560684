// Calls of our own in JSON: what the emulated services' portals and the device side of the push
// service have in common.
#pragma once

#include "pomona/net/listener.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace pomona::sim {

/// Bytes of peers that are no UTF-8 are replaced.
net::reply json_reply(unsigned status, const nlohmann::ordered_json& body);
/// {"error": why}.
net::reply json_refusal(unsigned status, std::string_view why);
/// An empty body is an empty object; nullopt for anything that is no object.
std::optional<nlohmann::ordered_json> json_object_of(const net::request& what);
/// Empty when there is no text of that name.
std::string text_in(const nlohmann::ordered_json& object, const char* key);

} // namespace pomona::sim
