// Text forms of bytes: hex, base64, percent-encoding.
#pragma once

#include "pomona/foundation/bytes.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace pomona {

std::string to_hex(bytes_view data);       ///< lower case
std::string to_hex_upper(bytes_view data); ///< upper case
/// Either case; nullopt for an odd length or a character that is not hex.
std::optional<bytes> from_hex(std::string_view text);

/// Standard alphabet, padded, no line breaks (RFC 4648 section 4).
std::string to_base64(bytes_view data);
/// URL-safe alphabet, no padding (RFC 4648 section 5).
std::string to_base64url(bytes_view data);
/// Strict: standard alphabet with right padding and nothing else.
std::optional<bytes> from_base64(std::string_view text);
/// Liberal: white space skipped, URL-safe alphabet and missing padding accepted, a space inside
/// read as '+' when `space_is_plus` (a form decoder's work on an unescaped '+').
std::optional<bytes> from_base64_liberal(std::string_view text, bool space_is_plus = false);

/// Everything but RFC 3986's unreserved characters becomes %XX.
std::string percent_encode(std::string_view text);
/// %XX decoded; '+' stays '+'. nullopt for a broken escape.
std::optional<std::string> percent_decode(std::string_view text);

} // namespace pomona
