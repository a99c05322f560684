// Tokens, manifests and declarations. Lengths are octets of UTF-8, as Apple's schema counts them.
#include "pomona/protocol/ddm/messages.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace pomona::ddm {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t max_declarations_token = 256; // Apple, "SynchronizationTokens"
constexpr std::size_t max_identifier = 64;          // Schema declarationbase.yaml, as ServerToken's

constexpr std::array<std::string_view, 4> manifest_keys{"Activations", "Configurations", "Assets",
                                                        "Management"};

result<const json*> require(const json& object, std::string_view key, json::value_t type) {
    if (!object.is_object()) {
        return fail(errc::wrong_type,
                    std::string{key} + " is looked for in a " + object.type_name());
    }
    const auto found = object.find(key);
    if (found == object.end()) {
        return fail(errc::missing_key, std::string{key});
    }
    if (found->type() != type) {
        return fail(errc::wrong_type, std::string{key} + " is " + found->type_name());
    }
    return &*found;
}

/// A text of 1 to `max` octets.
result<std::string> text(const json& object, std::string_view key, std::size_t max) {
    const auto found = require(object, key, json::value_t::string);
    if (!found) {
        return std::unexpected(found.error());
    }
    const auto& out = (*found)->get_ref<const std::string&>();
    if (out.empty()) {
        return fail(errc::malformed, std::string{key} + " is empty");
    }
    if (out.size() > max) {
        return fail(errc::too_long, std::string{key} + ": " + std::to_string(out.size()) +
                                        " octets, at most " + std::to_string(max));
    }
    return out;
}

bytes dump(const ordered_json& document) {
    return to_bytes(document.dump(-1, ' ', false, json::error_handler_t::replace));
}

result<std::vector<manifest_item>> read_items(const json& declarations, std::string_view key) {
    const auto list = require(declarations, key, json::value_t::array);
    if (!list) {
        return std::unexpected(list.error());
    }
    std::vector<manifest_item> out;
    for (const auto& item : **list) {
        auto identifier = text(item, "Identifier", max_identifier);
        if (!identifier) {
            return std::unexpected(std::move(identifier.error()));
        }
        auto server_token = text(item, "ServerToken", max_identifier);
        if (!server_token) {
            return std::unexpected(std::move(server_token.error()));
        }
        out.push_back({std::move(*identifier), std::move(*server_token)});
    }
    return out;
}

} // namespace

result<tokens> parse_tokens(bytes_view document) {
    const auto root = parse_json(document);
    if (!root) {
        return std::unexpected(root.error());
    }
    const auto inner = require(**root, "SyncTokens", json::value_t::object);
    if (!inner) {
        return std::unexpected(inner.error());
    }
    // DDM-001: a string of 1 to 256 octets.
    auto token = text(**inner, "DeclarationsToken", max_declarations_token);
    if (!token) {
        return std::unexpected(std::move(token.error()));
    }
    tokens out{std::move(*token), {}};
    if ((*inner)->contains("Timestamp")) {
        const auto timestamp = require(**inner, "Timestamp", json::value_t::string);
        if (!timestamp) {
            return std::unexpected(timestamp.error());
        }
        out.timestamp = **timestamp;
    }
    return out;
}

bytes write_tokens(const tokens& t) {
    ordered_json inner{{"DeclarationsToken", t.declarations_token}};
    if (!t.timestamp.empty()) {
        inner["Timestamp"] = t.timestamp;
    }
    ordered_json document;
    document["SyncTokens"] = std::move(inner);
    return dump(document);
}

const std::vector<manifest_item>& manifest::items(ddm::kind k) const {
    switch (k) {
    case kind::activation:
        return activations;
    case kind::configuration:
        return configurations;
    case kind::asset:
        return assets;
    case kind::management:
        break;
    }
    return management;
}

std::vector<manifest_item>& manifest::items(ddm::kind k) {
    return const_cast<std::vector<manifest_item>&>(std::as_const(*this).items(k));
}

result<manifest> parse_manifest(bytes_view document) {
    const auto root = parse_json(document);
    if (!root) {
        return std::unexpected(root.error());
    }
    const auto declarations = require(**root, "Declarations", json::value_t::object);
    if (!declarations) {
        return std::unexpected(declarations.error());
    }
    manifest out;
    // DDM-003: all four arrays, even when they are empty. DDM-013: at most 64 octets.
    for (std::size_t k = 0; k < manifest_keys.size(); ++k) {
        auto items = read_items(**declarations, manifest_keys[k]);
        if (!items) {
            return std::unexpected(std::move(items.error()));
        }
        out.items(static_cast<kind>(k)) = std::move(*items);
    }
    auto token = text(**root, "DeclarationsToken", max_declarations_token);
    if (!token) {
        return std::unexpected(std::move(token.error()));
    }
    out.declarations_token = std::move(*token);
    return out;
}

bytes write_manifest(const manifest& m) {
    ordered_json document;
    auto& declarations = document["Declarations"];
    for (std::size_t k = 0; k < manifest_keys.size(); ++k) {
        auto list = ordered_json::array();
        for (const auto& item : m.items(static_cast<kind>(k))) {
            ordered_json entry;
            entry["Identifier"] = item.identifier;
            entry["ServerToken"] = item.server_token;
            list.push_back(std::move(entry));
        }
        declarations[std::string{manifest_keys[k]}] = std::move(list);
    }
    document["DeclarationsToken"] = m.declarations_token;
    return dump(document);
}

result<declaration> parse_declaration(bytes_view document, bool need_token) {
    const auto root = parse_json(document);
    if (!root) {
        return std::unexpected(root.error());
    }
    declaration out;
    auto type = text(**root, "Type", std::string::npos);
    if (!type) {
        return std::unexpected(std::move(type.error()));
    }
    out.type = std::move(*type);
    if (!kind_of(out.type)) {
        return fail(errc::unknown_kind, "Type", out.type);
    }
    auto identifier = text(**root, "Identifier", max_identifier);
    if (!identifier) {
        return std::unexpected(std::move(identifier.error()));
    }
    out.identifier = std::move(*identifier);
    if (need_token || (*root)->contains("ServerToken")) {
        auto server_token = text(**root, "ServerToken", max_identifier);
        if (!server_token) {
            return std::unexpected(std::move(server_token.error()));
        }
        out.server_token = std::move(*server_token);
    }
    const auto payload = require(**root, "Payload", json::value_t::object);
    if (!payload) {
        return std::unexpected(payload.error());
    }
    out.payload = (*payload)->dump();
    return out;
}

bytes write_declaration(const declaration& d) {
    ordered_json document;
    document["Type"] = d.type;
    document["Identifier"] = d.identifier;
    if (!d.server_token.empty()) {
        document["ServerToken"] = d.server_token;
    }
    // The payload is JSON text already: it goes in as it is, before the closing brace.
    auto out = dump(document);
    out.pop_back();
    const auto payload = ",\"Payload\":" + (d.payload.empty() ? "{}" : d.payload) + "}";
    out.insert(out.end(), payload.begin(), payload.end());
    return out;
}

} // namespace pomona::ddm
