// Texts as the string operators compare them.
#pragma once

#include <string>
#include <string_view>

namespace pomona::predicate {

/// The options in brackets after an operator.
struct match_options {
    bool ignore_case = false;       ///< c
    bool ignore_diacritics = false; ///< d
    bool operator==(const match_options&) const = default;
};

/// UTF-8 to code points; broken bytes become U+FFFD.
std::u32string decode(std::string_view text);
/// Latin, Greek and Cyrillic; other scripts stay as they are.
char32_t lower(char32_t c);
/// Without case and diacritics as far as the options say so.
std::u32string fold(std::string_view text, match_options how);
/// Of LIKE: ? is one character, * any number, \ takes the next one as it is.
bool like(std::u32string_view text, std::u32string_view wild);

} // namespace pomona::predicate
