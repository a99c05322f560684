#include "pomona/trace/event.hpp"

#include <algorithm>
#include <array>

namespace pomona::trace {
namespace {

constexpr std::array<std::string_view, 8> kind_names = {"request", "response", "failure", "message",
                                                        "state",   "step",     "fact",    "fault"};

} // namespace

void fields::set(std::string name, field_value value) {
    for (auto& [known, present] : items_) {
        if (known == name) {
            present = std::move(value);
            return;
        }
    }
    items_.emplace_back(std::move(name), std::move(value));
}

const field_value* fields::find(std::string_view name) const {
    const auto found =
        std::ranges::find_if(items_, [name](const auto& i) { return i.first == name; });
    return found == items_.end() ? nullptr : &found->second;
}

std::string_view fields::text(std::string_view name) const {
    const auto* found = find(name);
    const auto* value = found != nullptr ? std::get_if<std::string>(found) : nullptr;
    return value != nullptr ? std::string_view{*value} : std::string_view{};
}

std::optional<std::int64_t> fields::number(std::string_view name) const {
    const auto* found = find(name);
    const auto* value = found != nullptr ? std::get_if<std::int64_t>(found) : nullptr;
    return value != nullptr ? std::optional{*value} : std::nullopt;
}

std::optional<bool> fields::flag(std::string_view name) const {
    const auto* found = find(name);
    const auto* value = found != nullptr ? std::get_if<bool>(found) : nullptr;
    return value != nullptr ? std::optional{*value} : std::nullopt;
}

std::string_view to_text(kind k) {
    return kind_names.at(static_cast<std::size_t>(k));
}

std::optional<kind> parse_kind(std::string_view text) {
    const auto found = std::ranges::find(kind_names, text);
    if (found == kind_names.end()) {
        return std::nullopt;
    }
    return static_cast<kind>(found - kind_names.begin());
}

} // namespace pomona::trace
