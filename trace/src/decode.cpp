#include "pomona/trace/decode.hpp"

#include "document.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/foundation/utf8.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

namespace pomona::trace {
namespace {

using nlohmann::json;

json to_json(const document& doc, int nested);

/// Trees have at most 64 levels (read_document).
json to_json(const plist::value& v, int nested) {
    if (const auto* s = v.get<std::string>()) {
        return is_utf8(*s) ? json(*s) : json{{"$data", to_base64(as_bytes(*s))}};
    }
    if (const auto* n = v.get<std::int64_t>()) {
        return *n;
    }
    if (const auto* r = v.get<double>()) {
        return *r;
    }
    if (const auto* b = v.get<bool>()) {
        return *b;
    }
    if (const auto* t = v.get<time_point>()) {
        return json{{"$date", to_rfc3339(*t)}};
    }
    if (const auto* raw = v.get<bytes>()) {
        json out{{"$data", to_base64(*raw)}};
        if (nested < max_nested_documents) {
            if (const auto inner = read_document(*raw); !inner.empty()) {
                out["$decoded"] = to_json(inner, nested + 1);
            }
        }
        return out;
    }
    if (const auto* list = v.get<plist::array>()) {
        auto out = json::array();
        for (const auto& item : *list) {
            out.push_back(to_json(item, nested));
        }
        return out;
    }
    auto out = json::object();
    if (const auto* d = v.get<plist::dict>()) {
        for (const auto& e : *d) {
            out[is_utf8(e.key) ? e.key : escape(e.key)] = to_json(e.item, nested);
        }
    }
    return out;
}

json to_json(const document& doc, int nested) {
    if (const auto* root = std::get_if<plist::value>(&doc.root)) {
        return to_json(*root, nested);
    }
    const auto* root = doc.json();
    return root != nullptr ? *root : json{};
}

/// One step; null when there is none.
const json* step(const json& at, std::string_view name) {
    if (at.is_object()) {
        const auto found = at.find(name);
        if (found != at.end()) {
            return &*found;
        }
        const auto decoded = at.find("$decoded");
        return decoded != at.end() ? step(*decoded, name) : nullptr;
    }
    if (at.is_array()) {
        std::size_t index = 0;
        const auto [stop, code] = std::from_chars(name.data(), name.data() + name.size(), index);
        const bool good = code == std::errc{} && stop == name.data() + name.size();
        return good && index < at.size() ? &at[index] : nullptr;
    }
    return nullptr;
}

} // namespace

json decode_body(bytes_view body) {
    return to_json(read_document(body), 0);
}

json at_path(const json& root, std::string_view path) {
    const json* at = &root;
    while (at != nullptr && !path.empty()) {
        // A key may itself have dots: what remains of the path as a whole comes first.
        if (const auto* whole = step(*at, path)) {
            return *whole;
        }
        const auto dot = std::min(path.find('.'), path.size());
        at = step(*at, path.substr(0, dot));
        path.remove_prefix(std::min(dot + 1, path.size()));
    }
    return at != nullptr ? *at : json{};
}

} // namespace pomona::trace
