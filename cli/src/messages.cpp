#include "messages.hpp"

#include "message_facts.hpp"
#include "pomona/protocol/schema/tables.hpp"
#include "pomona/scenario/parse.hpp"
#include "pomona/scenario/source.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <iostream>
#include <set>
#include <vector>

namespace pomona::cli {
namespace {

using schema::area;
using schema::entry;

struct area_words {
    schema::area area;
    std::string_view one; ///< "a command"
};
constexpr std::array areas{area_words{area::command, "command of a server"},
                           area_words{area::checkin, "check-in message"},
                           area_words{area::error, "error document of a server"},
                           area_words{area::profile, "payload of a profile"},
                           area_words{area::declaration, "declaration"},
                           area_words{area::status, "status item"},
                           area_words{area::other, "other document"}};

std::string kind_of(const area_words& a, const entry& e) {
    const auto kind = schema::to_text(e.kind);
    return kind.empty() || e.kind == schema::entry_kind::base ? std::string{a.one}
           : a.area == area::declaration ? std::string{a.one} + " (" + std::string{kind} + ')'
                                         : std::string{kind} + " document";
}

bool is_shown(const entry& e, bool seed) {
    return seed || e.root.since() < schema::first_seed;
}

struct found {
    const area_words* where = nullptr;
    const entry* what = nullptr;
};

std::vector<found> entries_named(std::string_view name, bool seed) {
    std::vector<found> out;
    for (const auto& a : areas) {
        const auto of_type = schema::find_all(a.area, name);
        for (const auto& e : of_type) {
            if (is_shown(e, seed)) {
                out.push_back({&a, &e});
            }
        }
        const auto* one = of_type.empty() ? schema::find(a.area, name) : nullptr;
        if (one != nullptr && is_shown(*one, seed)) {
            out.push_back({&a, one});
        }
    }
    return out;
}

void print_keys(std::string_view title, const std::vector<const schema::node*>& keys,
                const fact_options& how) {
    if (keys.empty()) {
        return;
    }
    std::cout << '\n' << title << " (* required)\n";
    for (const auto& line : key_lines(keys, how)) {
        std::cout << "  " << line << '\n';
    }
}

void print(const found& f, const fact_options& how) {
    const auto& e = *f.what;
    std::cout << e.name() << ": " << kind_of(*f.where, e) << "\n\n";
    for (const auto& [name, value] : entry_facts(e, how)) {
        std::string padded{name};
        padded.resize(17, ' ');
        std::cout << "  " << padded << value << '\n';
    }
    const bool asks = f.where->area == area::command || f.where->area == area::checkin;
    print_keys(asks ? "Keys of the request" : "Keys", in_order(e.root.children()), how);
    print_keys("Keys of the answer", in_order(e.answer()), how);
    if (!e.reasons().empty()) {
        std::cout << "\nReason codes\n";
        for (const auto& r : e.reasons()) {
            std::cout << "  " << r.code() << '\n';
        }
    }
}

} // namespace

option seed_schema_option() {
    return {"seed-schema", 0, "", "With what Apple's schema has from a seed only (macOS 27)", "",
            false};
}

exit_code list_messages(bool json, bool seed) {
    auto all = nlohmann::ordered_json::array();
    const auto print_line = [](std::string name, std::string kind, const std::string& versions) {
        name.resize(std::max<std::size_t>(56, name.size() + 1), ' ');
        kind.resize(std::max<std::size_t>(28, kind.size() + 1), ' ');
        std::cout << name << kind << versions << '\n';
    };
    for (const auto& a : areas) {
        for (const auto& e : schema::entries(a.area)) {
            if (!is_shown(e, seed)) {
                continue;
            }
            const auto versions = version_text(e.root, seed);
            all.push_back({{"name", e.name()},
                           {"area", schema::to_text(a.area)},
                           {"kind", kind_of(a, e)},
                           {"versions", versions}});
            if (!json) {
                print_line(std::string{e.name()}, kind_of(a, e), versions);
            }
        }
    }
    for (const auto word : scenario::expectable_messages()) {
        all.push_back({{"name", word}, {"area", "scenario"}, {"kind", "what `expect` names"}});
        if (!json) {
            print_line(std::string{word}, "what `expect` names", {});
        }
    }
    if (json) {
        std::cout << all.dump(2) << '\n';
    }
    return exit_code::ok;
}

bool explain_message(const std::string& name, bool json, bool seed) {
    const auto all = entries_named(name, seed);
    const fact_options how{.seed = seed};
    if (json && !all.empty()) {
        auto list = nlohmann::ordered_json::array();
        for (const auto& f : all) {
            auto one = entry_json(*f.what, how);
            one["area"] = schema::to_text(f.where->area);
            list.push_back(std::move(one));
        }
        std::cout << list.dump(2) << '\n';
        return true;
    }
    for (const auto& f : all) {
        std::cout << (&f == all.data() ? "" : "\n");
        print(f, how);
    }
    return !all.empty();
}

std::string nearest_message(const std::string& name) {
    std::vector<std::string_view> names;
    for (const auto& a : areas) {
        for (const auto& e : schema::entries(a.area)) {
            names.push_back(e.name());
        }
    }
    return std::string{scenario::nearest(name, names)};
}

} // namespace pomona::cli
