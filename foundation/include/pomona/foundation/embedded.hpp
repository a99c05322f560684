// Files of the project that the binary holds (cmake/embed.cmake writes the lists).
#pragma once

#include <span>
#include <string_view>

namespace pomona::embedded {

struct text {
    std::string_view name; ///< the file's, without folder and extension
    std::string_view content;
};

std::span<const text> personas(); ///< scenarios/personas, in order of their names
std::span<const text> coverage(); ///< "coverage" (docs/coverage.md) and "check-ids"; of the command

} // namespace pomona::embedded
