#include "schema_generate.hpp"

namespace pomona::schema {
namespace {

constexpr int deepest = 12; // recursion of the tables ends here

plist::value make(const node& n, const context& c, extent e, int depth);

plist::dict make_keys(std::span<const node> keys, const context& c, extent e, int depth) {
    plist::dict d;
    for (const auto& n : keys) {
        if (obstacle_of(n, c) != obstacle::none || (e == extent::minimal && !n.is_required())) {
            continue;
        }
        d.set(n.is_free_key() ? std::string_view{"com.example.any"} : n.name(),
              make(n, c, e, depth + 1));
    }
    return d;
}

plist::array make_array(const node& n, const context& c, extent e, int depth) {
    plist::array items;
    if (n.shape == shape_kind::none || depth > deepest) {
        return items;
    }
    const auto least = std::max<std::size_t>(n.extra().least_elements, e == extent::maximal);
    if (n.shape == shape_kind::any_of) {
        for (const auto& one : n.children()) {
            if (e == extent::maximal && obstacle_of(one, c) == obstacle::none) {
                items.emplace_back(make_keys(one.children(), c, e, depth + 1));
            }
        }
        return items;
    }
    const auto& element = n.children().front();
    if (element.shape == shape_kind::names && e == extent::maximal) {
        for (const auto& name : element.children()) {
            if (obstacle_of(name, c) == obstacle::none) {
                items.emplace_back(name.name());
            }
        }
        return items;
    }
    while (items.size() < least) {
        items.push_back(make(element, c, e, depth + 1));
    }
    return items;
}

plist::value make_constant(const constant& v, value_type t) {
    if (v.kind == value_kind::text) {
        return v.string.view();
    }
    if (v.kind == value_kind::boolean) {
        return v.integer != 0;
    }
    return t == value_type::real
               ? plist::value{v.kind == value_kind::real ? v.real : static_cast<double>(v.integer)}
               : plist::value{v.integer};
}

plist::value make_text(const node& n) {
    if (n.shape == shape_kind::names && !n.children().empty()) {
        return n.children().front().name();
    }
    switch (n.extra().format) {
    case text_format::uuid:
        return "0B9CE51B-5D3A-4A6C-8B0E-0123456789AB";
    case text_format::https:
        return "https://mdm.example/";
    case text_format::mac_address:
        return "02:00:00:00:00:01";
    case text_format::organization_identifier:
        return "12ab56";
    case text_format::six_digits:
        return "123456";
    case text_format::none:
        break;
    }
    const auto& e = n.extra();
    return std::string(e.least_length > 0 ? e.least_length : std::min(e.most_length, 5U), 'x');
}

plist::value make(const node& n, const context& c, extent e, int depth) {
    if (!n.values().empty()) {
        return make_constant(n.values().front(), n.type);
    }
    const auto& x = n.extra();
    switch (n.type) {
    case value_type::string:
    case value_type::any:
        return make_text(n);
    case value_type::integer:
        return x.min != -unbounded ? plist::value{static_cast<std::int64_t>(x.min)}
                                   : plist::value{1};
    case value_type::real:
        return x.min != -unbounded ? plist::value{x.min} : plist::value{0.5};
    case value_type::boolean:
        return true;
    case value_type::date:
        return time_point{};
    case value_type::data:
        return bytes(std::min(x.most_length, 4U));
    case value_type::array:
        return make_array(n, c, e, depth);
    case value_type::dictionary:
        return depth > deepest || n.shape == shape_kind::none
                   ? plist::value{plist::dict{}}
                   : plist::value{make_keys(n.children(), c, e, depth)};
    }
    return {};
}

} // namespace

plist::dict make_dictionary(std::span<const node> keys, const context& c, extent e) {
    return make_keys(keys, c, e, 0);
}

plist::dict make_command(const entry& command, const context& c, extent e) {
    auto d = make_dictionary(command.root.children(), c, e);
    d.set("RequestType", command.name());
    return d;
}

plist::value make_value(const node& n, const context& c, extent e) {
    return make(n, c, e, 0);
}

plist::value make_wrong_type(const node& n) {
    return n.type == value_type::boolean ? plist::value{"true"} : plist::value{true};
}

} // namespace pomona::schema
