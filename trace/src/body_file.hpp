// Bodies on disk: bodies/<SHA-256 of the content>.
#pragma once

#include "pomona/foundation/bytes.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace pomona::trace {

/// The whole file; nullopt when it cannot be read or is larger than `max_bytes`.
std::optional<bytes> read_file(const std::filesystem::path& path, std::size_t max_bytes);
/// nullopt also when `sha256` is no hash (it becomes a file name) or the content does not have it
/// (cut off, or altered).
std::optional<bytes> read_body(const std::filesystem::path& folder, const std::string& sha256);

} // namespace pomona::trace
