#include "html_body.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/foundation/utf8.hpp"
#include "pomona/trace/decode.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace pomona::reports {
namespace {

using nlohmann::json;

constexpr std::size_t shown_hex_bytes = 512;

/// Choice: text is what a person can read: UTF-8 without control characters but tab and line ends.
bool is_readable(bytes_view body) {
    const bool no_controls = std::ranges::none_of(body, [](std::uint8_t b) {
        return (b < 0x20 && b != '\t' && b != '\n' && b != '\r') || b == 0x7f;
    });
    return no_controls && is_utf8(as_text(body));
}

} // namespace

json body_for_page(const trace::body_ref& ref, const std::string& media, bytes_view body,
                   std::size_t max_bytes) {
    json out{
        {"sha256", ref.sha256}, {"size", ref.size}, {"media", media}, {"redacted", ref.redacted}};
    if (body.size() > max_bytes) {
        out["too_long"] = true;
        return out;
    }
    auto decoded = trace::decode_body(body);
    if (!decoded.is_null()) {
        const auto length = decoded.dump(-1, ' ', false, json::error_handler_t::replace).size();
        if (length > max_bytes) {
            out["too_long"] = true;
        } else {
            out["decoded"] = std::move(decoded);
        }
    } else if (is_readable(body)) {
        out["text"] = to_text(body);
    } else {
        out["hex"] = to_hex(body.first(std::min(body.size(), shown_hex_bytes)));
    }
    return out;
}

} // namespace pomona::reports
