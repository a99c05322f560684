#include "text.hpp"

#include "pomona/foundation/utf8.hpp"

#include <cstdint>

namespace pomona::plist {
namespace {

bool carries(form target, std::uint32_t code) {
    if (code == 0) {
        return false;
    }
    if (target == form::binary) {
        return true;
    }
    const bool control = code < 0x20 && code != '\t' && code != '\n' && code != '\r';
    return !control && code != 0xfffe && code != 0xffff;
}

} // namespace

bool is_plain_utf8(bytes_view text) {
    while (!text.empty()) {
        const auto next = first_utf8_char(as_text(text));
        if (next.length == 0 || next.code == 0) {
            return false;
        }
        text = text.subspan(next.length);
    }
    return true;
}

bool is_plain_utf16(bytes_view text) {
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        const auto unit = static_cast<unsigned>(text[i] << 8U | text[i + 1]);
        if (unit == 0 || (unit >= 0xdc00 && unit <= 0xdfff)) {
            return false;
        }
        if (unit >= 0xd800 && unit <= 0xdbff) {
            if (i + 3 >= text.size() || (text[i + 2] & 0xfcU) != 0xdc) {
                return false;
            }
            i += 2;
        }
    }
    return true;
}

std::string representable(std::string_view text, form target) {
    std::string out;
    out.reserve(text.size());
    auto rest = as_bytes(text);
    while (!rest.empty()) {
        const auto next = first_utf8_char(as_text(rest));
        if (next.length == 0 || !carries(target, next.code)) {
            out += "\xef\xbf\xbd";
        } else {
            out += as_text(rest.first(next.length));
        }
        rest = rest.subspan(next.length == 0 ? 1 : next.length);
    }
    return out;
}

} // namespace pomona::plist
