// Byte strings and the views of them that every layer passes around.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pomona {

using bytes = std::vector<std::uint8_t>;
using bytes_view = std::span<const std::uint8_t>;

/// The bytes of `text`, without a copy; valid as long as the text is.
inline bytes_view as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// `data` read as text, without a copy and without any check of its encoding.
inline std::string_view as_text(bytes_view data) {
    return {reinterpret_cast<const char*>(data.data()), data.size()};
}

inline bytes to_bytes(std::string_view text) {
    const auto view = as_bytes(text);
    return {view.begin(), view.end()};
}

inline std::string to_text(bytes_view data) {
    return std::string{as_text(data)};
}

} // namespace pomona
