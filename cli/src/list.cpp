#include "bugs.hpp"
#include "command.hpp"
#include "coverage.hpp"
#include "faults.hpp"
#include "messages.hpp"
#include "personas.hpp"
#include "pomona/checks/check.hpp"
#include "pomona/scenario/source.hpp"
#include "settings.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
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

bool explain_check(const std::string& id, bool json) {
    const auto* c = checks::find(id);
    if (c == nullptr) {
        return false;
    }
    if (json) {
        std::cout << to_json(*c).dump(2) << '\n';
        return true;
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
    return true;
}

std::string nearest_check(const std::string& id) {
    return checks::nearest(id);
}

/// One kind of thing that has a list.
struct listing {
    std::string_view name;
    exit_code (*print)(bool json, bool seed);
};
template <exit_code (*Print)(bool)>
exit_code print_list(bool json, bool) {
    return Print(json);
}
constexpr std::array listings{
    listing{"bugs", print_list<list_bugs>}, listing{"checks", print_list<list_checks>},
    listing{"faults", print_list<list_faults>}, listing{"messages", list_messages},
    listing{"personas", print_list<list_personas>}};

/// One kind of thing that can be explained by its id.
struct explanation {
    std::string_view plural;
    bool (*print)(const std::string& id, bool json); ///< false: there is none of that id
    std::string (*nearest)(const std::string& id);
};
constexpr std::array explanations{explanation{"checks", explain_check, nearest_check},
                                  explanation{"bugs", explain_bug, nearest_bug},
                                  explanation{"faults", explain_fault, nearest_fault},
                                  explanation{"personas", explain_persona, nearest_persona}};

std::string joined(const std::vector<std::string_view>& names, std::string_view between) {
    std::string out;
    for (const auto name : names) {
        out += out.empty() ? "" : between;
        out += name;
    }
    return out;
}

exit_code list_subject(const std::string& what, const std::string& subject, bool json) {
    if (what != "checks") {
        return usage_error("--subject goes with `pomona list checks` only");
    }
    const auto known = coverage_subjects();
    if (std::ranges::find(known, std::string_view{subject}) == known.end()) {
        const auto near = scenario::nearest(subject, known);
        return usage_error("no check judges a `" + subject + "`",
                           near.empty() ? "subjects are: " + joined(known, ", ")
                                        : "did you mean `" + near + "`?");
    }
    return list_coverage(subject, json);
}

} // namespace

exit_code list_command(const arguments& args) {
    std::vector<std::string_view> names;
    for (const auto& l : listings) {
        names.push_back(l.name);
    }
    const auto s = settings::read(
        {"list", joined(names, "|"),
         "Lists what this version knows. `checks` alone are those that are judged over every run; "
         "with --subject all rules of\nthe protocols for one side, each with the tests that hold "
         "it or why none does.",
         "pomona list checks --subject device",
         with_common({{"subject", 0, "WHO", "checks: device, server, …", "", false},
                      {"json", 0, "", "As JSON", "", false},
                      seed_schema_option()})},
        args);
    if (!s) {
        return s.error();
    }
    const auto lists = "`pomona list` knows: " + joined(names, ", ");
    if (s->operands().size() != 1) {
        return usage_error("`pomona list` takes one word", lists);
    }
    const auto& what = s->operands().front();
    if (const auto subject = s->text("subject")) {
        return list_subject(what, *subject, s->flag("json"));
    }
    for (const auto& l : listings) {
        if (l.name == what) {
            return l.print(s->flag("json"), s->flag("seed-schema"));
        }
    }
    const auto near = scenario::nearest(what, names);
    return usage_error("there is no list of `" + what + "`",
                       near.empty() ? lists : "did you mean `" + near + "`?");
}

exit_code explain_command(const arguments& args) {
    const auto s = settings::read(
        {"explain", "CHECK|BUG|FAULT|PERSONA|MESSAGE",
         "Says what a check judges, how much it weighs and how we know; what a planted bug or a "
         "fault does; what a persona is; or what Apple's schema says of a command, check-in "
         "message, payload type, "
         "declaration or status item.",
         "pomona explain InstallProfile",
         with_common({{"json", 0, "", "As JSON", "", false}, seed_schema_option()})},
        args);
    if (!s) {
        return s.error();
    }
    if (s->operands().size() != 1) {
        return usage_error("`pomona explain` takes one id",
                           "for instance pomona explain MDM-CHK-004");
    }
    const auto& id = s->operands().front();
    std::string near;
    std::string shown;
    for (const auto& e : explanations) {
        if (e.print(id, s->flag("json"))) {
            return exit_code::ok;
        }
        near = near.empty() ? e.nearest(id) : near;
        shown +=
            (shown.empty() ? "`pomona list " : ", `pomona list ") + std::string{e.plural} + '`';
    }
    if (explain_message(id, s->flag("json"), s->flag("seed-schema"))) {
        return exit_code::ok;
    }
    near = near.empty() ? nearest_message(id) : near;
    return usage_error("there is no check, bug, fault, persona or message `" + id + "`",
                       near.empty() ? shown + ", `pomona list messages` show them"
                                    : "did you mean `" + near + "`?");
}

} // namespace pomona::cli
