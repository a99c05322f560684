// Target files: where a server under test is and how it is worked.
#pragma once

#include "pomona/stack/target.hpp"

#include <expected>
#include <filesystem>
#include <map>
#include <string>

namespace pomona::cli {

/// A target, and the line of each of its keys: "api.url" → 12.
struct target_document {
    stack::target value;
    std::map<std::string, int> lines;
};

/// Strict: unknown keys, missing ones and unusable certificates are problems with their place. The
/// error is rendered text.
std::expected<target_document, std::string> read_target(const std::filesystem::path& file);

} // namespace pomona::cli
