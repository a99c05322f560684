#include "mac/ddm/catalogue.hpp"

#include "pomona/protocol/schema/validate.hpp"

#include <algorithm>

namespace pomona::sim::mac {
namespace {

using nlohmann::json;

schema::context context_of(const ddm_scope& where) {
    return {.os = schema::version::parse(where.os_version),
            .channel = where.user_channel ? schema::channel::user : schema::channel::device,
            .enrollment = where.user_enrollment ? schema::enrollment_kind::user
                                                : schema::enrollment_kind::device,
            .supervised = where.supervised};
}

const schema::entry* find_type(std::string_view type) {
    const auto* e = schema::find(schema::area::declaration, type);
    return e == nullptr || e->name() != type || !ddm::kind_of(type) ? nullptr : e;
}

bool names_asset(const schema::node& n, std::string_view asset_type, bool& any) {
    for (const auto& c : n.extra().asset_types.view()) {
        any = true;
        if (c.string.view() == asset_type) {
            return true;
        }
    }
    return std::ranges::any_of(n.children(), [&](const schema::node& child) {
        return names_asset(child, asset_type, any);
    });
}

std::size_t rank_of(const schema::node& n, const json& value) {
    const auto all = n.values();
    const auto found = std::ranges::find_if(all, [&](const schema::constant& c) {
        return value.is_string() && c.string.view() == value.get_ref<const std::string&>();
    });
    return static_cast<std::size_t>(found - all.begin());
}

bool contains(const json& list, const json& value) {
    return std::ranges::find(list, value) != list.end();
}

json combine_node(const schema::node& n, const json& a, const json& b);

json combine_objects(const schema::node& n, const json& a, const json& b) {
    auto out = a;
    for (const auto& [key, value] : b.items()) {
        const auto known = out.find(key);
        if (known == out.end()) {
            out[key] = value;
            continue;
        }
        const auto* child = n.child(key);
        child = child == nullptr ? n.free_key() : child;
        if (child != nullptr) {
            *known = combine_node(*child, *known, value);
        }
    }
    return out;
}

json combine_lists(schema::combination how, const json& a, const json& b) {
    auto out = json::array();
    for (const auto& one : a) {
        if (how != schema::combination::set_intersection || contains(b, one)) {
            out.push_back(one);
        }
    }
    for (const auto& one : b) {
        const bool add = how == schema::combination::array_append ||
                         (how == schema::combination::set_union && !contains(out, one));
        if (add) {
            out.push_back(one);
        }
    }
    return out;
}

/// Schema, `combinetype` (DDM-054).
json combine_node(const schema::node& n, const json& a, const json& b) {
    using how = schema::combination;
    const auto type = n.extra().combine;
    switch (type) {
    case how::boolean_or:
        return a == true || b == true;
    case how::boolean_and:
        return a == true && b == true;
    case how::number_min:
        return std::min(a, b);
    case how::number_max:
        return std::max(a, b);
    case how::enum_first:
        return rank_of(n, b) < rank_of(n, a) ? b : a;
    case how::enum_last:
        return rank_of(n, b) > rank_of(n, a) ? b : a;
    case how::array_append:
    case how::set_union:
    case how::set_intersection:
        return combine_lists(type, a, b);
    case how::first:
    case how::none:
        break;
    }
    return a.is_object() && b.is_object() ? combine_objects(n, a, b) : a;
}

void note(payload_problems& out, const schema::finding& f) {
    using kind = schema::finding::kind;
    switch (f.what) {
    case kind::unknown_key:
        out.unknown_keys.push_back(f.path);
        break;
    case kind::unavailable:
        // A key that this release does not know yet is as unknown as any.
        if (f.why == schema::obstacle::too_old || f.why == schema::obstacle::gone) {
            out.unknown_keys.push_back(f.path);
        } else if (out.invalid.empty()) {
            out.invalid = f.to_string();
        }
        break;
    case kind::missing:
    case kind::type:
    case kind::unknown_name:
        if (out.malformed.empty()) {
            out.malformed = f.to_string();
        }
        break;
    case kind::value:
    case kind::range:
    case kind::format:
    case kind::repetition:
        if (out.invalid.empty()) {
            out.invalid = f.to_string();
        }
        break;
    case kind::unknown_value:
    case kind::deprecated:
        break;
    }
}

const char* list_of(std::string_view type) {
    switch (*ddm::kind_of(type)) {
    case ddm::kind::activation:
        return "activations";
    case ddm::kind::asset:
        return "assets";
    case ddm::kind::configuration:
        return "configurations";
    case ddm::kind::management:
        break;
    }
    return "management";
}

} // namespace

support support_of(std::string_view type, const ddm_scope& where) {
    const auto* e = find_type(type);
    if (e == nullptr) {
        return support::unknown;
    }
    return schema::obstacle_of(*e, context_of(where)) == schema::obstacle::none
               ? support::yes
               : support::unavailable;
}

application application_of(std::string_view type) {
    const auto* e = find_type(type);
    if (e != nullptr && e->apply == schema::application::single) {
        return application::single;
    }
    return e != nullptr && e->apply == schema::application::combined ? application::combined
                                                                     : application::multiple;
}

bool takes_asset(std::string_view type, std::string_view asset_type) {
    const auto* e = find_type(type);
    bool any = false;
    return e == nullptr || names_asset(e->root, asset_type, any) || !any;
}

payload_problems check_payload(const held_declaration& d, const ddm_scope& where) {
    payload_problems out;
    for (const auto& f :
         schema::validate_declaration_payload(d.type, d.payload, context_of(where))) {
        note(out, f);
    }
    return out;
}

json combine(std::string_view type, std::span<const json* const> payloads) {
    const auto* e = find_type(type);
    json out = payloads.empty() ? json::object() : *payloads.front();
    if (application_of(type) != application::combined || e == nullptr) {
        return out;
    }
    for (std::size_t i = 1; i < payloads.size(); ++i) {
        out = combine_objects(e->root, out, *payloads[i]);
    }
    return out;
}

bool has_status_item(std::string_view name, const ddm_scope& where) {
    const auto* e = schema::find(schema::area::status, name);
    return e != nullptr && e->name() == name &&
           schema::obstacle_of(*e, context_of(where)) == schema::obstacle::none;
}

bool is_at_least(const ddm_scope& where, std::string_view os_version) {
    return schema::version::parse(where.os_version) >= schema::version::parse(os_version);
}

json client_capabilities(const ddm_scope& where,
                         const std::function<bool(std::string_view)>& delivers) {
    const auto context = context_of(where);
    json declarations{{"activations", json::array()},
                      {"assets", json::array()},
                      {"configurations", json::array()},
                      {"management", json::array()}};
    for (const auto& e : schema::entries(schema::area::declaration)) {
        if (ddm::kind_of(e.name()) && schema::obstacle_of(e, context) == schema::obstacle::none) {
            declarations[list_of(e.name())].push_back(e.name());
        }
    }
    auto status = json::array();
    for (const auto& e : schema::entries(schema::area::status)) {
        if (schema::obstacle_of(e, context) == schema::obstacle::none && delivers(e.name())) {
            status.push_back(e.name());
        }
    }
    return {{"supported-versions", json::array({"1.0.0"})},
            {"supported-features", json::object()},
            {"supported-payloads",
             {{"declarations", std::move(declarations)}, {"status-items", std::move(status)}}}};
}

} // namespace pomona::sim::mac
