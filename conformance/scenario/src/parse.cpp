#include "pomona/scenario/parse.hpp"

#include "pomona/checks/check.hpp"
#include "pomona/sim/mac/persona.hpp"
#include "reader.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace pomona::scenario {
namespace {

constexpr std::int64_t max_macs = 100'000;
const std::vector<std::string_view> capabilities{"queue",  "push",          "declare",        "ade",
                                                 "users",  "scep-approval", "account-driven", "abm",
                                                 "sign-in"};

void read_vars(parse_state& state, reader& top) {
    if (const auto* n = top.take("vars")) {
        reader r{state, *n, "`vars`"};
        for (const auto& m : n->members) {
            r.take(m.key);
            state.vars[m.key] = scalar_text(state, m.value, m.key).value_or("");
        }
    }
    for (const auto& [name, value] : state.options->vars) {
        if (!state.vars.contains(name)) {
            std::vector<std::string_view> names;
            for (const auto& [known, unused] : state.vars) {
                names.emplace_back(known);
            }
            const auto near = nearest(name, names);
            state.report({state.file, 0, 0, 1}, "--var " + name + ": the file has no such variable",
                         near.empty() ? "variables stand under `vars`"
                                      : "did you mean `" + near + "`?");
        }
        state.vars[name] = value;
    }
}

/// `http`: which versions the group's Macs offer by ALPN.
sim::mac::http_offer read_http(parse_state& state, reader& r, const yaml::member& m) {
    const auto text = r.text("http").value_or("negotiate");
    if (const auto known = sim::mac::find_http_offer(text)) {
        return *known;
    }
    const auto names = sim::mac::http_offer_names();
    const auto near = nearest(text, {names.begin(), names.end()});
    const auto* n = m.value.find("http");
    state.report(n == nullptr ? m.where : n->where, "`http` cannot be `" + text + "`",
                 near.empty() ? "it is negotiate, h2 or http/1.1" : "did you mean `" + near + "`?");
    return {};
}

/// A step that the file does not write: what `start` and `state` of a group mean.
step implied_step(const parse_state& state, const yaml::member& m, const std::string& title) {
    step out;
    out.where = m.where;
    out.where.length = static_cast<int>(m.key.size());
    out.source_text = line_of(state.text, out.where.line);
    out.title = title + " (" + m.key + ')';
    out.macs = m.key;
    return out;
}

/// `start` and `state`: steps before all others.
void read_start(parse_state& state, reader& r, const yaml::member& m, const mac_group& g,
                std::vector<step>& first) {
    const auto start = r.text("start").value_or("unenrolled");
    if (start == "enrolled") {
        auto s = implied_step(state, m, "start: enrolled");
        s.verb = enroll_step{};
        first.push_back(std::move(s));
    } else if (start != "unenrolled") {
        const auto near = nearest(start, {"enrolled", "unenrolled"});
        state.report(m.value.find("start")->where, "`start` cannot be `" + start + "`",
                     near.empty() ? "it is enrolled or unenrolled"
                                  : "did you mean `" + near + "`?");
    }
    if (const auto* n = r.take("state")) {
        auto s = implied_step(state, m, "state");
        s.verb = set_step{.what = read_state(state, *n, "`state`"), .user = {}};
        const auto& console = std::get<set_step>(s.verb).what.console;
        if (!console.empty() &&
            std::ranges::find(g.users, console, &sim::mac::account_order::short_name) ==
                g.users.end()) {
            state.report(n->where, "the group has no user `" + console + "`");
        }
        first.push_back(std::move(s));
    }
}

/// One of those that need no file, or a file of the user's own beside the scenario.
void read_persona(parse_state& state, reader& r, const yaml::member& m, mac_group& g) {
    g.persona = r.text("persona").value_or("macos-15-apple-silicon");
    const auto* n = m.value.find("persona");
    if (sim::mac::names_a_file(g.persona)) {
        auto own =
            sim::mac::load_persona(std::filesystem::path{state.file}.parent_path() / g.persona);
        if (own) {
            g.own_persona = std::make_shared<const sim::mac::persona>(*std::move(own));
            return;
        }
        for (auto& p : own.error().problems) {
            state.other_files.insert_or_assign(p.where.file, own.error().text);
            state.problems.push_back(std::move(p));
        }
        return;
    }
    if (sim::mac::find_persona(g.persona) == nullptr) {
        const auto names = sim::mac::persona_names();
        const auto near = nearest(g.persona, {names.begin(), names.end()});
        state.report(n == nullptr ? m.where : n->where, "there is no persona `" + g.persona + "`",
                     near.empty() ? "`pomona list personas` shows them; a file of your own needs a "
                                    "slash or .yaml: ./my-mac.yaml"
                                  : "did you mean `" + near + "`?");
    }
}

mac_group read_group(parse_state& state, const yaml::member& m, std::vector<step>& first) {
    mac_group g;
    g.name = m.key;
    reader r{state, m.value, "a group of Macs"};
    g.count = static_cast<std::size_t>(r.integer("count", 1, max_macs).value_or(1));
    read_persona(state, r, m, g);
    g.http = read_http(state, r, m);
    g.users = read_users(state, r, m.value);
    g.manner = read_manner(state, r, m.value);
    read_start(state, r, m, g, first);
    r.finish();
    return g;
}

void read_groups(parse_state& state, reader& top, const yaml::node& root, scenario& out) {
    const auto* n = top.take("macs");
    if (n == nullptr || n->kind != yaml::kind::mapping || n->members.empty()) {
        state.report(n == nullptr ? root.where : n->where,
                     "the file needs `macs`: at least one group",
                     "for instance macs: {fleet: {count: 20}}");
        return;
    }
    for (const auto& m : n->members) {
        out.groups.push_back(read_group(state, m, out.steps));
    }
    if (state.options->macs) {
        out.groups.front().count = *state.options->macs;
    }
}

void read_checks(parse_state& state, reader& top, scenario& out) {
    const auto* n = top.take("checks");
    if (n == nullptr) {
        return;
    }
    if (n->kind != yaml::kind::sequence) {
        state.report(n->where, "`checks` has to be a list of check ids");
        return;
    }
    for (const auto& item : n->items) {
        const auto id = scalar_text(state, item, "checks").value_or("");
        if (checks::find(id) == nullptr) {
            const auto near = checks::nearest(id);
            state.report(item.where, "there is no check `" + id + "`",
                         near.empty() ? "`pomona list checks` shows them"
                                      : "did you mean `" + near + "`?");
        }
        out.checks.push_back(id);
    }
}

void read_needs(parse_state& state, reader& top, scenario& out) {
    const auto* n = top.take("needs");
    if (n == nullptr) {
        return;
    }
    if (n->kind != yaml::kind::sequence) {
        state.report(n->where, "`needs` has to be a list of capabilities");
        return;
    }
    for (const auto& item : n->items) {
        auto need = scalar_text(state, item, "needs").value_or("");
        if (std::ranges::find(capabilities, need) == capabilities.end()) {
            const auto near = nearest(need, capabilities);
            state.report(item.where, "unknown capability `" + need + "`",
                         near.empty() ? "capabilities are: queue, push, declare, ade, users, "
                                        "scep-approval, account-driven, abm, sign-in"
                                      : "did you mean `" + near + "`?");
        }
        out.needs.push_back(std::move(need));
    }
}

void read_file(parse_state& state, const yaml::node& root, scenario& out) {
    reader top{state, root, "the file"};
    const auto version = top.integer("pomona", 1, 1);
    if (!version && root.find("pomona") == nullptr) {
        state.report(root.where, "the file lacks `pomona: 1`", "put it on the first line");
    }
    read_vars(state, top);
    out.name = top.required_text("name");
    out.about = top.text("about").value_or("");
    read_needs(state, top, out);
    read_groups(state, top, root, out);
    if (const auto* n = top.take("faults")) {
        out.faults = read_faults(state, *n, out.groups);
    }
    for (const auto* key : {"cases", "always", "load", "thresholds"}) {
        if (const auto* n = top.take(key)) {
            state.report(n->where, "`" + std::string{key} + "` is not carried out by this version");
        }
    }
    read_checks(state, top, out);
    const auto* steps = top.take("steps");
    if (steps == nullptr || steps->kind != yaml::kind::sequence || steps->items.empty()) {
        state.report(steps == nullptr ? root.where : steps->where,
                     "the file needs `steps`: a list");
    } else {
        for (const auto& item : steps->items) {
            if (auto s = read_step(state, item, out.groups)) {
                out.steps.push_back(std::move(*s));
            }
        }
    }
    top.finish();
}

} // namespace

std::size_t scenario::mac_count() const {
    std::size_t total = 0;
    for (const auto& g : groups) {
        total += g.cloned_from ? 0 : g.count;
    }
    return total;
}

bool scenario::signs_in() const {
    const auto does = [](const step& s) {
        const auto* e = std::get_if<enroll_step>(&s.verb);
        return std::holds_alternative<idp_step>(s.verb) ||
               (e != nullptr && (e->by_web_view || e->person));
    };
    return std::ranges::find(needs, "sign-in") != needs.end() || std::ranges::any_of(steps, does);
}

std::string parse_failure::render() const {
    std::string out;
    for (const auto& p : problems) {
        const auto other = other_files.find(p.where.file);
        out += pomona::scenario::render(p, other == other_files.end() ? text : other->second);
    }
    return out;
}

std::expected<scenario, parse_failure> parse(const std::string& file, std::string_view text,
                                             const parse_options& options) {
    parse_state state;
    state.options = &options;
    state.file = file;
    state.text = text;
    auto root = yaml::read(file, text);
    if (!root) {
        return std::unexpected(parse_failure{{root.error()}, std::string{text}, {}});
    }
    scenario out;
    out.file = file;
    if (root->kind != yaml::kind::mapping) {
        state.report(root->where, "a scenario file is a mapping", "begin with `pomona: 1`");
    } else {
        read_file(state, *root, out);
    }
    if (!state.problems.empty()) {
        std::ranges::sort(state.problems, {}, [](const problem& p) {
            return std::tuple{p.where.file, p.where.line, p.where.column};
        });
        return std::unexpected(parse_failure{std::move(state.problems), std::string{text},
                                             std::move(state.other_files)});
    }
    return out;
}

std::expected<scenario, parse_failure> load(const std::filesystem::path& file,
                                            const parse_options& options) {
    std::error_code code;
    const bool regular = std::filesystem::is_regular_file(file, code);
    std::ifstream in{file, std::ios::binary};
    if (!regular || !in) {
        const bool there = std::filesystem::exists(file, code);
        return std::unexpected(parse_failure{
            {problem{{file.string(), 0, 0, 1},
                     there ? "cannot read the file" : "there is no such file",
                     "`pomona run scenarios/first-fleet.yaml` runs the first example"}},
            {},
            {}});
    }
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    return parse(file.string(), text, options);
}

} // namespace pomona::scenario
