#include "pomona/faults/settings.hpp"

#include <algorithm>
#include <charconv>

namespace pomona::faults {

namespace {

std::optional<std::int64_t> to_number(std::string_view text) {
    std::int64_t out = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, out);
    return code == std::errc{} && stop == end ? std::optional{out} : std::nullopt;
}

bool fits(const parameter& p, std::string_view text) {
    switch (p.type) {
    case parameter::kind::length: {
        const auto value = parse_duration(text);
        return value && *value >= std::chrono::milliseconds{p.min} &&
               *value <= std::chrono::milliseconds{p.max};
    }
    case parameter::kind::number: {
        const auto value = to_number(text);
        return value && *value >= p.min && *value <= p.max;
    }
    case parameter::kind::word:
        return std::ranges::find(p.words, text) != p.words.end();
    }
    return false;
}

std::string length_text(std::int64_t milliseconds) {
    return milliseconds == 0 ? "0s" : format_duration(std::chrono::milliseconds{milliseconds});
}

} // namespace

std::string bounds_of(const parameter& p) {
    switch (p.type) {
    case parameter::kind::length:
        return length_text(p.min) + " to " + length_text(p.max);
    case parameter::kind::number:
        return std::to_string(p.min) + " to " + std::to_string(p.max);
    case parameter::kind::word:
        break;
    }
    std::string out;
    for (const auto word : p.words) {
        out += (out.empty() ? "" : " or ") + std::string{word};
    }
    return out;
}

settings::settings(const std::vector<parameter>& known) {
    for (const auto& p : known) {
        texts_.emplace(p.name, p.standard);
    }
}

std::expected<void, std::string> settings::set(const parameter& p, std::string_view text) {
    if (!fits(p, text)) {
        return std::unexpected("`" + std::string{p.name} + "` has to be " + bounds_of(p) +
                               ", not `" + std::string{text} + "`");
    }
    texts_[std::string{p.name}] = text;
    return {};
}

duration settings::length(std::string_view name) const {
    return parse_duration(texts_.find(name)->second).value();
}

std::int64_t settings::number(std::string_view name) const {
    return to_number(texts_.find(name)->second).value();
}

const std::string& settings::word(std::string_view name) const {
    return texts_.find(name)->second;
}

} // namespace pomona::faults
