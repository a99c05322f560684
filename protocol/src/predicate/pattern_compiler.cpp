// Regular expressions: from text to a program of few instructions.
#include "predicate/pattern_compiler.hpp"

#include "predicate/text_match.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace pomona::predicate {
namespace {

using instruction = pattern::instruction;
using what = instruction::what;

constexpr std::array<pattern::range, 1> digits{{{U'0', U'9'}}};
constexpr std::array<pattern::range, 4> word{
    {{U'0', U'9'}, {U'A', U'Z'}, {U'_', U'_'}, {U'a', U'z'}}};
constexpr std::array<pattern::range, 4> space{
    {{U'\t', U'\r'}, {U' ', U' '}, {0x85, 0x85}, {0xA0, 0xA0}}};
constexpr pattern::range anything{0, 0x10FFFF};

/// A piece of program whose targets are relative to its own beginning; it goes on at its end.
using fragment = std::vector<instruction>;

void append(fragment& to, const fragment& what_follows) {
    const auto by = static_cast<std::uint32_t>(to.size());
    for (auto i : what_follows) {
        if (i.is == what::split || i.is == what::jump) {
            i.first += by;
            i.second += by;
        }
        to.push_back(i);
    }
}

fragment split_around(const fragment& body, std::size_t else_at) {
    fragment out{{what::split, 1, static_cast<std::uint32_t>(else_at)}};
    append(out, body);
    return out;
}

class compiler {
  public:
    compiler(std::u32string_view text, std::vector<pattern::set>& sets)
        : rest_{text}, sets_{&sets} {}

    std::expected<fragment, std::string> run(bool& ignore_case) {
        if (rest_.starts_with(U"(?i)")) {
            ignore_case = true;
            rest_.remove_prefix(4);
        }
        auto out = alternatives(0);
        if (!problem_.empty()) {
            return std::unexpected{problem_};
        }
        if (!rest_.empty()) {
            return std::unexpected{"a ) without ("};
        }
        out.push_back({what::done, 0, 0});
        return out;
    }

  private:
    static constexpr int deepest = 40;

    void complain(std::string why) {
        if (problem_.empty()) {
            problem_ = std::move(why);
        }
        rest_ = {}; // everything ends
    }
    bool take(char32_t c) {
        if (rest_.empty() || rest_.front() != c) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }
    char32_t next() {
        const auto c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }
    void check_size(const fragment& f) {
        if (f.size() >= pattern::max_instructions) {
            complain("the expression is too large");
        }
    }

    fragment alternatives(int depth) {
        if (depth > deepest) {
            complain("groups are nested too deeply");
            return {};
        }
        auto out = sequence(depth);
        while (take(U'|')) {
            const auto other = sequence(depth);
            fragment both{{what::split, 1, static_cast<std::uint32_t>(out.size() + 2)}};
            append(both, out);
            both.push_back(
                {what::jump, static_cast<std::uint32_t>(out.size() + 2 + other.size()), 0});
            append(both, other);
            out = std::move(both);
            check_size(out);
        }
        return out;
    }

    fragment sequence(int depth) {
        fragment out;
        while (!rest_.empty() && rest_.front() != U'|' && rest_.front() != U')') {
            append(out, quantified(depth));
            check_size(out);
        }
        return out;
    }

    fragment quantified(int depth) {
        auto body = atom(depth);
        while (!rest_.empty()) {
            std::size_t least = 0;
            std::optional<std::size_t> most;
            if (take(U'*')) {
            } else if (take(U'+')) {
                least = 1;
            } else if (take(U'?')) {
                most = 1;
            } else if (rest_.front() == U'{') {
                if (!counts(least, most)) {
                    break;
                }
            } else {
                break;
            }
            if (!take(U'?') && !rest_.empty() && rest_.front() == U'+') {
                complain("possessive quantifiers are not supported");
            }
            body = repeat(body, least, most);
        }
        return body;
    }

    bool counts(std::size_t& least, std::optional<std::size_t>& most) {
        next();
        const auto first = number();
        if (!first) {
            complain("a { without a number");
            return false;
        }
        least = *first;
        most = first;
        if (take(U',')) {
            most = number();
        }
        if (!take(U'}') || (most && *most < least)) {
            complain("a { without its }");
            return false;
        }
        return true;
    }

    std::optional<std::size_t> number() {
        std::optional<std::size_t> out;
        while (!rest_.empty() && rest_.front() >= U'0' && rest_.front() <= U'9') {
            out = out.value_or(0) * 10 + (next() - U'0');
            if (*out > pattern::max_instructions) {
                complain("a count is too large");
                return std::nullopt;
            }
        }
        return out;
    }

    fragment repeat(const fragment& body, std::size_t least, std::optional<std::size_t> most) {
        const auto copies = most ? *most : least + 1;
        if (copies * (body.size() + 2) >= pattern::max_instructions) {
            complain("the expression is too large");
            return {};
        }
        fragment out;
        for (std::size_t i = 0; i < least; ++i) {
            append(out, body);
        }
        if (!most) {
            auto loop = split_around(body, body.size() + 2);
            loop.push_back({what::jump, 0, 0});
            append(out, loop);
            return out;
        }
        for (std::size_t i = least; i < *most; ++i) {
            append(out, split_around(body, body.size() + 1));
        }
        return out;
    }

    fragment atom(int depth) {
        const auto c = next();
        switch (c) {
        case U'(':
            return group(depth);
        case U'[':
            return one(bracket());
        case U'.':
            return one({{{U'\n', U'\n'}, {U'\r', U'\r'}}, true});
        case U'^':
            return {{what::at_begin, 0, 0}};
        case U'$':
            return {{what::at_end, 0, 0}};
        case U'\\':
            return escape();
        case U'*':
        case U'+':
        case U'?':
        case U'{':
            complain("nothing to repeat");
            return {};
        default:
            return one({{{c, c}}, false});
        }
    }

    fragment group(int depth) {
        if (take(U'?') && !take(U':')) {
            complain("groups that look around or set options are not supported");
            return {};
        }
        auto out = alternatives(depth + 1);
        if (!take(U')')) {
            complain("a ( without )");
        }
        return out;
    }

    fragment one(pattern::set s) {
        if (sets_->size() >= pattern::max_instructions) {
            complain("the expression is too large");
            return {};
        }
        sets_->push_back(std::move(s));
        return {{what::one, static_cast<std::uint32_t>(sets_->size() - 1), 0}};
    }

    /// \d, \w, \s and their opposites.
    static std::optional<pattern::set> shorthand(char32_t c) {
        const auto of = [](const auto& ranges, bool negated) {
            return pattern::set{{ranges.begin(), ranges.end()}, negated};
        };
        switch (c) {
        case U'd':
        case U'D':
            return of(digits, c == U'D');
        case U'w':
        case U'W':
            return of(word, c == U'W');
        case U's':
        case U'S':
            return of(space, c == U'S');
        default:
            return std::nullopt;
        }
    }

    /// A character after a backslash that stands for one code point.
    std::optional<char32_t> escaped(char32_t c) {
        switch (c) {
        case U'n':
            return U'\n';
        case U'r':
            return U'\r';
        case U't':
            return U'\t';
        case U'f':
            return U'\f';
        default:
            break;
        }
        if (c < 0x80 && is_word(c)) {
            complain("\\" + std::string(1, static_cast<char>(c)) + " is not supported");
            return std::nullopt;
        }
        return c;
    }

    fragment escape() {
        if (rest_.empty()) {
            complain("a \\ at the end");
            return {};
        }
        const auto c = next();
        if (auto s = shorthand(c)) {
            return one(*std::move(s));
        }
        if (c == U'b') {
            return {{what::at_word, 0, 0}};
        }
        if (c == U'B') {
            return {{what::not_at_word, 0, 0}};
        }
        const auto literal = escaped(c);
        return literal ? one({{{*literal, *literal}}, false}) : fragment{};
    }

    pattern::set bracket() {
        pattern::set out;
        out.negated = take(U'^');
        for (bool first = true; !rest_.empty() && (first || rest_.front() != U']'); first = false) {
            bracket_member(out);
        }
        if (!take(U']')) {
            complain("a [ without ]");
        }
        return out;
    }

    void bracket_member(pattern::set& out) {
        auto low = next();
        if (low == U'[') {
            return complain("classes in classes are not supported");
        }
        if (low == U'\\') {
            if (rest_.empty()) {
                return complain("a \\ at the end");
            }
            const auto c = next();
            if (const auto s = shorthand(c)) {
                return add(out, *s);
            }
            low = escaped(c).value_or(c);
        }
        auto high = low;
        if (rest_.size() > 1 && rest_[0] == U'-' && rest_[1] != U']') {
            next();
            high = next();
            if (high == U'\\' && !rest_.empty()) {
                const auto c = next();
                high = escaped(c).value_or(c);
            }
        }
        if (high < low) {
            return complain("a range is the wrong way round");
        }
        out.ranges.push_back({low, high});
    }

    static void add(pattern::set& out, const pattern::set& other) {
        if (!other.negated) {
            out.ranges.insert(out.ranges.end(), other.ranges.begin(), other.ranges.end());
            return;
        }
        auto from = anything.first;
        for (const auto& r : other.ranges) { // they are in order
            if (r.first > from) {
                out.ranges.push_back({from, r.first - 1});
            }
            from = r.last + 1;
        }
        out.ranges.push_back({from, anything.last});
    }

    std::u32string_view rest_;
    std::vector<pattern::set>* sets_;
    std::string problem_;
};

} // namespace

bool is_word(char32_t c) {
    return std::ranges::any_of(word, [c](const auto& r) { return c >= r.first && c <= r.last; });
}

std::expected<std::vector<pattern::instruction>, std::string>
compile_pattern(std::u32string_view text, std::vector<pattern::set>& sets, bool& ignore_case) {
    return compiler{text, sets}.run(ignore_case);
}

} // namespace pomona::predicate
