#include "command.hpp"
#include "pomona/checks/check.hpp"
#include "pomona/scenario/source.hpp"
#include "pomona/sim/mac/persona.hpp"
#include "settings.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>

namespace pomona::cli {
namespace {

std::string padded(std::string_view text, std::size_t width) {
    std::string out{text};
    out.resize(std::max(width, out.size() + 1), ' ');
    return out;
}

nlohmann::ordered_json to_json(const checks::check& c) {
    return {{"id", c.id},
            {"level", checks::to_text(c.level)},
            {"basis", checks::to_text(c.basis)},
            {"subject", checks::to_text(c.subject)},
            {"rule", c.rule},
            {"source", c.source},
            {"bugs", c.bugs}};
}

exit_code list_checks(bool json) {
    if (json) {
        auto all = nlohmann::ordered_json::array();
        for (const auto& c : checks::catalogue()) {
            all.push_back(to_json(c));
        }
        std::cout << all.dump(2) << '\n';
        return exit_code::ok;
    }
    for (const auto& c : checks::catalogue()) {
        std::cout << padded(c.id, 14) << padded(checks::to_text(c.level), 8)
                  << padded(checks::to_text(c.basis), 12) << padded(checks::to_text(c.subject), 15)
                  << c.rule << '\n';
    }
    return exit_code::ok;
}

exit_code list_personas(bool json) {
    auto all = nlohmann::ordered_json::array();
    for (const auto& name : sim::mac::persona_names()) {
        const auto* p = sim::mac::find_persona(name);
        all.push_back({{"name", name},
                       {"model", p->model},
                       {"os", p->os_version},
                       {"build", p->build_version}});
        if (!json) {
            std::cout << padded(name, 28) << padded(p->model, 16)
                      << padded("macOS " + p->os_version, 14) << p->build_version << '\n';
        }
    }
    if (json) {
        std::cout << all.dump(2) << '\n';
    }
    return exit_code::ok;
}

} // namespace

exit_code list_command(const arguments& args) {
    const auto s =
        settings::read({"list", "checks|personas", "Lists what this version knows.",
                        "pomona list checks", with_common({{"json", 0, "", "As JSON", "", false}})},
                       args);
    if (!s) {
        return s.error();
    }
    if (s->operands().size() != 1) {
        return usage_error("`pomona list` takes one word",
                           "pomona list checks, or pomona list personas");
    }
    const auto& what = s->operands().front();
    if (what == "checks") {
        return list_checks(s->flag("json"));
    }
    if (what == "personas") {
        return list_personas(s->flag("json"));
    }
    const auto near = scenario::nearest(what, {"checks", "personas"});
    return usage_error("there is no list of `" + what + "`",
                       near.empty() ? "pomona list checks, or pomona list personas"
                                    : "did you mean `" + near + "`?");
}

exit_code explain_command(const arguments& args) {
    const auto s = settings::read(
        {"explain", "CHECK", "Says what a check judges, how much it weighs and how we know.",
         "pomona explain MDM-CHK-004", with_common({{"json", 0, "", "As JSON", "", false}})},
        args);
    if (!s) {
        return s.error();
    }
    if (s->operands().size() != 1) {
        return usage_error("`pomona explain` takes one check id",
                           "for instance pomona explain MDM-CHK-004");
    }
    const auto* c = checks::find(s->operands().front());
    if (c == nullptr) {
        const auto near = checks::nearest(s->operands().front());
        return usage_error("there is no check `" + s->operands().front() + "`",
                           near.empty() ? "`pomona list checks` shows them"
                                        : "did you mean `" + near + "`?");
    }
    if (s->flag("json")) {
        std::cout << to_json(*c).dump(2) << '\n';
        return exit_code::ok;
    }
    const bool warns = c->level != checks::level::must || c->basis == checks::basis::observed ||
                       c->basis == checks::basis::derived;
    std::cout << c->id << ": " << c->rule << "\n\n  judges   " << checks::to_text(c->subject)
              << "\n  level    " << checks::to_text(c->level) << "\n  basis    "
              << checks::to_text(c->basis) << "\n  source   " << c->source << "\n  violated "
              << (warns ? "warns; fails under --strict" : "fails the run") << '\n';
    for (const auto bug : c->bugs) {
        std::cout << "  seen as  " << bug << '\n';
    }
    return exit_code::ok;
}

} // namespace pomona::cli
