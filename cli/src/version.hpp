// The version of this build.
#pragma once

#include <string_view>

namespace pomona::cli {

inline constexpr std::string_view version = POMONA_VERSION;

} // namespace pomona::cli
