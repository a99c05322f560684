// Target files: where a server under test is and how it is worked.
#pragma once

#include "pomona/stack/target.hpp"

#include <expected>
#include <filesystem>
#include <string>

namespace pomona::cli {

/// Strict: unknown keys, missing ones and unusable certificates are problems with their place. The
/// error is rendered text.
std::expected<stack::target, std::string> read_target(const std::filesystem::path& file);

} // namespace pomona::cli
