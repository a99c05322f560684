// Predicates: and, or, not, comparisons. Their values are read in parser_values.cpp.
#include "predicate/parser.hpp"

#include "pomona/foundation/error_category.hpp"

#include <algorithm>
#include <array>

namespace pomona::predicate {

bool is_predicate(operation o) {
    return o <= operation::between;
}

namespace {

constexpr char category_name[] = "predicate";

const char* describe(errc value) {
    switch (value) {
    case errc::syntax:
        return "not a predicate";
    case errc::custom_operator:
        return "a custom operator is not well formed";
    case errc::too_large:
        return "the predicate is too large";
    }
    return "unknown predicate error";
}

constexpr std::array<comparison, 10> signs{{{"==", operation::equal},
                                            {"=", operation::equal},
                                            {"!=", operation::unequal},
                                            {"<>", operation::unequal},
                                            {"<=", operation::less_or_equal},
                                            {"=<", operation::less_or_equal},
                                            {">=", operation::greater_or_equal},
                                            {"=>", operation::greater_or_equal},
                                            {"<", operation::less},
                                            {">", operation::greater}}};
constexpr std::array<comparison, 7> words{{{"BEGINSWITH", operation::begins_with},
                                           {"ENDSWITH", operation::ends_with},
                                           {"CONTAINS", operation::contains},
                                           {"LIKE", operation::like},
                                           {"MATCHES", operation::matches},
                                           {"IN", operation::in},
                                           {"BETWEEN", operation::between}}};

struct quantifier {
    std::string_view written;
    quantity is;
};
constexpr std::array<quantifier, 4> quantifiers{{{"ANY", quantity::any},
                                                 {"SOME", quantity::any},
                                                 {"ALL", quantity::all},
                                                 {"NONE", quantity::none}}};

} // namespace

result<std::shared_ptr<const tree>> parser::run() {
    if (auto begun = advance(); !begun) {
        return std::unexpected{std::move(begun.error())};
    }
    auto root = disjunction();
    if (!root) {
        return std::unexpected{std::move(root.error())};
    }
    if (now_.is != token::what::end) {
        return unexpected_here("something after the predicate");
    }
    if (auto sound = expect_predicate(*root); !sound) {
        return std::unexpected{std::move(sound.error())};
    }
    out_.root = *root;
    return std::make_shared<const tree>(std::move(out_));
}

std::unexpected<error> parser::unexpected_here(std::string what) const {
    return fail(errc::syntax, std::move(what) + " at offset " + std::to_string(now_.at));
}

result<void> parser::advance() {
    auto next = lexer_.next();
    if (!next) {
        return std::unexpected{std::move(next.error())};
    }
    now_ = *std::move(next);
    return {};
}

parsed parser::and_then(parsed what) {
    if (what) {
        if (auto on = advance(); !on) {
            return std::unexpected{std::move(on.error())};
        }
    }
    return what;
}

parsed parser::expect(std::string_view symbol, parsed what) {
    if (what && !now_.is_symbol(symbol)) {
        return unexpected_here(std::string{symbol} + " is missing");
    }
    return and_then(std::move(what));
}

parsed parser::make(term t) {
    std::size_t height = 1;
    for (const auto operand : t.of) {
        height = std::max<std::size_t>(height, heights_[operand] + 1U);
    }
    if (out_.terms.size() == max_terms || height > max_height) {
        return fail(errc::too_large);
    }
    heights_.push_back(static_cast<std::uint16_t>(height));
    out_.terms.push_back(std::move(t));
    return static_cast<term_index>(out_.terms.size() - 1);
}

parsed parser::expect_predicate(term_index i) const {
    return is_predicate(out_.terms[i].is) ? parsed{i} : unexpected_here("a comparison is missing");
}

parsed parser::expect_value(term_index i) const {
    return is_predicate(out_.terms[i].is) ? parsed{unexpected_here("a value is missing")}
                                          : parsed{i};
}

bool parser::at_operator(std::string_view word, std::string_view symbol) const {
    return now_.is_keyword(word) || now_.is_symbol(symbol);
}

parsed parser::disjunction() {
    const level l{depth_};
    if (depth_ > max_depth) {
        return fail(errc::too_large);
    }
    return joined(operation::any_of, "OR", "||", &parser::conjunction);
}

parsed parser::joined(operation how, std::string_view word, std::string_view symbol,
                      parsed (parser::*part)()) {
    auto left = (this->*part)();
    if (!left || !at_operator(word, symbol)) {
        return left;
    }
    term all{.is = how};
    for (;;) {
        if (left) {
            left = expect_predicate(*left);
        }
        if (!left) {
            return left;
        }
        all.of.push_back(*left);
        if (!at_operator(word, symbol)) {
            return make(std::move(all));
        }
        if (auto on = advance(); !on) {
            return std::unexpected{std::move(on.error())};
        }
        left = (this->*part)();
    }
}

parsed parser::inversion() {
    if (!at_operator("NOT", "!")) {
        return compared();
    }
    if (auto on = advance(); !on) {
        return std::unexpected{std::move(on.error())};
    }
    auto inner = negated_part();
    return inner ? make({.is = operation::negation, .of = {*inner}}) : inner;
}

parsed parser::negated_part() {
    const level l{depth_};
    if (depth_ > max_depth) {
        return fail(errc::too_large);
    }
    auto inner = inversion();
    return inner ? expect_predicate(*inner) : inner;
}

const comparison* parser::find_comparison(const token& t) {
    if (t.is == token::what::symbol) {
        const auto* s = std::ranges::find(signs, t.text, &comparison::written);
        return s == signs.end() ? nullptr : s;
    }
    const auto* w =
        std::ranges::find_if(words, [&](const auto& c) { return t.is_keyword(c.written); });
    return w == words.end() ? nullptr : w;
}

parsed parser::compared() {
    auto how_many = quantity::one;
    const auto* q = std::ranges::find_if(
        quantifiers, [&](const auto& one) { return now_.is_keyword(one.written); });
    if (q != quantifiers.end()) {
        how_many = q->is;
        if (auto on = advance(); !on) {
            return std::unexpected{std::move(on.error())};
        }
    }
    auto left = sum();
    const auto* how = left ? find_comparison(now_) : nullptr;
    if (how == nullptr) {
        return left && how_many != quantity::one ? unexpected_here("a comparison is missing")
                                                 : left;
    }
    left = expect_value(*left);
    if (!left) {
        return left;
    }
    term t{.is = how->is, .how_many = how_many};
    if (auto read = options(t.options); !read) {
        return std::unexpected{std::move(read.error())};
    }
    auto right = sum();
    if (right) {
        right = expect_value(*right);
    }
    if (!right) {
        return right;
    }
    t.of = {*left, *right};
    return make(std::move(t));
}

result<void> parser::options(match_options& out) {
    if (auto on = advance(); !on || !now_.is_symbol("[")) {
        return on;
    }
    if (auto on = advance(); !on) {
        return on;
    }
    if (now_.is != token::what::word) {
        return unexpected_here("options are missing");
    }
    for (const auto c : now_.text) {
        if (c == 'c' || c == 'C') {
            out.ignore_case = true;
        } else if (c == 'd' || c == 'D') {
            out.ignore_diacritics = true;
        } else {
            return unexpected_here("an unknown option");
        }
    }
    if (auto on = advance(); !on) {
        return on;
    }
    if (!now_.is_symbol("]")) {
        return unexpected_here("] is missing");
    }
    return advance();
}

std::error_code make_error_code(errc value) {
    return {static_cast<int>(value), category_of<errc, category_name, describe>()};
}

result<expression> expression::parse(std::string_view text) {
    if (text.size() > max_text) {
        return fail(errc::too_large);
    }
    auto read = parser{text}.run();
    if (!read) {
        return std::unexpected{std::move(read.error())};
    }
    return expression{*std::move(read)};
}

const std::vector<std::string>& expression::status_items() const {
    return tree_->status_items;
}

const std::vector<std::string>& expression::properties() const {
    return tree_->properties;
}

} // namespace pomona::predicate
