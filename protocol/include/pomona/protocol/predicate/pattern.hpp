// Regular expressions of MATCHES and of passcode rules, without backtracking: the work grows with
// length of pattern times length of text and no faster.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::predicate {

/// The regular part of ICU's expressions: literals, classes, groups, alternation, quantifiers
/// (lazy ones too: for a whole match they are the same), ^, $, \b, (?i).
class pattern {
  public:
    /// The error says what is wrong or not supported (back references, look-around).
    static std::expected<pattern, std::string> compile(std::string_view text,
                                                       bool ignore_case = false);
    /// Does all of `text` (UTF-8) match? Choice: a text longer than `max_subject` bytes does not.
    [[nodiscard]] bool matches_whole(std::string_view text) const;

    static constexpr std::size_t max_subject = 8U << 10U;
    static constexpr std::size_t max_instructions = 2048;

    struct range {
        char32_t first, last;
    };
    struct instruction {
        enum class what : std::uint8_t {
            one,         ///< a code point of `set`
            split,       ///< goes on at both
            jump,        ///< goes on at `first`
            at_begin,    ///< ^
            at_end,      ///< $
            at_word,     ///< \b
            not_at_word, ///< \B
            done
        };
        what is{};
        std::uint32_t first = 0, second = 0; ///< targets; of `one`: index of the set
    };
    struct set {
        std::vector<range> ranges;
        bool negated = false;
        [[nodiscard]] bool has(char32_t c) const;
    };

  private:
    std::vector<instruction> program_;
    std::vector<set> sets_;
    bool ignore_case_ = false;
};

} // namespace pomona::predicate
