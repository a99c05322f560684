#include "scan.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>

namespace pomona::plist {
namespace {

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int base64_digit(char c) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int two_digits(std::string_view text, std::size_t at) {
    return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

} // namespace

result<void> check_integer(std::string_view text) {
    auto digits = text;
    const bool negative = digits.starts_with('-');
    if (negative || digits.starts_with('+')) {
        digits.remove_prefix(1);
    }
    int base = 10;
    if (digits.starts_with("0x") || digits.starts_with("0X")) {
        digits.remove_prefix(2);
        base = 16;
    }
    // libplist 2.2 reads decimal digits with strtoull's base 0 rules: a leading zero would be
    // octal.
    if (base == 10 && digits.size() > 1 && digits.starts_with('0')) {
        return fail(errc::malformed, "integer with leading zeros", std::string{text});
    }
    std::uint64_t magnitude = 0;
    const auto* end = digits.data() + digits.size();
    const auto [stop, code] = std::from_chars(digits.data(), end, magnitude, base);
    if (stop != end || digits.empty() || code == std::errc::invalid_argument) {
        return fail(errc::malformed, "not an integer", std::string{text});
    }
    constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (code != std::errc{} || magnitude > largest + (negative ? 1U : 0U)) {
        return fail(errc::unsupported_type, "integer beyond 64 signed bits", std::string{text});
    }
    return {};
}

bool is_real(std::string_view text) {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) {
            return false;
        }
    }
    double number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, number);
    return stop == end && !text.empty() && code != std::errc::invalid_argument;
}

bool is_date(std::string_view text) {
    constexpr std::string_view pattern = "dddd-dd-ddTdd:dd:ddZ";
    if (text.size() != pattern.size()) {
        return false;
    }
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (pattern[i] == 'd' ? !digit : text[i] != pattern[i]) {
            return false;
        }
    }
    const std::chrono::year_month_day day{
        std::chrono::year{two_digits(text, 0) * 100 + two_digits(text, 2)},
        std::chrono::month{static_cast<unsigned>(two_digits(text, 5))},
        std::chrono::day{static_cast<unsigned>(two_digits(text, 8))}};
    return day.ok() && two_digits(text, 11) < 24 && two_digits(text, 14) < 60 &&
           two_digits(text, 17) < 60;
}

bool is_data(std::string_view text) {
    std::size_t digits = 0;
    std::size_t padding = 0;
    for (const char c : text) {
        if (is_space(c)) {
            continue;
        }
        if (c == '=') {
            ++padding;
        } else if (base64_digit(c) < 0 || padding != 0) {
            return false;
        } else {
            ++digits;
        }
    }
    return padding <= 2 && (digits + padding) % 4 == 0 && digits % 4 != 1;
}

} // namespace pomona::plist
