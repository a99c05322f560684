// A compiler to a program of few instructions, and its simulation over all threads at once.
#include "pomona/protocol/predicate/pattern.hpp"

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

bool is_word(char32_t c) {
    return std::ranges::any_of(word, [c](const auto& r) { return c >= r.first && c <= r.last; });
}

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

/// Instructions that are to be tried at one place of the text, each once.
class thread_list {
  public:
    explicit thread_list(std::size_t program) : seen_(program, false) {}
    void clear() {
        seen_.assign(seen_.size(), false);
        waiting_.clear();
    }
    std::vector<bool>& seen() { return seen_; }
    std::vector<std::uint32_t>& waiting() { return waiting_; }

  private:
    std::vector<bool> seen_;
    std::vector<std::uint32_t> waiting_; ///< instructions that take a code point
};

struct place {
    bool begin, end, word_edge;
};

/// Follows what takes no code point; true when the program's end was reached.
bool follow(const std::vector<instruction>& program, std::uint32_t from, const place& here,
            thread_list& to) {
    std::vector<std::uint32_t> open{from};
    bool done = false;
    while (!open.empty()) {
        const auto at = open.back();
        open.pop_back();
        if (to.seen()[at]) {
            continue;
        }
        to.seen()[at] = true;
        const auto& i = program[at];
        switch (i.is) {
        case what::one:
            to.waiting().push_back(at);
            break;
        case what::split:
            open.push_back(i.first);
            open.push_back(i.second);
            break;
        case what::jump:
            open.push_back(i.first);
            break;
        case what::at_begin:
        case what::at_end:
        case what::at_word:
        case what::not_at_word: {
            const bool holds = i.is == what::at_begin  ? here.begin
                               : i.is == what::at_end  ? here.end
                               : i.is == what::at_word ? here.word_edge
                                                       : !here.word_edge;
            if (holds) {
                open.push_back(at + 1);
            }
            break;
        }
        case what::done:
            done = true;
            break;
        }
    }
    return done;
}

char32_t upper(char32_t c) {
    // The only letters with one small form whose capital lies at another distance are rare enough
    // to be asked for directly.
    for (const char32_t distance : {32U, 80U, 1U}) {
        if (c > distance && lower(c - distance) == c && c - distance != c) {
            return c - distance;
        }
    }
    return c;
}

} // namespace

bool pattern::set::has(char32_t c) const {
    const bool in =
        std::ranges::any_of(ranges, [c](const range& r) { return c >= r.first && c <= r.last; });
    return in != negated;
}

std::expected<pattern, std::string> pattern::compile(std::string_view text, bool ignore_case) {
    constexpr std::size_t longest = 4U << 10U;
    if (text.size() > longest) {
        return std::unexpected{"the expression is too long"};
    }
    pattern out;
    out.ignore_case_ = ignore_case;
    const auto points = decode(text);
    compiler c{points, out.sets_};
    auto program = c.run(out.ignore_case_);
    if (!program) {
        return std::unexpected{std::move(program.error())};
    }
    if (program->size() > max_instructions) {
        return std::unexpected{"the expression is too large"};
    }
    out.program_ = *std::move(program);
    return out;
}

bool pattern::matches_whole(std::string_view text) const {
    if (text.size() > max_subject) {
        return false;
    }
    const auto points = decode(text);
    thread_list now{program_.size()};
    thread_list after{program_.size()};
    const auto place_at = [&](std::size_t at) {
        const bool before = at > 0 && is_word(points[at - 1]);
        const bool behind = at < points.size() && is_word(points[at]);
        return place{at == 0, at == points.size(), before != behind};
    };
    bool done = follow(program_, 0, place_at(0), now);
    for (std::size_t at = 0; at < points.size(); ++at) {
        done = false;
        const auto c = points[at];
        const auto here = place_at(at + 1);
        after.clear();
        for (const auto i : now.waiting()) {
            const auto& s = sets_[program_[i].first];
            const bool hit = s.has(c) || (ignore_case_ && (s.has(lower(c)) || s.has(upper(c))));
            if (hit && follow(program_, i + 1, here, after)) {
                done = true;
            }
        }
        std::swap(now, after);
        if (now.waiting().empty() && !done) {
            return false;
        }
    }
    return done;
}

} // namespace pomona::predicate
