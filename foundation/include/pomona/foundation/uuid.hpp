// RFC 9562 UUIDs, made from randomness that the caller brings.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace pomona {

/// A version 4 UUID, upper case as Apple writes them, from 16 random bytes.
std::string make_uuid(std::array<std::uint8_t, 16> random);
/// 8-4-4-4-12 hex, either case.
bool is_uuid(std::string_view text);

} // namespace pomona
