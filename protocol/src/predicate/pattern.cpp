// Runs a regular expression's program: all threads at once.
#include "pomona/protocol/predicate/pattern.hpp"

#include "predicate/pattern_compiler.hpp"
#include "predicate/text_match.hpp"

#include <algorithm>

namespace pomona::predicate {
namespace {

using instruction = pattern::instruction;
using what = instruction::what;

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
    auto program = compile_pattern(points, out.sets_, out.ignore_case_);
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
