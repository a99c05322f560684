#include "pomona/protocol/schema/tables.hpp"

#include "schema/store.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace pomona::schema {

version version::parse(std::string_view text) {
    std::array<unsigned, 3> part{};
    const char* at = text.data();
    const char* const end = at + text.size();
    for (auto& p : part) {
        const auto [rest, bad] = std::from_chars(at, end, p);
        if (bad != std::errc{} || p > 255) {
            p = 0;
            break;
        }
        at = rest;
        if (at == end || *at != '.') {
            break;
        }
        ++at;
    }
    return {part[0], part[1], part[2]};
}

std::string version::to_string() const {
    auto out = std::to_string(packed >> 16U) + '.' + std::to_string(packed >> 8U & 0xffU);
    if ((packed & 0xffU) != 0) {
        out += '.' + std::to_string(packed & 0xffU);
    }
    return out;
}

std::string_view text::view() const {
    return {store::text + at, size};
}

std::span<const constant> constants::view() const {
    return {store::values + first, count};
}

const constant* node::default_value() const {
    return default_ == no_index ? nullptr : store::values + default_;
}

const extra_facts& node::extra() const {
    static constexpr extra_facts nothing;
    return has_extra() ? store::extras[extra_] : nothing;
}

std::span<const node> node::children() const {
    return {store::nodes + first_child_, children_};
}

std::vector<const node*> node::children_in_order() const {
    std::vector<const node*> out;
    for (const auto& n : children()) {
        out.push_back(&n);
    }
    std::ranges::sort(out, {}, [](const node* n) { return n->order; });
    return out;
}

const node* node::child(std::string_view name) const {
    const auto all = children();
    const auto found = std::ranges::lower_bound(all, name, {}, &node::name);
    return found == all.end() || found->name() != name || found->is_free_key() ? nullptr : &*found;
}

const node* node::free_key() const {
    const auto all = children();
    return all.empty() || !all.front().is_free_key() ? nullptr : all.data();
}

std::span<const node> entry::answer() const {
    return {store::nodes + first_answer_, answers_};
}

std::span<const reason> entry::reasons() const {
    return {store::reasons + first_reason_, reasons_};
}

std::span<const entry> entries(area a) {
    const auto range = store::areas[static_cast<std::size_t>(a)];
    return {store::entries + range.first, range.count};
}

std::span<const entry> find_all(area a, std::string_view type) {
    const auto found = std::ranges::equal_range(entries(a), type, {}, &entry::type);
    return {found.begin(), found.end()};
}

const entry* find(area a, std::string_view name) {
    if (const auto same = find_all(a, name); !same.empty()) {
        return same.data();
    }
    // "com.apple.MCX(WiFi)": one of several of a type.
    for (const auto& one : find_all(a, name.substr(0, name.find('(')))) {
        if (one.name() == name) {
            return &one;
        }
    }
    return nullptr;
}

std::string_view release() {
    return store::release;
}

std::string_view to_text(value_type t) {
    static constexpr std::array<std::string_view, 9> names{
        "string", "integer", "real", "boolean", "date", "data", "array", "dictionary", "any"};
    return names.at(static_cast<std::size_t>(t));
}

std::string_view to_text(area a) {
    static constexpr std::array<std::string_view, 7> names{
        "command", "checkin", "error", "profile", "declaration", "status", "other"};
    return names.at(static_cast<std::size_t>(a));
}

std::string_view to_text(entry_kind k) {
    static constexpr std::array<std::string_view, 9> names{
        "",           "base",       "activation", "configuration", "asset",
        "credential", "management", "protocol",   "envelope"};
    return names.at(static_cast<std::size_t>(k));
}

} // namespace pomona::schema
