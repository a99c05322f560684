#include "predicate/lexer.hpp"

#include "pomona/protocol/predicate/predicate.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace pomona::predicate {
namespace {

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}
constexpr char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}
/// Of names of status items and properties.
constexpr bool is_in_argument(char c) {
    return is_letter(c) || is_digit(c) || c == '.' || c == '-';
}

/// Longer ones first.
constexpr std::array<std::string_view, 26> symbols{
    "==", ">=", "=>", "<=", "=<", "!=", "<>", "&&", "||", "=", "<", ">", "!",
    "(",  ")",  "{",  "}",  "[",  "]",  ",",  ".",  "+",  "-", "*", "/", ":"};
constexpr std::array<std::string_view, 3> custom_operators{"status", "key", "property"};

void put_code_point(std::string& out, std::uint32_t c) {
    if (c < 0x80) {
        out.push_back(static_cast<char>(c));
    } else if (c < 0x800) {
        out.push_back(static_cast<char>(0xC0U | (c >> 6U)));
        out.push_back(static_cast<char>(0x80U | (c & 0x3FU)));
    } else {
        out.push_back(static_cast<char>(0xE0U | (c >> 12U)));
        out.push_back(static_cast<char>(0x80U | ((c >> 6U) & 0x3FU)));
        out.push_back(static_cast<char>(0x80U | (c & 0x3FU)));
    }
}

} // namespace

bool token::is_keyword(std::string_view upper_case) const {
    return is == what::word && std::ranges::equal(text, upper_case, {}, upper);
}

std::unexpected<error> lexer::wrong(std::string what) const {
    return fail(errc::syntax, std::move(what) + " at offset " + std::to_string(at_));
}

std::string lexer::take_word() {
    const auto from = at_;
    while (is_letter(peek()) || is_digit(peek())) {
        ++at_;
    }
    return std::string{text_.substr(from, at_ - from)};
}

result<token> lexer::next() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') {
        ++at_;
    }
    token out{.is = token::what::end, .text = {}, .argument = {}, .literal = {}, .at = at_};
    if (at_ == text_.size()) {
        return out;
    }
    const auto c = peek();
    if (c == '\'' || c == '"') {
        return string();
    }
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
        return number();
    }
    if (c == '@') {
        return custom();
    }
    if (c == '$' || c == '#') {
        ++at_;
        out.is = c == '$' ? token::what::variable : token::what::name;
        out.text = take_word();
        return out.text.empty() ? result<token>{wrong("a name is missing")} : out;
    }
    if (is_letter(c)) {
        out.is = token::what::word;
        out.text = take_word();
        return out;
    }
    const auto rest = text_.substr(at_);
    const auto* found =
        std::ranges::find_if(symbols, [&](std::string_view s) { return rest.starts_with(s); });
    if (found == symbols.end()) {
        return wrong("an unknown character");
    }
    out.is = token::what::symbol;
    out.text = *found;
    at_ += found->size();
    return out;
}

result<token> lexer::number() {
    token out{.is = token::what::literal, .text = {}, .argument = {}, .literal = {}, .at = at_};
    const auto* begin = text_.data() + at_;
    const auto* end = text_.data() + text_.size();
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
        std::uint64_t value = 0;
        const auto read = std::from_chars(begin + 2, end, value, 16);
        if (read.ec != std::errc{}) {
            return wrong("a number is not well formed");
        }
        out.literal = value;
        at_ += static_cast<std::size_t>(read.ptr - begin);
        return out;
    }
    double real = 0;
    const auto read = std::from_chars(begin, end, real);
    if (read.ec != std::errc{} || !std::isfinite(real)) {
        return wrong("a number is not well formed");
    }
    std::int64_t whole = 0;
    const auto integer = std::from_chars(begin, read.ptr, whole);
    if (integer.ec == std::errc{} && integer.ptr == read.ptr) {
        out.literal = whole;
    } else {
        out.literal = real;
    }
    at_ += static_cast<std::size_t>(read.ptr - begin);
    return out;
}

/// What stands after a backslash. Apple: the escapes of C strings.
result<char> lexer::escaped(std::string& out) {
    const auto c = peek();
    ++at_;
    switch (c) {
    case 'n':
        out.push_back('\n');
        return c;
    case 't':
        out.push_back('\t');
        return c;
    case 'r':
        out.push_back('\r');
        return c;
    case 'u':
    case 'x': {
        const std::size_t digits = c == 'u' ? 4 : 2;
        const auto hex = text_.substr(std::min(at_, text_.size()), digits);
        std::uint32_t value = 0;
        const auto read = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
        const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
        if (hex.size() != digits || read.ptr != hex.data() + hex.size() || surrogate) {
            return wrong("an escape is not well formed");
        }
        put_code_point(out, value);
        at_ += digits;
        return c;
    }
    case '\'':
    case '"':
    case '\\':
        out.push_back(c);
        return c;
    default:
        // Kept with its backslash: patterns of LIKE and MATCHES are written so.
        out.push_back('\\');
        out.push_back(c);
        return c;
    }
}

result<token> lexer::string() {
    token out{.is = token::what::literal, .text = {}, .argument = {}, .literal = {}, .at = at_};
    const auto quote = peek();
    ++at_;
    std::string text;
    while (at_ < text_.size() && peek() != quote) {
        if (peek() != '\\') {
            text.push_back(peek());
            ++at_;
            continue;
        }
        ++at_;
        if (at_ == text_.size()) {
            break;
        }
        if (auto read = escaped(text); !read) {
            return std::unexpected{std::move(read.error())};
        }
    }
    if (at_ == text_.size()) {
        return wrong("a string has no end");
    }
    ++at_;
    out.literal = std::move(text);
    return out;
}

result<token> lexer::custom() {
    token out{.is = token::what::custom, .text = {}, .argument = {}, .literal = {}, .at = at_};
    ++at_;
    out.text = take_word();
    if (out.text == "count" && peek() != '(') {
        out.is = token::what::count;
        return out;
    }
    const auto bad = [&](std::string why) {
        return fail(errc::custom_operator, std::move(why) + " at offset " + std::to_string(out.at));
    };
    if (std::ranges::find(custom_operators, out.text) == custom_operators.end()) {
        return bad("an unknown operator");
    }
    if (peek() != '(') {
        return bad("an operator without (");
    }
    ++at_;
    const auto from = at_;
    while (is_in_argument(peek())) {
        ++at_;
    }
    out.argument = text_.substr(from, at_ - from);
    if (out.argument.empty() || peek() != ')') {
        return bad("an operator without a name and )");
    }
    ++at_;
    return out;
}

} // namespace pomona::predicate
