#include "mac/ddm/documents.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/context.hpp"

#include <algorithm>
#include <array>

namespace pomona::sim::mac {
namespace {

using nlohmann::json;

constexpr std::string_view cannot_download = "Error.AssetCannotBeDownloaded";
constexpr std::string_view cannot_verify = "Error.AssetCannotBeVerified";
constexpr std::string_view cannot_read = "Error.AssetCannotBeDeserialized";
/// Choice: a document that is larger is not taken.
constexpr std::size_t largest = 4U << 20U;

std::string key_of(const held_declaration& d) {
    return d.identifier + '\n' + d.server_token;
}

bool is_legacy(const held_declaration& d) {
    return d.is("configuration.legacy") || d.is("configuration.legacy.interactive");
}

std::string text(const json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

document bad(std::string_view problem, std::string detail) {
    return {.problem = problem, .detail = std::move(detail)};
}

/// The keys a credential has to have (schema, declarative/declarations/assets/credentials).
struct credential_shape {
    std::string_view asset;
    std::array<const char*, 3> required; ///< null: no more
};
constexpr std::array<credential_shape, 4> credentials{{
    {"asset.credential.userpassword", {"UserName", nullptr, nullptr}},
    {"asset.credential.identity", {"Password", "Identity", nullptr}},
    {"asset.credential.scep", {"URL", nullptr, nullptr}},
    {"asset.credential.acme", {"DirectoryURL", "ClientIdentifier", "KeyType"}},
}};

std::optional<std::string> missing_in_credential(const held_declaration& d, bytes_view body) {
    const auto* shape = std::ranges::find_if(
        credentials, [&](const credential_shape& one) { return d.is(one.asset); });
    if (shape == credentials.end()) {
        return std::nullopt;
    }
    const auto read = ddm::parse_json(body);
    if (!read || !(*read)->is_object()) {
        return "it is not a JSON object";
    }
    for (const auto* key : shape->required) {
        if (key != nullptr && text(**read, key).empty()) {
            return std::string{key} + " is missing";
        }
    }
    return std::nullopt;
}

/// Apple, "Integrating declarative management": after the download media type, size and hash. The
/// schema does not say how the hash is written: hex and base64 are both understood.
std::optional<std::string> mismatch(const json& reference, const downloaded& d) {
    const auto type = text(reference, "ContentType");
    if (!type.empty() && type != d.media_type) {
        return "the media type is " + d.media_type + ", not " + type;
    }
    const auto size = reference.find("Size");
    const bool has_size = size != reference.end() && size->is_number_integer();
    // Schema: with Size 0 the hash is not looked at; nor is, so, the size.
    if (has_size && *size == 0) {
        return std::nullopt;
    }
    if (has_size && *size != d.body.size()) {
        return "it has " + std::to_string(d.body.size()) + " bytes, not " + size->dump();
    }
    auto hash = text(reference, "Hash-SHA-256");
    const auto digest = crypto::sha256(d.body);
    std::ranges::transform(hash, hash.begin(), [](char c) { // hex in either case
        return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    });
    if (!hash.empty() && hash != to_hex(digest) &&
        text(reference, "Hash-SHA-256") != to_base64(digest)) {
        return "its SHA-256 is another";
    }
    return std::nullopt;
}

} // namespace

std::optional<ddm_download> document_of(const held_declaration& d) {
    if (is_legacy(d)) {
        // Schema, configurations/legacy: fetched from the MDM server as MDM requests are.
        return ddm_download{
            .key = key_of(d), .url = text(d.payload, "ProfileURL"), .with_identity = true};
    }
    const auto reference = d.payload.is_object() ? d.payload.find("Reference") : d.payload.end();
    if (d.kind != ddm::kind::asset || reference == d.payload.end()) {
        return std::nullopt;
    }
    const auto authentication = d.payload.find("Authentication");
    // Choice: without the key as with None; the schema gives no default.
    const bool mdm = authentication != d.payload.end() && text(*authentication, "Type") == "MDM";
    return ddm_download{.key = key_of(d), .url = text(*reference, "DataURL"), .with_identity = mdm};
}

document judge_document(const held_declaration& d, std::optional<downloaded> answer,
                        const std::string& why, declaration_cache& cache) {
    if (!answer) {
        return bad(cannot_download, why);
    }
    if (answer->status != 200) {
        return bad(cannot_download, "HTTP " + std::to_string(answer->status));
    }
    if (answer->body.size() > largest) {
        return bad(cannot_download, "it is too large");
    }
    if (d.kind == ddm::kind::asset) {
        if (auto wrong = mismatch(d.payload["Reference"], *answer)) { // DDM-056
            return bad(cannot_verify, *std::move(wrong));
        }
        if (auto wrong = missing_in_credential(d, answer->body)) {
            return bad(cannot_read, *std::move(wrong));
        }
    }
    return {.problem = {}, .detail = {}, .content = cache.share(std::move(answer->body))};
}

const document* document_store::find(const held_declaration& d) const {
    const auto found = all_.find(key_of(d));
    return found == all_.end() ? nullptr : &found->second;
}

void document_store::put(const held_declaration& d, document what) {
    all_[key_of(d)] = std::move(what);
}

void document_store::drop_failed() {
    std::erase_if(all_, [](const auto& one) { return one.second.is_worth_a_try(); });
}

bool document_store::has_failed() const {
    return std::ranges::any_of(all_, [](const auto& one) { return one.second.is_worth_a_try(); });
}

void document_store::follow(const declaration_set& held) {
    std::erase_if(all_, [&](const auto& one) {
        const auto identifier = std::string_view{one.first}.substr(0, one.first.find('\n'));
        for (const auto k : {ddm::kind::asset, ddm::kind::configuration}) {
            const auto* d = held.find(k, identifier);
            if (d != nullptr && key_of(*d) == one.first) {
                return false;
            }
        }
        return true;
    });
}

plist::dict document_store::save() const {
    plist::dict out;
    for (const auto& [key, one] : all_) {
        if (one.content) { // what failed is fetched anew
            out.set(key, *one.content);
        }
    }
    return out;
}

result<document_store> document_store::load(const plist::dict& saved, declaration_cache& cache) {
    document_store out;
    for (const auto& [key, one] : saved) {
        const auto* content = one.get<bytes>();
        if (content == nullptr) {
            return fail(ddm::errc::wrong_type, "a document is not data");
        }
        out.all_[key] = {.problem = {}, .detail = {}, .content = cache.share(*content)};
    }
    return out;
}

json credential_of(const document& d) {
    const auto read = d.content ? ddm::parse_json(*d.content) : fail(ddm::errc::malformed);
    return read ? **read : json(json::value_t::discarded);
}

} // namespace pomona::sim::mac
