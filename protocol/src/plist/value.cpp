#include "pomona/protocol/plist/value.hpp"

#include <algorithm>
#include <unordered_map>

namespace pomona::plist {

dict::dict() = default;
dict::dict(const dict&) = default;
dict::dict(dict&&) noexcept = default;
dict& dict::operator=(const dict&) = default;
dict& dict::operator=(dict&&) noexcept = default;
dict::~dict() = default;

dict::dict(std::initializer_list<entry> entries) : dict{from_entries({entries})} {}

dict dict::from_entries(std::vector<entry> entries) {
    dict out;
    std::unordered_map<std::string, std::size_t> place;
    place.reserve(entries.size());
    out.entries_.reserve(entries.size());
    for (auto& e : entries) {
        const auto [at, is_new] = place.try_emplace(e.key, out.entries_.size());
        if (is_new) {
            out.entries_.push_back(std::move(e));
        } else {
            out.entries_[at->second].item = std::move(e.item);
        }
    }
    return out;
}

const value* dict::find(std::string_view key) const {
    const auto found = std::ranges::find(entries_, key, &entry::key);
    return found == entries_.end() ? nullptr : &found->item;
}
value* dict::find(std::string_view key) {
    return const_cast<value*>(std::as_const(*this).find(key));
}

void dict::set(std::string_view key, value v) {
    if (auto* present = find(key)) {
        *present = std::move(v);
    } else {
        entries_.push_back({std::string{key}, std::move(v)});
    }
}

bool dict::erase(std::string_view key) {
    return std::erase_if(entries_, [key](const entry& e) { return e.key == key; }) != 0;
}

std::size_t dict::size() const {
    return entries_.size();
}
const entry* dict::begin() const {
    return entries_.data();
}
const entry* dict::end() const {
    return entries_.data() + entries_.size();
}

namespace {

template <class T>
const T* typed(const dict& d, std::string_view key) {
    const auto* found = d.find(key);
    return found ? found->get<T>() : nullptr;
}

} // namespace

const std::string* dict::string(std::string_view key) const {
    return typed<std::string>(*this, key);
}
const bytes* dict::data(std::string_view key) const {
    return typed<bytes>(*this, key);
}
const bool* dict::boolean(std::string_view key) const {
    return typed<bool>(*this, key);
}
const std::int64_t* dict::integer(std::string_view key) const {
    return typed<std::int64_t>(*this, key);
}
const array* dict::list(std::string_view key) const {
    return typed<array>(*this, key);
}
const dict* dict::dictionary(std::string_view key) const {
    return typed<dict>(*this, key);
}

bool dict::operator==(const dict& other) const {
    return entries_ == other.entries_;
}

std::string_view value::type_name() const {
    constexpr std::string_view names[] = {"string", "integer", "real",  "boolean",
                                          "data",   "date",    "array", "dictionary"};
    return names[storage_.index()];
}

bool value::operator==(const value& other) const {
    return storage_ == other.storage_;
}

} // namespace pomona::plist
