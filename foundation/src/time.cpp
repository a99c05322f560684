#include "pomona/foundation/time.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <limits>

namespace pomona {
namespace {

using namespace std::chrono;

std::string format(time_point t, bool nanos) {
    // In whole seconds: the start of the clock's first, partial day lies outside of its range.
    const auto second = floor<seconds>(t);
    const auto day = floor<days>(second);
    const year_month_day date{day};
    const hh_mm_ss time{second - day};
    const auto below = t.time_since_epoch() % seconds{1};
    const auto subsecond = below < nanoseconds{0} ? below + seconds{1} : below;
    std::array<char, 64> buffer{};
    const int length = std::snprintf(
        buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d",
        static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
        static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
    std::string out(buffer.data(), static_cast<std::size_t>(length));
    if (nanos) {
        std::snprintf(buffer.data(), buffer.size(), ".%09ld", static_cast<long>(subsecond.count()));
        out += buffer.data();
    }
    return out + 'Z';
}

std::optional<int> number(std::string_view text) {
    int value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{} || end != text.data() + text.size() || text.empty() || text[0] == '-') {
        return std::nullopt;
    }
    return value;
}

std::optional<nanoseconds> fraction(std::string_view digits) {
    if (digits.empty() || digits.size() > 9) {
        return std::nullopt;
    }
    auto value = number(digits);
    if (!value) {
        return std::nullopt;
    }
    std::int64_t scaled = *value;
    for (auto i = digits.size(); i < 9; ++i) {
        scaled *= 10;
    }
    return nanoseconds{scaled};
}

struct unit {
    std::string_view name;
    nanoseconds length;
};
// Longest first; "ms" before "m" so that parsing takes the longer name.
constexpr std::array units{unit{"d", days{1}},          unit{"h", hours{1}},
                           unit{"ms", milliseconds{1}}, unit{"m", minutes{1}},
                           unit{"s", seconds{1}},       unit{"us", microseconds{1}},
                           unit{"ns", nanoseconds{1}}};

} // namespace

std::string to_rfc3339(time_point t) {
    return format(t, false);
}
std::string to_rfc3339_nanos(time_point t) {
    return format(t, true);
}

std::optional<time_point> from_rfc3339(std::string_view text) {
    if (text.size() < 20 || text.back() != 'Z' || text[4] != '-' || text[7] != '-' ||
        text[10] != 'T' || text[13] != ':' || text[16] != ':') {
        return std::nullopt;
    }
    const auto y = number(text.substr(0, 4));
    const auto mo = number(text.substr(5, 2));
    const auto d = number(text.substr(8, 2));
    const auto h = number(text.substr(11, 2));
    const auto mi = number(text.substr(14, 2));
    const auto s = number(text.substr(17, 2));
    if (!y || !mo || !d || !h || !mi || !s || *h > 23 || *mi > 59 || *s > 59) {
        return std::nullopt;
    }
    const year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)},
                              day{static_cast<unsigned>(*d)}};
    // The clock's range: 1677 to 2262 in nanoseconds.
    if (!date.ok() || *y < 1678 || *y > 2261) {
        return std::nullopt;
    }
    nanoseconds sub{0};
    if (text.size() > 20) {
        const auto parsed = fraction(text.substr(20, text.size() - 21));
        if (text[19] != '.' || !parsed) {
            return std::nullopt;
        }
        sub = *parsed;
    }
    return time_point{sys_days{date}} + hours{*h} + minutes{*mi} + seconds{*s} + sub;
}

std::optional<duration> parse_duration(std::string_view text) {
    if (text.empty()) {
        return std::nullopt;
    }
    duration total{0};
    while (!text.empty()) {
        std::int64_t value = 0;
        const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (code != std::errc{} || value < 0) {
            return std::nullopt;
        }
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const unit* found = nullptr;
        for (const auto& u : units) {
            if (text.starts_with(u.name)) {
                found = &u;
                break;
            }
        }
        if (found == nullptr || value > (std::numeric_limits<std::int64_t>::max() - total.count()) /
                                            found->length.count()) {
            return std::nullopt;
        }
        text.remove_prefix(found->name.size());
        total += value * found->length;
    }
    return total;
}

std::string format_duration(duration d) {
    if (d < duration{0}) {
        return d == duration::min() ? "-" + format_duration(duration::max())
                                    : "-" + format_duration(-d);
    }
    static constexpr std::array order{0, 1, 3, 4, 2, 5, 6}; // d h m s ms us ns
    std::string out;
    for (const int index : order) {
        const auto& u = units.at(static_cast<std::size_t>(index));
        const auto count = d / u.length;
        if (count > 0) {
            out += std::to_string(count) + std::string{u.name};
            d -= count * u.length;
        }
    }
    return out.empty() ? "0s" : out;
}

} // namespace pomona
