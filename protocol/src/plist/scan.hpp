// The two halves of plist::scan: what each form must satisfy before libplist reads it.
#pragma once

#include "pomona/protocol/plist/codec.hpp"

#include <string_view>

namespace pomona::plist {

inline constexpr std::string_view binary_magic = "bplist00";
inline constexpr std::string_view utf8_bom = "\xef\xbb\xbf";

bool is_binary(bytes_view data);
result<void> scan_binary(bytes_view data, const limits& bounds);
result<void> scan_xml(bytes_view data, const limits& bounds);

// The text forms of scalar elements, white space around them already removed.
result<void> check_integer(std::string_view text);
bool is_real(std::string_view text);
bool is_date(std::string_view text);
/// Base64 with white space anywhere. libplist drops what it does not understand, and we do not.
bool is_data(std::string_view text);

} // namespace pomona::plist
