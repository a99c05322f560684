// Places in a user's file, and problems that point at them like a compiler does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pomona {

/// Line and column count from 1; `length` characters are underlined (at least one).
struct location {
    std::string file;
    int line = 0;
    int column = 0;
    int length = 1;
};

struct problem {
    location where;
    std::string message;    ///< what is wrong
    std::string suggestion; ///< how to mend it; may be empty
};

/// "file:line:col: error: message", the line, a caret under the place, "help: suggestion".
std::string render(const problem& p, std::string_view file_text);

/// The text of one line, counted from 1; empty when there is none.
std::string_view line_of(std::string_view file_text, int line);

/// The candidate nearest to `word` (edit distance at most a third of its length, at least one);
/// empty when none is.
std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates);

} // namespace pomona
