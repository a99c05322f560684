#include "schema/text_format.hpp"

#include <algorithm>

namespace pomona::schema {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_alphanumeric(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// Groups of the given lengths, separated.
template <class Predicate>
bool is_grouped(std::string_view text, std::initializer_list<std::size_t> groups, char separator,
                Predicate good) {
    std::size_t at = 0;
    for (const auto length : groups) {
        if (at > 0) {
            if (at >= text.size() || text[at] != separator) {
                return false;
            }
            ++at;
        }
        if (text.size() - at < length || !std::ranges::all_of(text.substr(at, length), good)) {
            return false;
        }
        at += length;
    }
    return at == text.size();
}

} // namespace

bool has_format(std::string_view text, text_format f) {
    switch (f) {
    case text_format::none:
        return true;
    case text_format::uuid: // the schema allows any letter
        return is_grouped(text, {8, 4, 4, 4, 12}, '-', is_alphanumeric);
    case text_format::https:
        return text.starts_with("https://");
    case text_format::mac_address:
        return is_grouped(text, {2, 2, 2, 2, 2, 2}, ':', is_hex);
    case text_format::organization_identifier:
        return (text.size() == 6 || text.size() == 9) && std::ranges::all_of(text, is_alphanumeric);
    case text_format::six_digits:
        return text.size() == 6 && std::ranges::all_of(text, is_digit);
    }
    return true;
}

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

} // namespace pomona::schema
