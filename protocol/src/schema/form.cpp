#include "pomona/protocol/schema/form.hpp"

#include <algorithm>

namespace pomona::schema {
namespace {

/// Choice: deeper than any answer of the tables; recursion of a table ends here.
constexpr int deepest = 16;
/// The epoch of Apple's dates.
constexpr time_point reference_date{std::chrono::seconds{978307200}};

class former {
  public:
    former(const value_source& known, const context& c) : known_{known}, context_{c} {}

    void fill(plist::dict& d, std::span<const node> keys, const std::string& above, int depth) {
        std::vector<const node*> in_order;
        for (const auto& n : keys) {
            in_order.push_back(&n);
        }
        std::ranges::sort(in_order, {}, &node::order);
        for (const auto* n : in_order) {
            if (!n->is_free_key() && obstacle_of(*n, context_) == obstacle::none) {
                fill_key(d, *n, above, depth);
            }
        }
    }

  private:
    void fill_key(plist::dict& d, const node& n, const std::string& above, int depth) {
        const auto path = (above.empty() ? above : above + '.') + std::string{n.name()};
        if (auto* there = d.find(n.name())) {
            complete(*there, n, path, depth);
            return;
        }
        auto v = known_(path);
        if (!v && !n.is_required()) {
            return;
        }
        if (!v) {
            v = filler(n, path, depth);
        } else {
            complete(*v, n, path, depth);
        }
        d.set(n.name(), *std::move(v));
    }

    /// Required keys inside what the caller gave.
    void complete(plist::value& v, const node& n, const std::string& path, int depth) {
        if (depth > deepest) {
            return;
        }
        auto* d = v.get<plist::dict>();
        if (d != nullptr && n.shape == shape_kind::dictionary) {
            const auto* any = n.free_key();
            if (any == nullptr) {
                fill(*d, n.children(), path, depth + 1);
            }
            return;
        }
        if (auto* items = v.get<plist::array>(); items != nullptr && n.shape == shape_kind::array) {
            for (auto& item : *items) {
                complete(item, n.children().front(), path + "[]", depth + 1);
            }
        }
    }

    plist::value filler(const node& n, const std::string& path, int depth) {
        if (!n.values().empty()) {
            return of(n.values().front(), n.type);
        }
        const auto& x = n.extra();
        if (x.min != -unbounded) {
            return n.type == value_type::integer ? plist::value{static_cast<std::int64_t>(x.min)}
                                                 : plist::value{x.min};
        }
        if (const auto* assumed = n.default_value()) {
            return of(*assumed, n.type);
        }
        return by_type(n, path, depth);
    }

    plist::value by_type(const node& n, const std::string& path, int depth) {
        switch (n.type) {
        case value_type::string:
        case value_type::any:
            return std::string(n.extra().least_length, '0');
        case value_type::integer:
            return 0;
        case value_type::real:
            return 0.0;
        case value_type::boolean:
            return false;
        case value_type::date:
            return reference_date;
        case value_type::data:
            return bytes(n.extra().least_length);
        case value_type::array: {
            plist::array items;
            while (n.shape == shape_kind::array && depth < deepest &&
                   items.size() < n.extra().least_elements) {
                items.push_back(filler(n.children().front(), path + "[]", depth + 1));
            }
            return items;
        }
        case value_type::dictionary: {
            plist::dict d;
            if (n.shape == shape_kind::dictionary && depth < deepest) {
                fill(d, n.children(), path, depth + 1);
            }
            return d;
        }
        }
        return {};
    }

    static plist::value of(const constant& v, value_type t) {
        switch (v.kind) {
        case value_kind::text:
            return v.string.view();
        case value_kind::boolean:
            return v.integer != 0;
        case value_kind::real:
            return v.real;
        case value_kind::integer:
            break;
        }
        return t == value_type::real ? plist::value{static_cast<double>(v.integer)}
                                     : plist::value{v.integer};
    }

    const value_source& known_;
    const context& context_;
};

} // namespace

plist::dict form_answer(std::string_view request_type, const value_source& known,
                        const context& c) {
    plist::dict out;
    if (const auto* e = find_command(request_type)) {
        former{known, c}.fill(out, e->answer(), {}, 0);
    }
    return out;
}

} // namespace pomona::schema
