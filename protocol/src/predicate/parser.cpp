// From text to terms. One grammar for predicates and values, so that no parenthesis has to be read
// twice: what a term is decides afterwards whether it may stand where it stands.
#include "pomona/foundation/error_category.hpp"
#include "predicate/lexer.hpp"
#include "predicate/tree.hpp"

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

struct comparison {
    std::string_view written;
    operation is;
};
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

/// Words that are no keys.
constexpr std::array<std::string_view, 5> reserved{"AND", "OR", "NOT", "TRUEPREDICATE",
                                                   "FALSEPREDICATE"};

using parsed = result<term_index>;

class parser {
  public:
    explicit parser(std::string_view text) : lexer_{text} {}

    result<std::shared_ptr<const tree>> run() {
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

  private:
    std::unexpected<error> unexpected_here(std::string what) const {
        return fail(errc::syntax, std::move(what) + " at offset " + std::to_string(now_.at));
    }
    result<void> advance() {
        auto next = lexer_.next();
        if (!next) {
            return std::unexpected{std::move(next.error())};
        }
        now_ = *std::move(next);
        return {};
    }
    /// Steps over the current token and gives `what`.
    parsed and_then(parsed what) {
        if (what) {
            if (auto on = advance(); !on) {
                return std::unexpected{std::move(on.error())};
            }
        }
        return what;
    }
    parsed expect(std::string_view symbol, parsed what) {
        if (what && !now_.is_symbol(symbol)) {
            return unexpected_here(std::string{symbol} + " is missing");
        }
        return and_then(std::move(what));
    }
    parsed make(term t) {
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
    parsed expect_predicate(term_index i) const {
        return is_predicate(out_.terms[i].is) ? parsed{i}
                                              : unexpected_here("a comparison is missing");
    }
    parsed expect_value(term_index i) const {
        return is_predicate(out_.terms[i].is) ? parsed{unexpected_here("a value is missing")}
                                              : parsed{i};
    }

    /// Counts how deep the recursion is.
    struct level {
        explicit level(std::size_t& n) : depth{&n} { ++n; }
        ~level() { --*depth; }
        level(const level&) = delete;
        level& operator=(const level&) = delete;
        std::size_t* depth;
    };

    bool at_operator(std::string_view word, std::string_view symbol) const {
        return now_.is_keyword(word) || now_.is_symbol(symbol);
    }

    parsed disjunction() {
        const level l{depth_};
        if (depth_ > max_depth) {
            return fail(errc::too_large);
        }
        return joined(operation::any_of, "OR", "||", &parser::conjunction);
    }
    parsed conjunction() { return joined(operation::all_of, "AND", "&&", &parser::inversion); }

    parsed joined(operation how, std::string_view word, std::string_view symbol,
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

    parsed inversion() {
        if (!at_operator("NOT", "!")) {
            return compared();
        }
        if (auto on = advance(); !on) {
            return std::unexpected{std::move(on.error())};
        }
        auto inner = negated_part();
        return inner ? make({.is = operation::negation, .of = {*inner}}) : inner;
    }
    parsed negated_part() {
        const level l{depth_};
        if (depth_ > max_depth) {
            return fail(errc::too_large);
        }
        auto inner = inversion();
        return inner ? expect_predicate(*inner) : inner;
    }

    static const comparison* find_comparison(const token& t) {
        if (t.is == token::what::symbol) {
            const auto* s = std::ranges::find(signs, t.text, &comparison::written);
            return s == signs.end() ? nullptr : s;
        }
        const auto* w =
            std::ranges::find_if(words, [&](const auto& c) { return t.is_keyword(c.written); });
        return w == words.end() ? nullptr : w;
    }

    parsed compared() {
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

    /// After an operator: [c], [d], [cd].
    result<void> options(match_options& out) {
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

    parsed sum() {
        return calculated({{{"+", operation::add}, {"-", operation::subtract}}}, &parser::product);
    }
    parsed product() {
        return calculated({{{"*", operation::multiply}, {"/", operation::divide}}},
                          &parser::signed_value);
    }
    parsed calculated(const std::array<comparison, 2>& ways, parsed (parser::*part)()) {
        auto left = (this->*part)();
        while (left) {
            const auto* way = std::ranges::find_if(
                ways, [&](const auto& one) { return now_.is_symbol(one.written); });
            if (way == ways.end()) {
                return left;
            }
            left = and_then(expect_value(*left));
            auto right = left ? (this->*part)() : left;
            right = right ? expect_value(*right) : right;
            if (!right) {
                return right;
            }
            left = make({.is = way->is, .of = {*left, *right}});
        }
        return left;
    }

    parsed signed_value() {
        if (!now_.is_symbol("-")) {
            return postfixed();
        }
        const level l{depth_};
        if (depth_ > max_depth) {
            return fail(errc::too_large);
        }
        if (auto on = advance(); !on) {
            return std::unexpected{std::move(on.error())};
        }
        auto inner = signed_value();
        inner = inner ? expect_value(*inner) : inner;
        return inner ? make({.is = operation::negative, .of = {*inner}}) : inner;
    }

    parsed postfixed() {
        auto value = primary();
        while (value && (now_.is_symbol(".") || now_.is_symbol("["))) {
            value = expect_value(*value);
            if (!value) {
                return value;
            }
            const bool dot = now_.is_symbol(".");
            if (auto on = advance(); !on) {
                return std::unexpected{std::move(on.error())};
            }
            value = dot ? member(*value) : subscript(*value);
        }
        return value;
    }

    parsed member(term_index of) {
        if (now_.is == token::what::count) {
            return and_then(make({.is = operation::count, .of = {of}}));
        }
        if (now_.is == token::what::custom && now_.text == "key") {
            return and_then(make({.is = operation::key, .of = {of}, .text = now_.argument}));
        }
        if (now_.is == token::what::word || now_.is == token::what::name) {
            return and_then(make({.is = operation::key, .of = {of}, .text = now_.text}));
        }
        return now_.is == token::what::custom
                   ? parsed{fail(errc::custom_operator, "only @key follows a dot")}
                   : parsed{unexpected_here("a key is missing")};
    }

    parsed subscript(term_index of) {
        if (now_.is_keyword("FIRST") || now_.is_keyword("LAST") || now_.is_keyword("SIZE")) {
            const auto is = now_.is_keyword("FIRST")  ? operation::first_element
                            : now_.is_keyword("LAST") ? operation::last_element
                                                      : operation::count;
            return expect("]", and_then(make({.is = is, .of = {of}})));
        }
        auto index = disjunction();
        index = index ? expect_value(*index) : index;
        if (!index) {
            return index;
        }
        return expect("]", make({.is = operation::element, .of = {of, *index}}));
    }

    parsed primary() {
        switch (now_.is) {
        case token::what::literal:
            return and_then(make({.is = operation::literal, .literal = std::move(now_.literal)}));
        case token::what::variable:
            if (std::ranges::find(variables_, now_.text) == variables_.end()) {
                return unexpected_here("a variable that no SUBQUERY declares");
            }
            return and_then(make({.is = operation::variable, .text = now_.text}));
        case token::what::custom:
            return custom();
        case token::what::name:
            return and_then(make({.is = operation::path, .text = now_.text}));
        case token::what::word:
            return word();
        case token::what::symbol:
            return bracketed();
        case token::what::count:
        case token::what::end:
            break;
        }
        return unexpected_here("a value is missing");
    }

    parsed custom() {
        if (now_.text == "key") {
            return fail(errc::custom_operator, "@key follows a value and a dot");
        }
        const bool status = now_.text == "status";
        auto& names = status ? out_.status_items : out_.properties;
        if (std::ranges::find(names, now_.argument) == names.end()) {
            names.push_back(now_.argument);
        }
        return and_then(make({.is = status ? operation::status : operation::property,
                              .text = std::move(now_.argument)}));
    }

    parsed word() {
        const auto constant = [&](operation is, nlohmann::json value) {
            return and_then(make({.is = is, .literal = std::move(value)}));
        };
        if (now_.is_keyword("TRUEPREDICATE") || now_.is_keyword("FALSEPREDICATE")) {
            return constant(operation::constant, now_.is_keyword("TRUEPREDICATE"));
        }
        if (now_.is_keyword("TRUE") || now_.is_keyword("YES")) {
            return constant(operation::literal, true);
        }
        if (now_.is_keyword("FALSE") || now_.is_keyword("NO")) {
            return constant(operation::literal, false);
        }
        if (now_.is_keyword("NULL") || now_.is_keyword("NIL")) {
            return constant(operation::literal, nullptr);
        }
        if (now_.is_keyword("SELF")) {
            return and_then(make({.is = operation::self}));
        }
        if (now_.is_keyword("SUBQUERY")) {
            return subquery();
        }
        const auto is_reserved = [&](std::string_view w) { return now_.is_keyword(w); };
        if (std::ranges::any_of(reserved, is_reserved) || find_comparison(now_) != nullptr) {
            return unexpected_here("a value is missing");
        }
        return and_then(make({.is = operation::path, .text = now_.text}));
    }

    parsed subquery() {
        term t{.is = operation::subquery};
        if (auto on = advance(); !on) {
            return std::unexpected{std::move(on.error())};
        }
        auto over = expect("(", term_index{});
        over = over ? disjunction() : over;
        over = over ? expect_value(*over) : over;
        over = expect(",", over);
        if (over && now_.is != token::what::variable) {
            return unexpected_here("a variable is missing");
        }
        t.text = now_.text;
        over = expect(",", and_then(over));
        if (!over) {
            return over;
        }
        variables_.push_back(t.text);
        auto test = disjunction();
        variables_.pop_back();
        test = test ? expect_predicate(*test) : test;
        if (!test) {
            return test;
        }
        t.of = {*over, *test};
        return expect(")", make(std::move(t)));
    }

    parsed bracketed() {
        if (now_.is_symbol("(")) {
            if (auto on = advance(); !on) {
                return std::unexpected{std::move(on.error())};
            }
            return expect(")", disjunction());
        }
        if (!now_.is_symbol("{")) {
            return unexpected_here("a value is missing");
        }
        term all{.is = operation::aggregate};
        if (auto on = advance(); !on) {
            return std::unexpected{std::move(on.error())};
        }
        while (!now_.is_symbol("}")) {
            auto member = disjunction();
            member = member ? expect_value(*member) : member;
            if (!member) {
                return member;
            }
            all.of.push_back(*member);
            if (now_.is_symbol("}")) {
                break;
            }
            if (auto next = expect(",", member); !next) {
                return next;
            }
        }
        return and_then(make(std::move(all)));
    }

    lexer lexer_;
    token now_;
    tree out_;
    std::vector<std::string> variables_; ///< of the SUBQUERYs around
    std::size_t depth_ = 0;
    /// Chains (a.b.c, 1+1+1) grow high without recursion here, but not when they are evaluated.
    static constexpr std::size_t max_height = 4 * max_depth;
    std::vector<std::uint16_t> heights_; ///< of each term
};

} // namespace

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
