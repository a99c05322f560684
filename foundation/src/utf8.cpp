#include "pomona/foundation/utf8.hpp"

namespace pomona {
namespace {

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

} // namespace

utf8_char first_utf8_char(std::string_view text) {
    const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const auto length = sequence_length(octet(0));
    if (length <= 1 || length > text.size()) {
        return length == 1 ? utf8_char{octet(0), 1} : utf8_char{};
    }
    std::uint32_t code = octet(0) & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((octet(i) & 0xc0U) != 0x80) {
            return {};
        }
        code = code << 6U | (octet(i) & 0x3fU);
    }
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < smallest[length] || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) {
        return {};
    }
    return {code, length};
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const auto next = first_utf8_char(text);
        if (next.length == 0) {
            return false;
        }
        text.remove_prefix(next.length);
    }
    return true;
}

} // namespace pomona
