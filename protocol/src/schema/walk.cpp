#include "schema/walk.hpp"

#include "schema/text_format.hpp"

#include <algorithm>

namespace pomona::schema {
namespace {

const node* named(std::span<const node> keys, std::string_view name) {
    const auto found = std::ranges::lower_bound(keys, name, {}, &node::name);
    return found == keys.end() || found->is_free_key() || found->name() != name ? nullptr : &*found;
}

const node* free_key(std::span<const node> keys) {
    return keys.empty() || !keys.front().is_free_key() ? nullptr : keys.data();
}

std::string quoted(std::string_view text) {
    constexpr std::size_t most = 60;
    return '"' + std::string{text.substr(0, most)} + (text.size() > most ? "…\"" : "\"");
}

std::string shown(const plist::value& v) {
    if (const auto* text = v.get<std::string>()) {
        return quoted(*text);
    }
    if (const auto* number = v.get<std::int64_t>()) {
        return std::to_string(*number);
    }
    if (const auto* number = v.get<double>()) {
        return std::to_string(*number);
    }
    return "of another type";
}

bool is_null(const plist::value& v) {
    const auto* data = v.get<bytes>();
    return data != nullptr && std::ranges::equal(*data, as_bytes(json_null));
}

bool equals(const constant& allowed, const plist::value& v) {
    switch (allowed.kind) {
    case value_kind::text: {
        const auto* text = v.get<std::string>();
        return text != nullptr && *text == allowed.string.view();
    }
    case value_kind::integer:
    case value_kind::real: {
        const double wanted =
            allowed.kind == value_kind::real ? allowed.real : static_cast<double>(allowed.integer);
        if (const auto* number = v.get<std::int64_t>()) {
            return static_cast<double>(*number) == wanted;
        }
        const auto* number = v.get<double>();
        return number != nullptr && *number == wanted;
    }
    case value_kind::boolean: {
        const auto* flag = v.get<bool>();
        return flag != nullptr && *flag == (allowed.integer != 0);
    }
    }
    return false;
}

std::optional<double> as_number(const plist::value& v) {
    if (const auto* number = v.get<std::int64_t>()) {
        return static_cast<double>(*number);
    }
    const auto* number = v.get<double>();
    return number == nullptr ? std::nullopt : std::optional{*number};
}

bool is_bounded(const extra_facts& e) {
    return e.min != -unbounded || e.max != unbounded;
}

/// What is not a number is within no bounds.
bool is_within(const extra_facts& e, double number) {
    return !is_bounded(e) || (number >= e.min && number <= e.max);
}

std::string with_article(std::string_view type) {
    return (type.starts_with('i') || type.starts_with('a') ? "an " : "a ") + std::string{type};
}

} // namespace

std::string place::to_string() const {
    auto out = up == nullptr ? std::string{} : up->to_string();
    if (key.empty()) {
        return out + '[' + std::to_string(index) + ']';
    }
    return (out.empty() ? out : out + '.') + std::string{key};
}

void walk::report(finding::kind what, const place* at, std::string detail) {
    add({.what = what, .path = {}, .detail = std::move(detail), .release = {}}, at);
}

void walk::add(finding f, const place* at) {
    // Notes must not crowd out what is wrong.
    auto& count = f.is_problem() ? problems_ : notes_;
    if (count >= most_findings) {
        return;
    }
    ++count;
    f.path = at == nullptr ? std::string{} : at->to_string();
    out_.push_back(std::move(f));
}

bool walk::is_available(const node& n, const place* at, bool left_out) {
    const auto why = obstacle_of(n, context_);
    if (why == obstacle::none) {
        if (is_deprecated(n, context_)) {
            add({.what = finding::kind::deprecated,
                 .path = {},
                 .detail = "is deprecated since " + n.deprecated().to_string(),
                 .release = n.deprecated()},
                at);
        }
        return true;
    }
    add({.what = finding::kind::unavailable,
         .why = why,
         .is_left_out = left_out,
         .path = {},
         .detail = std::string{to_text(why)},
         .release = why == obstacle::gone ? n.removed() : n.since()},
        at);
    return false;
}

void walk::dictionary(nodes keys, const plist::dict& d, const place* at, nodes also) {
    for (const auto& [key, item] : d) {
        const place here{.up = at, .key = key};
        const auto* n = named(keys, key);
        if (n == nullptr) {
            n = named(also, key);
        }
        if (n == nullptr) {
            n = free_key(keys);
        }
        if (n == nullptr) {
            report(finding::kind::unknown_key, &here, "is not a key that the schema lists there");
        } else if (is_available(*n, &here)) {
            value(*n, item, &here);
        }
    }
    // Apple, "StatusReport": of an element that is gone, only the identifier is told.
    const auto* removed = notation_ == notation::json ? d.boolean("_removed") : nullptr;
    if (removed != nullptr && *removed) {
        return;
    }
    missing(keys, d, at);
    missing(also, d, at);
}

void walk::missing(nodes keys, const plist::dict& d, const place* at) {
    for (const auto& n : keys) {
        // A free key that is "required" only says that something is there.
        if (n.is_required() && !n.is_free_key() && obstacle_of(n, context_) == obstacle::none &&
            !d.contains(n.name())) {
            const place here{.up = at, .key = n.name()};
            report(finding::kind::missing, &here, "is required and missing");
        }
    }
}

void walk::value(const node& n, const plist::value& v, const place* at) {
    if (n.type == value_type::any) {
        return;
    }
    if (!fits(n.type, v)) {
        if (n.may_be_single() && v.get<plist::dict>() != nullptr && n.shape == shape_kind::array) {
            value(n.children().front(), v, at);
            return;
        }
        const auto is = is_null(v) ? std::string{"null"} : with_article(v.type_name());
        report(finding::kind::type, at, "is " + is + ", not " + with_article(to_text(n.type)));
        return;
    }
    if (n.type == value_type::dictionary) {
        if (n.shape == shape_kind::dictionary) {
            dictionary(n.children(), *v.get<plist::dict>(), at);
        }
    } else if (n.type == value_type::array) {
        array(n, *v.get<plist::array>(), at);
    } else {
        scalar(n, v, at);
    }
}

bool walk::fits(value_type t, const plist::value& v) const {
    const bool json = notation_ == notation::json;
    switch (t) {
    case value_type::string:
        return v.get<std::string>() != nullptr;
    case value_type::integer:
        return v.get<std::int64_t>() != nullptr;
    case value_type::real: // a whole number may be written without a point
        return v.get<double>() != nullptr || v.get<std::int64_t>() != nullptr;
    case value_type::boolean:
        return v.get<bool>() != nullptr;
    case value_type::date:
        return json ? v.get<std::string>() != nullptr : v.get<time_point>() != nullptr;
    case value_type::data:
        return json ? v.get<std::string>() != nullptr : v.get<bytes>() != nullptr;
    case value_type::array:
        return v.get<plist::array>() != nullptr;
    case value_type::dictionary:
        return v.get<plist::dict>() != nullptr;
    case value_type::any:
        return true;
    }
    return false;
}

void walk::array(const node& n, const plist::array& items, const place* at) {
    if (n.has_extra()) {
        const auto& e = n.extra();
        if (items.size() < e.least_elements || items.size() > e.most_elements) {
            report(finding::kind::repetition, at,
                   "has " + std::to_string(items.size()) + " elements, not " +
                       std::to_string(e.least_elements) + " to " + std::to_string(e.most_elements));
        }
    }
    if (n.shape == shape_kind::none) {
        return;
    }
    std::size_t i = 0;
    for (const auto& item : items) {
        const place here{.up = at, .key = {}, .index = i++};
        if (n.shape == shape_kind::any_of) {
            member(n, item, &here);
        } else {
            value(n.children().front(), item, &here);
        }
    }
}

void walk::member(const node& n, const plist::value& item, const place* at) {
    const auto* d = item.get<plist::dict>();
    if (d == nullptr) {
        report(finding::kind::type, at,
               "is " + with_article(item.type_name()) + ", not a dictionary");
        return;
    }
    const place here{.up = at, .key = "Item"};
    const auto* which = d->find("Item");
    if (which == nullptr) {
        report(finding::kind::missing, &here, "is required and missing");
        return;
    }
    for (const auto& one : n.children()) {
        const auto* tag = one.child("Item");
        if (tag != nullptr && equals(tag->values().front(), *which)) {
            if (is_available(one, at)) {
                dictionary(one.children(), *d, at);
            }
            return;
        }
    }
    report(which->get<std::string>() == nullptr ? finding::kind::type : finding::kind::value, &here,
           "is " + shown(*which) + ", which is no item of macOS");
}

void walk::scalar(const node& n, const plist::value& v, const place* at) {
    if (n.shape == shape_kind::names) {
        const auto& text = *v.get<std::string>();
        if (const auto* one = named(n.children(), text)) {
            is_available(*one, at, true);
        } else {
            report(finding::kind::unknown_value, at,
                   "is " + quoted(text) + ", which macOS has not");
        }
        return;
    }
    if (n.values_.count > 0) {
        listed(n, v, at);
    } else if (const auto number = as_number(v); number && !is_within(n.extra(), *number)) {
        report(finding::kind::range, at, "is " + shown(v) + ", out of its range");
    }
    if (n.has_extra()) {
        lengths(n.extra(), v, at);
    }
}

void walk::listed(const node& n, const plist::value& v, const place* at) {
    const auto allowed = n.values();
    // A list beside a range: values that are allowed beyond it (0 for "never").
    const auto number = as_number(v);
    const bool in_range = is_bounded(n.extra()) && number && is_within(n.extra(), *number);
    if (!in_range &&
        std::ranges::none_of(allowed, [&](const constant& a) { return equals(a, v); })) {
        report(finding::kind::value, at,
               "is " + shown(v) + ", which is none of the " + std::to_string(allowed.size()) +
                   " allowed");
    }
}

void walk::lengths(const extra_facts& e, const plist::value& v, const place* at) {
    const auto* text = v.get<std::string>();
    const auto* data = v.get<bytes>();
    if (text != nullptr && !has_format(*text, e.format)) {
        report(finding::kind::format, at, "has not the form that the schema asks for");
    }
    if (e.least_length > 0 || e.most_length != unlimited) {
        const auto length = text != nullptr   ? characters(*text)
                            : data != nullptr ? data->size()
                                              : 0;
        if ((text != nullptr || data != nullptr) &&
            (length < e.least_length || length > e.most_length)) {
            report(finding::kind::format, at,
                   "has the length " + std::to_string(length) + ", not " +
                       std::to_string(e.least_length) + " to " + std::to_string(e.most_length));
        }
    }
}

} // namespace pomona::schema
