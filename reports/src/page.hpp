// The page's bytes, as the web build made them (web/build.mjs writes the definition).
#pragma once

#include <span>
#include <string_view>

namespace pomona::reports::page {

/// Up to the text of <title>.
std::span<const std::string_view> before_title();
/// From there up to the content of the data element.
std::span<const std::string_view> before_data();
/// The rest.
std::span<const std::string_view> after_data();

} // namespace pomona::reports::page
