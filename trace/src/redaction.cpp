#include "pomona/trace/redaction.hpp"

#include "document.hpp"
#include "key_blocks.hpp"
#include "parameters.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/context.hpp"
#include "pomona/protocol/mdm/keys.hpp"
#include "secret_keys.hpp"

#include <nlohmann/json.hpp>

namespace pomona::trace {

/// Walks one body. Trees have at most 64 levels (read_document), documents inside documents
/// `max_nested_documents`.
class rewriter {
  public:
    explicit rewriter(const redactor& owner) : owner_{&owner} {}

    /// The body with its secrets replaced; nullopt when it holds none that is recognised.
    std::optional<bytes> document_body(const document& doc, int nested) const {
        if (const auto* root = std::get_if<plist::value>(&doc.root)) {
            const auto changed = walk(*root, nested);
            if (!changed) {
                return std::nullopt;
            }
            return doc.is_binary ? plist::to_binary(*changed) : plist::to_xml(*changed);
        }
        if (const auto* root = doc.json()) {
            auto copy = *root;
            if (!walk(copy, nested)) {
                return std::nullopt;
            }
            return to_bytes(copy.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
        }
        return std::nullopt;
    }

    [[nodiscard]] std::string_view type_of(std::string_view key) const {
        if (owner_->push_magic_ && (key == mdm::key::push_magic || key == "mdm")) {
            return "push-magic";
        }
        return secret_type(key);
    }

    std::optional<std::string> key_blocks(std::string_view text) const {
        return replace_key_blocks(text, [this](std::string_view block) {
            return owner_->placeholder("private-key", as_bytes(block));
        });
    }

  private:
    /// Data that may be a document of its own: DDM Data, a profile in Payload.
    std::optional<bytes> data(bytes_view raw, int nested) const {
        if (nested < max_nested_documents) {
            if (const auto doc = read_document(raw); !doc.empty()) {
                return document_body(doc, nested + 1);
            }
        }
        const auto changed = key_blocks(as_text(raw));
        return changed ? std::optional{to_bytes(*changed)} : std::nullopt;
    }

    /// Text that may be a document in base64: a webhook's raw_payload, an API's payload.
    std::optional<std::string> text(std::string_view raw, int nested) const {
        constexpr std::string_view beginnings[] = {"PD94", "PCFE", "PHBs", "YnBs",
                                                   "MII",  "MIA",  "ey",   "LS0t"};
        for (const auto beginning : beginnings) {
            if (!raw.starts_with(beginning)) {
                continue;
            }
            if (const auto decoded = from_base64(raw)) {
                const auto changed = data(*decoded, nested);
                return changed ? std::optional{to_base64(*changed)} : std::nullopt;
            }
        }
        return key_blocks(raw);
    }

    /// The placeholder of a scalar under a secret key. An empty value says something and hides
    /// nothing: it stays.
    std::optional<plist::value> hide(std::string_view type, const plist::value& item) const {
        if (const auto* s = item.get<std::string>(); s != nullptr && !s->empty()) {
            return plist::value{owner_->placeholder(type, as_bytes(*s))};
        }
        if (const auto* d = item.get<bytes>(); d != nullptr && !d->empty()) {
            return plist::value{to_bytes(owner_->placeholder(type, *d))};
        }
        if (const auto* n = item.get<std::int64_t>()) {
            return plist::value{owner_->placeholder(type, as_bytes(std::to_string(*n)))};
        }
        return std::nullopt;
    }

    std::optional<plist::value> walk(const plist::dict& d, int nested) const {
        const auto* payload_type = d.string("PayloadType");
        const bool is_pkcs12 = payload_type && *payload_type == "com.apple.security.pkcs12";
        bool any = false;
        std::vector<plist::entry> entries;
        entries.reserve(d.size());
        for (const auto& e : d) {
            auto type = type_of(e.key);
            if (is_pkcs12 && e.key == "PayloadContent") {
                type = "pkcs12";
            }
            auto changed = type.empty() ? std::nullopt : hide(type, e.item);
            if (!changed) {
                changed = walk(e.item, nested);
            }
            any = any || changed.has_value();
            entries.push_back({e.key, changed ? std::move(*changed) : e.item});
        }
        if (!any) {
            return std::nullopt;
        }
        return plist::value{plist::dict::from_entries(std::move(entries))};
    }

    std::optional<plist::value> walk(const plist::value& v, int nested) const {
        if (const auto* d = v.get<plist::dict>()) {
            return walk(*d, nested);
        }
        if (const auto* s = v.get<std::string>()) {
            auto changed = text(*s, nested);
            return changed ? std::optional{plist::value{std::move(*changed)}} : std::nullopt;
        }
        if (const auto* raw = v.get<bytes>()) {
            auto changed = data(*raw, nested);
            return changed ? std::optional{plist::value{std::move(*changed)}} : std::nullopt;
        }
        const auto* list = v.get<plist::array>();
        if (list == nullptr) {
            return std::nullopt;
        }
        std::optional<plist::array> out;
        for (std::size_t i = 0; i < list->size(); ++i) {
            if (auto changed = walk((*list)[i], nested)) {
                if (!out) {
                    out = *list;
                }
                (*out)[i] = std::move(*changed);
            }
        }
        return out ? std::optional{plist::value{std::move(*out)}} : std::nullopt;
    }

    bool hide(std::string_view type, nlohmann::json& item) const {
        if (!item.is_string() && !item.is_number()) {
            return false;
        }
        const auto secret = item.is_string() ? item.get<std::string>() : item.dump();
        if (!secret.empty()) {
            item = owner_->placeholder(type, as_bytes(secret));
        }
        return !secret.empty();
    }

    bool walk(nlohmann::json& v, int nested) const {
        bool any = false;
        if (v.is_object()) {
            // com.apple.credential.identity: a PKCS#12 beside its password.
            const bool is_pkcs12 = v.contains("Identity") && v.contains("Password");
            for (auto& [key, item] : v.items()) {
                const auto type = is_pkcs12 && key == "Identity" ? "pkcs12" : type_of(key);
                any = ((!type.empty() && hide(type, item)) || walk(item, nested)) || any;
            }
        } else if (v.is_array()) {
            for (auto& item : v) {
                any = walk(item, nested) || any;
            }
        } else if (v.is_string()) {
            if (auto changed = text(v.get_ref<const std::string&>(), nested)) {
                v = std::move(*changed);
                any = true;
            }
        }
        return any;
    }

    const redactor* owner_;
};

redactor::outcome redactor::body(bytes_view raw, std::string_view media_type) const {
    const auto unchanged = [&] { return outcome{{raw.begin(), raw.end()}, false}; };
    if (raw.empty()) {
        return unchanged();
    }
    const rewriter rewrite{*this};
    const auto doc = read_document(raw);
    if (!doc.empty()) {
        auto changed = rewrite.document_body(doc, 0);
        return changed ? outcome{std::move(*changed), true} : unchanged();
    }
    if (media_type == mdm::profile_content_type) {
        return {to_bytes(placeholder("profile", raw)), true};
    }
    if (media_type == "application/x-www-form-urlencoded") {
        auto changed = redact_parameters(*this, as_text(raw));
        return changed ? outcome{to_bytes(*changed), true} : unchanged();
    }
    const auto changed = rewrite.key_blocks(as_text(raw));
    return changed ? outcome{to_bytes(*changed), true} : unchanged();
}

fields redactor::values(const fields& raw) const {
    const rewriter rewrite{*this};
    fields out;
    for (const auto& [name, value] : raw) {
        const auto type = rewrite.type_of(name);
        const auto* text = std::get_if<std::string>(&value);
        const bool hide =
            !type.empty() && text != nullptr && !text->empty() && !text->starts_with("{{");
        out.set(name, hide ? field_value{placeholder(type, as_bytes(*text))} : value);
    }
    return out;
}

std::string redactor::placeholder(std::string_view type, bytes_view secret) const {
    const auto hash = crypto::hmac_sha256(key_, secret);
    return "{{" + std::string{type} + ":" + to_hex(bytes_view{hash}.first(8)) + ":" +
           std::to_string(secret.size()) + "}}";
}

} // namespace pomona::trace
