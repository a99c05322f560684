// From the text of a regular expression to the program that pattern.cpp runs.
#pragma once

#include "pomona/protocol/predicate/pattern.hpp"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::predicate {

/// What \w stands for, and \b tells apart.
bool is_word(char32_t c);

/// Fills `sets`, and turns `ignore_case` on when the expression begins with (?i). The error says
/// what is wrong with the expression.
std::expected<std::vector<pattern::instruction>, std::string>
compile_pattern(std::u32string_view text, std::vector<pattern::set>& sets, bool& ignore_case);

} // namespace pomona::predicate
