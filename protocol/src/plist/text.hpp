// The encoding rules of strings in a property list: what is valid, and how the rest is made valid.
#pragma once

#include "pomona/foundation/bytes.hpp"

#include <string>
#include <string_view>

namespace pomona::plist {

/// Valid UTF-8 (RFC 3629: no overlong form, no surrogate) without a NUL.
bool is_plain_utf8(bytes_view text);

/// UTF-16, big-endian, every surrogate paired, no NUL. `text` has an even length.
bool is_plain_utf16(bytes_view text);

enum class form { xml, binary };
/// `text` with each octet that is not part of valid UTF-8, and each character that the form cannot
/// carry, replaced by U+FFFD. NUL: neither form, as libplist takes C strings. XML has no control
/// characters but tab, LF and CR, and no U+FFFE or U+FFFF (XML 1.0 section 2.2).
std::string representable(std::string_view text, form target);

} // namespace pomona::plist
