// `faults` of the top level, and the verb `fault`.
#include "reader.hpp"

#include <algorithm>

namespace pomona::scenario {
namespace {

constexpr std::int64_t max_faults = 1'000'000;

/// Which fault; null with a problem when there is none of that name, or not in this world.
const faults::fault* read_name(parse_state& state, const yaml::node& n) {
    const auto id = scalar_text(state, n, "fault").value_or("");
    const auto* found = faults::find(id);
    if (found == nullptr) {
        const auto near = nearest(id, faults::ids());
        state.report(n.where, "there is no fault `" + id + "`",
                     near.empty() ? "`pomona list faults` shows them"
                                  : "did you mean `" + near + "`?");
        return nullptr;
    }
    if (found->tier == faults::tier::wire && state.options->virtual_world &&
        !state.options->any_world) {
        state.report(n.where, "`" + id + "` is a wire fault, and the virtual world has no wire",
                     "run with --world real, or take a message fault (`pomona list faults`)");
    }
    return found;
}

void read_with(parse_state& state, const yaml::node& n, fault_rule& out) {
    reader r{state, n, "`with` of " + std::string{out.what->id}};
    for (const auto& p : out.what->parameters) {
        const auto text = r.text(p.name);
        if (!text) {
            continue;
        }
        if (const auto good = out.with.set(p, *text); !good) {
            state.report(n.find(p.name)->where, good.error());
        }
    }
    r.finish();
}

/// What the fault can act on at that message; the rule's `on`, or a problem.
void read_on(parse_state& state, const yaml::node& n, fault_rule& out) {
    const auto text = scalar_text(state, n, "on").value_or("");
    auto on = parse_message(text, n.where);
    if (!on) {
        state.report(on.error().where, on.error().message, on.error().suggestion);
        return;
    }
    const bool acts_on_answer = out.what->acts_on == faults::target::answer;
    if (on->kind == message::what::push || on->kind == message::what::state) {
        state.report(n.where, "a fault acts on messages between a Mac and a server; `" + text +
                                  "` is none of them");
        return;
    }
    const bool is_answer =
        on->kind == message::what::command || on->kind == message::what::response_to;
    if (is_answer && !acts_on_answer) {
        state.report(n.where,
                     "`" + std::string{out.what->id} + "` acts on what a Mac sends, and `" + text +
                         "` is an answer",
                     "name the message of the Mac, or take delay-answer, drop-answer or "
                     "alter-answer");
        return;
    }
    if (on->kind == message::what::response_to) {
        auto inner = on->of.front();
        if (inner.kind == message::what::command || inner.kind == message::what::response_to ||
            inner.kind == message::what::push || inner.kind == message::what::state) {
            state.report(n.where, "`" + inner.text + "` is no message of a Mac");
            return;
        }
        on = std::move(inner); // the fault acts on the answer anyway
    }
    out.on_answer = on->kind == message::what::command;
    out.on = std::move(*on);
}

double read_probability(parse_state& state, reader& r) {
    const auto* n = r.take("probability");
    if (n == nullptr) {
        return 1;
    }
    auto resolved = *n;
    resolved.text = scalar_text(state, *n, "probability").value_or("");
    const auto value = resolved.number();
    if (!value || !(*value > 0 && *value <= 1)) {
        state.report(n->where, "`probability` has to be a number above 0 and up to 1");
        return 1;
    }
    return *value;
}

std::size_t read_limit(reader& r, std::string_view key, std::size_t standard) {
    const auto value = r.integer(key, 1, max_faults);
    return value ? static_cast<std::size_t>(*value) : standard;
}

/// The keys that a rule and a step have in common.
std::optional<fault_rule> read_rule(parse_state& state, const yaml::node& name, reader& r) {
    const auto* on = r.take("on");
    const auto* with = r.take("with");
    const bool is_drawn = r.take("probability") != nullptr;
    fault_rule out;
    out.probability = read_probability(state, r);
    // Choice: once a Mac, unless the file says how often or how likely.
    out.times = read_limit(r, "times", is_drawn ? faults::unlimited : 1);
    out.in_total = read_limit(r, "budget", faults::unlimited);
    out.where = name.where;
    out.what = read_name(state, name);
    if (out.what == nullptr) {
        return std::nullopt;
    }
    out.with = faults::settings{out.what->parameters};
    if (with != nullptr) {
        read_with(state, *with, out);
    }
    if (on != nullptr) {
        read_on(state, *on, out);
    }
    return out;
}

std::optional<fault_rule> read_listed(parse_state& state, const yaml::node& n,
                                      const std::vector<mac_group>& groups) {
    reader r{state, n, "a rule of `faults`"};
    const auto* name = r.take("fault");
    if (name == nullptr) {
        state.report(n.where, "a rule of `faults` lacks `fault`: which one");
        return std::nullopt;
    }
    auto out = read_rule(state, *name, r);
    const auto macs = r.text("macs").value_or("");
    if (!macs.empty() && std::ranges::find(groups, macs, &mac_group::name) == groups.end()) {
        state.report(n.find("macs")->where, "there is no group of Macs named `" + macs + "`");
    }
    r.finish();
    if (out) {
        out->macs = macs;
    }
    return out;
}

void read_budget(parse_state& state, reader& top, fault_plan& out) {
    const auto* n = top.take("budget");
    if (n == nullptr) {
        return;
    }
    if (n->kind != yaml::kind::mapping) {
        out.limits.run = read_limit(top, "budget", out.limits.run);
        return;
    }
    reader r{state, *n, "`budget`"};
    out.limits.run = read_limit(r, "run", out.limits.run);
    out.limits.a_mac = read_limit(r, "per_mac", out.limits.a_mac);
    r.finish();
}

} // namespace

fault_plan read_faults(parse_state& state, const yaml::node& n,
                       const std::vector<mac_group>& groups) {
    fault_plan out;
    reader top{state, n, "`faults`"};
    if (const auto seed = top.integer("seed", 0, std::numeric_limits<std::int64_t>::max())) {
        out.seed = static_cast<std::uint64_t>(*seed);
    }
    read_budget(state, top, out);
    const auto* rules = top.take("rules");
    if (rules != nullptr && rules->kind != yaml::kind::sequence) {
        state.report(rules->where, "`rules` has to be a list",
                     "for instance rules: [{fault: drop-answer, on: TokenUpdate}]");
    } else if (rules != nullptr) {
        for (const auto& item : rules->items) {
            if (auto one = read_listed(state, item, groups)) {
                out.rules.push_back(std::move(*one));
            }
        }
    }
    top.finish();
    return out;
}

std::optional<fault_step> read_fault_step(parse_state& state, const yaml::node& value, reader& r,
                                          const std::string& macs) {
    if (value.kind == yaml::kind::scalar && value.text == "none") {
        return fault_step{};
    }
    auto rule = read_rule(state, value, r);
    if (!rule) {
        return std::nullopt;
    }
    rule->macs = macs;
    return fault_step{std::move(rule)};
}

} // namespace pomona::scenario
