#include "pomona/foundation/source.hpp"

#include <algorithm>

namespace pomona {
namespace {

/// Insertions, deletions, substitutions and swaps of neighbours, one each (optimal string
/// alignment): typing mistakes.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            const std::size_t substituted = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            d[i][j] = std::min({substituted, d[i - 1][j] + 1, d[i][j - 1] + 1});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
            }
        }
    }
    return d[a.size()][b.size()];
}

} // namespace

std::string_view line_of(std::string_view file_text, int line) {
    for (int n = 1;; ++n) {
        const auto end = file_text.find('\n');
        if (n == line) {
            auto text = file_text.substr(0, end);
            if (text.ends_with('\r')) {
                text.remove_suffix(1);
            }
            return text;
        }
        if (end == std::string_view::npos) {
            return {};
        }
        file_text.remove_prefix(end + 1);
    }
}

std::string render(const problem& p, std::string_view file_text) {
    std::string out = p.where.file;
    if (p.where.line > 0) {
        out += ':' + std::to_string(p.where.line) + ':' + std::to_string(p.where.column);
    }
    out += ": error: " + p.message + '\n';
    const auto text = line_of(file_text, p.where.line);
    if (!text.empty()) {
        const auto number = std::to_string(p.where.line);
        out += "  " + number + " | " + std::string{text} + '\n';
        out += "  " + std::string(number.size(), ' ') + " | ";
        const auto before = static_cast<std::size_t>(std::max(0, p.where.column - 1));
        for (const char c : text.substr(0, before)) {
            out += c == '\t' ? '\t' : ' '; // keeps the caret below its character
        }
        out += '^' + std::string(static_cast<std::size_t>(std::max(0, p.where.length - 1)), '~') +
               '\n';
    }
    if (!p.suggestion.empty()) {
        out += "  help: " + p.suggestion + '\n';
    }
    return out;
}

std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
    std::string_view best;
    if (word.size() > 64) {
        return {}; // no word of ours is as long
    }
    std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const auto candidate : candidates) {
        const auto distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return std::string{best};
}

} // namespace pomona
