#include "document.hpp"

#include "cms_content.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/protocol/ddm/messages.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace pomona::trace {
namespace {

constexpr std::size_t max_bytes = 16U << 20U;
constexpr std::size_t max_depth = 64;
constexpr plist::limits plist_bounds{
    .max_bytes = max_bytes, .max_depth = max_depth, .max_nodes = 500'000};

/// The first byte that is neither white space nor a byte order mark; 0: none.
std::uint8_t first_of(bytes_view body) {
    constexpr std::string_view skipped = " \t\r\n\xef\xbb\xbf";
    const auto found = std::ranges::find_if(
        body, [&](std::uint8_t b) { return skipped.find(static_cast<char>(b)) == skipped.npos; });
    return found == body.end() ? 0 : *found;
}

} // namespace

const plist::dict* document::dict() const {
    const auto* value = std::get_if<plist::value>(&root);
    return value != nullptr ? value->get<plist::dict>() : nullptr;
}

const nlohmann::json* document::json() const {
    const auto* value = std::get_if<json_document>(&root);
    return value != nullptr ? value->get() : nullptr;
}

document read_document(bytes_view body) {
    document out;
    bytes inner;
    if (!body.empty() && body.front() == 0x30 && crypto::looks_like_cms(body)) {
        auto content = signed_content(body);
        if (!content) {
            return out;
        }
        inner = std::move(*content);
        body = inner;
        out.in_cms = true;
    }
    const auto first = first_of(body);
    out.is_binary = as_text(body).starts_with("bplist00");
    if (out.is_binary || first == '<') {
        if (auto root = plist::parse(body, plist_bounds)) {
            out.root = std::move(*root);
        }
    } else if (first == '{' || first == '[') {
        if (auto root = ddm::parse_json(body, max_bytes, max_depth)) {
            out.root = std::move(*root);
        }
    }
    return out;
}

} // namespace pomona::trace
