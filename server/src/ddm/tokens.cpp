#include "ddm/tokens.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/context.hpp"
#include "pomona/protocol/mdm/command.hpp"

#include <algorithm>

namespace pomona::server {
namespace {

/// Length first, so that no two lists of texts give the same bytes.
void add(std::string& to, std::string_view text) {
    to += std::to_string(text.size());
    to += ':';
    to += text;
}

std::string hash_of(std::string_view text) {
    return to_hex(crypto::sha256(as_bytes(text)));
}

} // namespace

std::string server_token(const stored_declaration& d) {
    std::string all;
    add(all, d.type);
    add(all, d.identifier);
    add(all, d.payload);
    // Apple, "Declaration base": at most 64 octets; 128 bits of a hash are plenty.
    return hash_of(all).substr(0, 32);
}

std::string declarations_token(const std::vector<stored_declaration>& items) {
    std::vector<std::pair<std::string_view, std::string_view>> sorted;
    sorted.reserve(items.size());
    for (const auto& item : items) {
        sorted.emplace_back(item.identifier, item.server_token);
    }
    std::ranges::sort(sorted);
    std::string all;
    for (const auto& [identifier, token] : sorted) {
        add(all, identifier);
        add(all, token);
    }
    return hash_of(all);
}

ddm::tokens tokens_of(const declared& d) {
    return {.declarations_token = d.token, .timestamp = to_rfc3339(d.changed)};
}

ddm::manifest manifest_of(const declared& d) {
    ddm::manifest out;
    out.declarations_token = d.token;
    for (const auto& item : d.items) {
        if (const auto kind = ddm::kind_of(item.type)) {
            out.items(*kind).push_back({item.identifier, item.server_token});
        }
    }
    return out;
}

bytes declarative_management_command(const std::string& uuid, const declared& d) {
    mdm::command c;
    c.uuid = command_uuid{uuid};
    c.request_type = "DeclarativeManagement";
    c.body.set("Data", ddm::write_tokens(tokens_of(d)));
    return mdm::write_command(c);
}

} // namespace pomona::server
