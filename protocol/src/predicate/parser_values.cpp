// Values: arithmetic, key paths, functions, SUBQUERY, lists, what stands in parentheses.
#include "predicate/parser.hpp"

#include <algorithm>

namespace pomona::predicate {
namespace {

/// Words that are no keys.
constexpr std::array<std::string_view, 5> reserved{"AND", "OR", "NOT", "TRUEPREDICATE",
                                                   "FALSEPREDICATE"};

} // namespace

parsed parser::sum() {
    return calculated({{{"+", operation::add}, {"-", operation::subtract}}}, &parser::product);
}

parsed parser::product() {
    return calculated({{{"*", operation::multiply}, {"/", operation::divide}}},
                      &parser::signed_value);
}

parsed parser::calculated(const std::array<comparison, 2>& ways, parsed (parser::*part)()) {
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

parsed parser::signed_value() {
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

parsed parser::postfixed() {
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

parsed parser::member(term_index of) {
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

parsed parser::subscript(term_index of) {
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

parsed parser::primary() {
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

parsed parser::custom() {
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

parsed parser::word() {
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

parsed parser::subquery() {
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

parsed parser::bracketed() {
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

} // namespace pomona::predicate
