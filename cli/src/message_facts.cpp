#include "message_facts.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <functional>

namespace pomona::cli {
namespace {

using schema::node;
using schema::shape_kind;
using schema::value_type;

/// Choice: nothing in the tables is as deep; recursion is told by `around`.
constexpr std::size_t deepest = 16;

std::string joined(const std::vector<std::string>& items, std::string_view between = ", ") {
    std::string out;
    for (const auto& i : items) {
        out += out.empty() ? "" : between;
        out += i;
    }
    return out;
}

std::string text_of(const schema::constant& c) {
    switch (c.kind) {
    case schema::value_kind::text:
        return c.string.size == 0 ? "\"\"" : std::string{c.string.view()};
    case schema::value_kind::boolean:
        return c.integer != 0 ? "true" : "false";
    case schema::value_kind::integer:
        return std::to_string(c.integer);
    case schema::value_kind::real:
        break;
    }
    return nlohmann::json(c.real).dump();
}

std::vector<std::string> texts_of(std::span<const schema::constant> all) {
    std::vector<std::string> out;
    for (const auto& c : all) {
        out.push_back(text_of(c));
    }
    return out;
}

std::string number(double n) {
    return n == static_cast<double>(static_cast<std::int64_t>(n))
               ? std::to_string(static_cast<std::int64_t>(n))
               : nlohmann::json(n).dump();
}

std::vector<std::string> bits(std::uint8_t set, std::span<const std::string_view> names) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if ((set >> i & 1U) != 0) {
            out.emplace_back(names[i]);
        }
    }
    return out;
}
constexpr std::array<std::string_view, 3> need_names{"supervised", "automated device enrollment",
                                                     "user-approved enrollment"};
constexpr std::array<std::string_view, 4> enrollment_names{"supervised", "device", "user", "local"};
constexpr std::array<std::string_view, 2> scope_names{"system", "user"};
constexpr std::array<std::string_view, 2> channel_names{"device", "user"};

std::string_view user_enrollment_text(schema::user_enrollment u) {
    static constexpr std::array<std::string_view, 5> names{"", "allowed", "not available", "needed",
                                                           "ignored"};
    return names.at(static_cast<std::size_t>(u));
}

std::string right_text(const node& n) {
    if (n.right == node::right_by_query) {
        return "by query";
    }
    return n.right == 0 ? "none" : std::to_string(n.right);
}

std::string range_text(const schema::extra_facts& x) {
    if (x.min != -schema::unbounded && x.max != schema::unbounded) {
        return number(x.min) + " to " + number(x.max);
    }
    if (x.min != -schema::unbounded) {
        return "at least " + number(x.min);
    }
    return x.max != schema::unbounded ? "at most " + number(x.max) : std::string{};
}

std::string count_text(std::uint32_t least, std::uint32_t most, std::string_view what) {
    if (least == 0 && most == schema::unlimited) {
        return {};
    }
    return (least == most ? std::to_string(least)
                          : std::to_string(least) + " to " + std::to_string(most)) +
           ' ' + std::string{what};
}

std::string_view format_text(schema::text_format f) {
    static constexpr std::array<std::string_view, 6> names{
        "", "a UUID", "an https URL", "a MAC address", "6 or 9 letters or digits", "6 digits"};
    return names.at(static_cast<std::size_t>(f));
}

/// The marks in which a key differs from what is around it.
std::vector<std::string> marks(const node& n, bool seed) {
    std::vector<std::string> out;
    const auto add = [&](std::string t) {
        if (!t.empty()) {
            out.push_back(std::move(t));
        }
    };
    if (n.since().is_stated()) {
        add("from " + n.since().to_string());
    }
    if (n.deprecated().is_stated() && (seed || n.deprecated() < schema::first_seed)) {
        add("deprecated " + n.deprecated().to_string());
    }
    if (n.removed().is_stated() && (seed || n.removed() < schema::first_seed)) {
        add("gone " + n.removed().to_string());
    }
    if (n.channel != schema::channels::inherited) {
        add(joined(bits(n.channel, channel_names), " and ") + " channel");
    }
    if (n.user_enrollment_ != 0) {
        add("user enrollment: " + std::string{user_enrollment_text(n.in_user_enrollment())});
    }
    if (n.right != node::right_not_stated) {
        add("right " + right_text(n));
    }
    if (n.needs != 0) {
        add("needs " + joined(bits(n.needs, need_names), " and "));
    }
    return out;
}

/// "array of string", "dictionary"
std::string type_text(const node& n) {
    std::string out{schema::to_text(n.type)};
    if (n.shape == shape_kind::array && n.type == value_type::array) {
        out += " of " + type_text(n.children().front());
    } else if (n.shape == shape_kind::any_of) {
        out += " of dictionary";
    }
    return out;
}

/// What may be said of a value, of an array's elements too.
void value_facts(const node& n, std::vector<std::string>& out) {
    const auto add = [&](std::string t) {
        if (!t.empty()) {
            out.push_back(std::move(t));
        }
    };
    const auto& x = n.extra();
    add(range_text(x));
    if (!n.values().empty()) {
        add("one of " + joined(texts_of(n.values()), " | "));
    }
    add(std::string{format_text(x.format)});
    add(count_text(x.least_length, x.most_length,
                   n.type == value_type::data ? "bytes" : "characters"));
    add(count_text(x.least_elements, x.most_elements, "elements"));
    if (x.asset_types.count > 0) {
        add("names an asset: " + joined(texts_of(x.asset_types.view()), " | "));
    }
    if (const auto* d = n.default_value()) {
        add("default " + text_of(*d));
    }
    if (n.shape == shape_kind::array && n.type == value_type::array) {
        value_facts(n.children().front(), out);
    }
}

class tree {
  public:
    explicit tree(const fact_options& how) : how_{how} {}

    void keys(const std::vector<const node*>& all) {
        for (const auto* n : all) {
            if (how_.seed || n->since() < schema::first_seed) {
                key(*n);
            }
        }
    }
    std::vector<std::string> lines;

  private:
    void key(const node& n) {
        auto name = n.is_free_key() ? std::string{"(any name)"} : std::string{n.name()};
        line(name + (n.is_required() ? "*" : ""), type_text(n), n);
        below(n);
    }

    void line(const std::string& name, const std::string& type, const node& n) {
        std::vector<std::string> facts;
        value_facts(n, facts);
        for (auto& m : marks(n, how_.seed)) {
            facts.push_back(std::move(m));
        }
        auto text = std::string(around_.size() * 2, ' ') + name;
        text.resize(std::max<std::size_t>(text.size() + 1, 40), ' ');
        text += type;
        lines.push_back(facts.empty() ? text : text + ", " + joined(facts));
    }

    void below(const node& n) {
        const auto* children = n.children().data();
        if (n.children().empty() || around_.size() >= deepest) {
            return;
        }
        if (std::ranges::find(around_, children) != around_.end()) {
            lines.push_back(std::string(around_.size() * 2 + 2, ' ') + "(the same again)");
            return;
        }
        around_.push_back(children);
        switch (n.shape) {
        case shape_kind::dictionary:
            keys(n.children_in_order());
            break;
        case shape_kind::array:
            around_.pop_back(); // an element is no level of its own
            below(n.children().front());
            return;
        case shape_kind::any_of:
            members(n);
            break;
        case shape_kind::names:
            for (const auto* one : n.children_in_order()) {
                if (how_.seed || one->since() < schema::first_seed) {
                    line(std::string{one->name()}, "value", *one);
                }
            }
            break;
        case shape_kind::none:
            break;
        }
        around_.pop_back();
    }

    void members(const node& n) {
        for (const auto* one : n.children_in_order()) {
            const auto* item = one->child("Item");
            line("Item " + text_of(item->values().front()), "dictionary", *one);
            around_.push_back(one->children().data());
            for (const auto* k : one->children_in_order()) {
                if (k != item) {
                    key(*k);
                }
            }
            around_.pop_back();
        }
    }

    fact_options how_;
    std::vector<const node*> around_;
};

nlohmann::ordered_json node_json(const node& n, const fact_options& how,
                                 std::vector<const node*>& around) {
    nlohmann::ordered_json out;
    if (!n.name().empty()) {
        out["name"] = n.name();
    } else if (n.is_free_key()) {
        out["any_name"] = true;
    }
    out["type"] = schema::to_text(n.type);
    if (n.is_required()) {
        out["required"] = true;
    }
    std::vector<std::string> facts;
    value_facts(n, facts);
    for (auto& m : marks(n, how.seed)) {
        facts.push_back(std::move(m));
    }
    if (!facts.empty()) {
        out["facts"] = facts;
    }
    const auto* first = n.children().data();
    if (n.children().empty() || around.size() >= deepest ||
        std::ranges::find(around, first) != around.end()) {
        return out;
    }
    around.push_back(first);
    auto& below = out[n.shape == shape_kind::dictionary ? "keys"
                      : n.shape == shape_kind::names    ? "values"
                                                        : "elements"];
    for (const auto* c : n.children_in_order()) {
        if (how.seed || c->since() < schema::first_seed) {
            below.push_back(node_json(*c, how, around));
        }
    }
    around.pop_back();
    return out;
}

} // namespace

std::vector<const node*> in_order(std::span<const node> keys) {
    std::vector<const node*> out;
    for (const auto& n : keys) {
        out.push_back(&n);
    }
    std::ranges::sort(out, {}, &node::order);
    return out;
}

std::string version_text(const node& n, bool seed) {
    const auto known = [&](schema::version v) {
        return v.is_stated() && (seed || v < schema::first_seed);
    };
    std::string out = n.since().is_stated() ? "macOS " + n.since().to_string() : "any macOS";
    out += known(n.removed())      ? ", gone since " + n.removed().to_string()
           : n.since().is_stated() ? " and later"
                                   : "";
    return known(n.deprecated()) ? out + ", deprecated since " + n.deprecated().to_string() : out;
}

std::vector<std::pair<std::string, std::string>> entry_facts(const schema::entry& e,
                                                             const fact_options& how) {
    const auto& n = e.root;
    std::vector<std::pair<std::string, std::string>> out{{"versions", version_text(n, how.seed)}};
    if (e.type() != e.name()) {
        out.emplace_back("type", e.type());
    }
    // Declarations and status items say scopes and enrollments instead of channels.
    if (n.scopes != 0) {
        out.emplace_back("scopes", joined(bits(n.scopes, scope_names)));
    } else {
        out.emplace_back("channels",
                         n.channel == 0 ? "device, user" : joined(bits(n.channel, channel_names)));
    }
    if (n.enrollments != 0) {
        out.emplace_back("enrollments", joined(bits(n.enrollments, enrollment_names)));
    } else {
        out.emplace_back("user enrollment",
                         n.user_enrollment_ == 0
                             ? "allowed"
                             : std::string{user_enrollment_text(n.in_user_enrollment())});
    }
    if (n.right != node::right_not_stated) {
        out.emplace_back("access right", right_text(n));
    }
    if (n.needs != 0) {
        out.emplace_back("needs", joined(bits(n.needs, need_names)));
    }
    static constexpr std::array<std::string_view, 4> apply{"", "single", "multiple", "combined"};
    if (e.apply != schema::application::none) {
        out.emplace_back("several", apply.at(static_cast<std::size_t>(e.apply)));
    }
    if (n.allows_multiple() != schema::mark::inherited) {
        out.emplace_back("several", n.allows_multiple() == schema::mark::yes ? "yes" : "one only");
    }
    if (n.allows_manual_install() == schema::mark::no) {
        out.emplace_back("by hand", "not installable");
    }
    return out;
}

std::vector<std::string> key_lines(const std::vector<const node*>& keys, const fact_options& how) {
    tree t{how};
    t.keys(keys);
    return std::move(t.lines);
}

nlohmann::ordered_json entry_json(const schema::entry& e, const fact_options& how) {
    nlohmann::ordered_json out{{"name", e.name()}};
    for (const auto& [name, value] : entry_facts(e, how)) {
        out[name] = value;
    }
    std::vector<const node*> around;
    const auto add = [&](const char* title, std::span<const node> keys) {
        for (const auto* n : in_order(keys)) {
            if (how.seed || n->since() < schema::first_seed) {
                out[title].push_back(node_json(*n, how, around));
            }
        }
    };
    add("keys", e.root.children());
    add("answer", e.answer());
    for (const auto& r : e.reasons()) {
        out["reasons"].push_back(r.code());
    }
    return out;
}

} // namespace pomona::cli
