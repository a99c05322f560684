// Private keys in PEM, wherever they stand: they are never written.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pomona::trace {

/// `text` with each "-----BEGIN … PRIVATE KEY-----" block (one without its end: all that follows)
/// given to `replace`; nullopt when there is none.
std::optional<std::string>
replace_key_blocks(std::string_view text,
                   const std::function<std::string(std::string_view block)>& replace);

} // namespace pomona::trace
