#include "text.hpp"

#include <cstdint>

namespace pomona::plist {
namespace {

struct decoded {
    std::uint32_t code = 0;
    std::size_t length = 0; ///< 0: not UTF-8 at this place
};

std::size_t sequence_length(std::uint8_t lead) {
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {
        return 2;
    }
    if ((lead & 0xf0U) == 0xe0) {
        return 3;
    }
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

decoded decode(bytes_view text) {
    const auto length = sequence_length(text[0]);
    if (length <= 1 || length > text.size()) {
        return length == 1 ? decoded{text[0], 1} : decoded{};
    }
    std::uint32_t code = text[0] & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((text[i] & 0xc0U) != 0x80) {
            return {};
        }
        code = code << 6U | (text[i] & 0x3fU);
    }
    // RFC 3629 section 3: neither overlong forms nor surrogates nor anything above U+10FFFF.
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < smallest[length] || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) {
        return {};
    }
    return {code, length};
}

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
        const auto next = decode(text);
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
        const auto next = decode(rest);
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
