// UTF-8 as RFC 3629 has it: what peers send is looked at before it is printed or passed on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pomona {

struct utf8_char {
    std::uint32_t code = 0;
    std::size_t length = 0; ///< in octets; 0: there is no well-formed character here
};

/// The first character of a text that is not empty. RFC 3629 section 3: neither overlong forms nor
/// surrogates nor anything above U+10FFFF.
utf8_char first_utf8_char(std::string_view text);

/// Well-formed from the first octet to the last; NUL is a character like others.
bool is_utf8(std::string_view text);

} // namespace pomona
