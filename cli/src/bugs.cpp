#include "bugs.hpp"

#include "pomona/scenario/source.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace pomona::cli {
namespace {

nlohmann::ordered_json to_json(const server::defect_facts& d) {
    return {{"id", d.name},
            {"summary", d.summary},
            {"reference", d.reference},
            {"checks", std::vector<std::string>(d.caught_by.begin(), d.caught_by.end())},
            {"scenario", "scenarios/bugs/" + std::string{d.name} + ".yaml"}};
}

std::string checks_of(const server::defect_facts& d) {
    std::string out;
    for (const auto id : d.caught_by) {
        out += (out.empty() ? "" : ", ") + std::string{id};
    }
    return out;
}

} // namespace

option bug_option() {
    return {"bug", 0,   "ID", "Plants a known defect in the reference server (`pomona list bugs`)",
            "",    true};
}

std::expected<server::defects, exit_code> read_bugs(const settings& s) {
    server::defects out;
    for (const auto& name : s.texts("bug")) {
        const auto* found = server::find_defect(name);
        if (found == nullptr) {
            const auto near = nearest_bug(name);
            return std::unexpected(usage_error("there is no bug `" + name + "`",
                                               near.empty() ? "`pomona list bugs` shows them"
                                                            : "did you mean `" + near + "`?"));
        }
        out.plant(found->what);
    }
    return out;
}

exit_code list_bugs(bool json) {
    auto all = nlohmann::ordered_json::array();
    for (const auto& d : server::known_defects()) {
        all.push_back(to_json(d));
        if (!json) {
            std::string name{d.name};
            name.resize(32, ' ');
            auto checks = checks_of(d);
            checks.resize(std::max<std::size_t>(checks.size() + 1, 24), ' ');
            std::cout << name << checks << d.summary << '\n';
        }
    }
    if (json) {
        std::cout << all.dump(2) << '\n';
    }
    return exit_code::ok;
}

bool explain_bug(const std::string& name, bool json) {
    const auto* d = server::find_defect(name);
    if (d == nullptr) {
        return false;
    }
    if (json) {
        std::cout << to_json(*d).dump(2) << '\n';
        return true;
    }
    const std::string file = "scenarios/bugs/" + name + ".yaml";
    std::cout << name << ": " << d->summary << "\n\n  caught by  " << checks_of(*d)
              << "\n  seen as    " << (d->reference.empty() ? "no public report" : d->reference)
              << "\n  shown by   pomona run " << file << " --world virtual --strict --bug " << name
              << "\n  to try     pomona serve --bug " << name << '\n';
    return true;
}

std::string nearest_bug(const std::string& name) {
    std::vector<std::string_view> names;
    for (const auto& d : server::known_defects()) {
        names.push_back(d.name);
    }
    return scenario::nearest(name, names);
}

} // namespace pomona::cli
