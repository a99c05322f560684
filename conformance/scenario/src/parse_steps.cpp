#include "pomona/checks/check.hpp"
#include "reader.hpp"

#include <algorithm>
#include <array>
#include <regex>

namespace pomona::scenario {
namespace {

/// Verbs of the scenario language that this version does not carry out: named, so that a file for a
/// later one is refused with a true sentence.
constexpr std::array later_verbs{
    std::string_view{"answer"}, std::string_view{"send"}, std::string_view{"poke"},
    std::string_view{"abm"},    std::string_view{"apns"}, std::string_view{"ca"},
    std::string_view{"idp"},    std::string_view{"use"},  std::string_view{"parallel"},
    std::string_view{"any_of"}, std::string_view{"on"},   std::string_view{"fault"},
    std::string_view{"manual"}};
const std::vector<std::string_view> verbs{"enroll", "server", "expect", "lifecycle",
                                          "set",    "check",  "advance"};

std::optional<predicate::op> parse_op(std::string_view word) {
    constexpr std::array<std::pair<std::string_view, predicate::op>, 6> ops{
        {{"equal", predicate::op::equal},
         {"matches", predicate::op::matches},
         {"in", predicate::op::in},
         {"min", predicate::op::min},
         {"max", predicate::op::max},
         {"exists", predicate::op::exists}}};
    for (const auto& [name, op] : ops) {
        if (name == word) {
            return op;
        }
    }
    return std::nullopt;
}

void check_expression(parse_state& state, const std::string& expression, const location& where) {
    try {
        const std::regex compiled{expression};
    } catch (const std::regex_error& e) {
        state.report(where, "`" + expression + "` is not a regular expression: " + e.what());
    }
}

/// `path: value` or `path: {matches: …, min: …}`; several tests of one path all have to hold.
void read_predicate(parse_state& state, const yaml::member& m, std::vector<predicate>& out) {
    predicate p;
    p.path = m.key;
    p.where = m.where;
    if (m.value.kind == yaml::kind::scalar) {
        p.test = predicate::op::equal;
        p.texts.push_back(scalar_text(state, m.value, m.key).value_or(""));
        out.push_back(std::move(p));
        return;
    }
    if (m.value.kind != yaml::kind::mapping || m.value.members.empty()) {
        state.report(m.value.where, "`" + m.key + "` needs a value or a test",
                     "tests are: matches, in, min, max, exists, equal");
        return;
    }
    for (const auto& test : m.value.members) {
        const auto op = parse_op(test.key);
        if (!op) {
            state.report(test.where, "unknown test `" + test.key + "`",
                         "tests are: matches, in, min, max, exists, equal");
            continue;
        }
        auto one = p;
        one.test = *op;
        if (*op == predicate::op::min || *op == predicate::op::max) {
            const auto bound = test.value.number();
            if (!bound) {
                state.report(test.value.where, "`" + test.key + "` needs a number");
            }
            one.bound = bound.value_or(0);
        } else if (*op == predicate::op::exists) {
            const auto flag = test.value.boolean();
            if (!flag) {
                state.report(test.value.where, "`exists` needs true or false");
            }
            one.flag = flag.value_or(true);
        } else if (*op == predicate::op::in) {
            for (const auto& item : test.value.items) {
                one.texts.push_back(scalar_text(state, item, "in").value_or(""));
            }
            if (one.texts.empty()) {
                state.report(test.value.where, "`in` needs a list of values");
            }
        } else {
            one.texts.push_back(scalar_text(state, test.value, test.key).value_or(""));
            if (*op == predicate::op::matches) {
                check_expression(state, one.texts.back(), test.value.where);
            }
        }
        out.push_back(std::move(one));
    }
}

std::map<std::string, std::string> read_capture(parse_state& state, reader& r) {
    std::map<std::string, std::string> out;
    const auto* n = r.take("capture");
    if (n == nullptr) {
        return out;
    }
    if (n->kind != yaml::kind::mapping) {
        state.report(n->where, "`capture` has to be a mapping: variable: path");
        return out;
    }
    for (const auto& m : n->members) {
        if (state.vars.contains(m.key) || m.key.starts_with("mac.")) {
            state.report(m.where, "the name `" + m.key + "` is taken");
        }
        out[m.key] = scalar_text(state, m.value, m.key).value_or("");
        state.captured.insert(m.key);
    }
    return out;
}

expect_step read_expect(parse_state& state, const yaml::node& value, reader& r) {
    expect_step e;
    const auto text = scalar_text(state, value, "expect").value_or("");
    if (auto what = parse_message(text, value.where)) {
        e.what = std::move(*what);
    } else {
        state.report(what.error().where, what.error().message, what.error().suggestion);
    }
    if (const auto* where = r.take("where")) {
        if (where->kind != yaml::kind::mapping) {
            state.report(where->where, "`where` has to be a mapping: path: test");
        }
        for (const auto& m : where->members) {
            read_predicate(state, m, e.where);
        }
    }
    const auto* within = r.take("within");
    if (within != nullptr) {
        e.within = read_time_limit(state, *within).value_or(e.within);
    }
    const auto times = r.integer("times", 1, 1'000'000);
    e.times = static_cast<std::size_t>(times.value_or(1));
    const auto* never = r.take("never");
    e.never = never != nullptr && never->boolean().value_or(false);
    if (const auto* quiet = r.take("quiet_for")) {
        e.quiet_for = read_time_limit(state, *quiet);
    }
    if (never != nullptr && !e.never) {
        state.report(never->where, "`never` can only be true", "leave it out otherwise");
    }
    if (e.never && !e.quiet_for) {
        state.report(never->where, "`never` needs `quiet_for`: how long to watch",
                     "for instance quiet_for: 60s");
    }
    if (!e.never && e.quiet_for) {
        state.report(value.where, "`quiet_for` goes with `never: true`");
    }
    if (e.never && (times || within != nullptr)) {
        state.report(never->where, "`never` goes with `quiet_for`, not with `times` or `within`");
    }
    e.capture = read_capture(state, r);
    return e;
}

void read_after(parse_state& state, reader& r, enroll_step& e) {
    const auto* n = r.take("after");
    if (n == nullptr) {
        return;
    }
    const auto text = scalar_text(state, *n, "after").value_or("");
    const auto dots = text.find("..");
    auto first = *n;
    auto last = *n;
    if (dots == std::string::npos) {
        first.text = last.text = text;
    } else {
        first.text = text.substr(0, dots);
        last.text = text.substr(dots + 2);
        if (first.text == "0") {
            first.text = "0s";
        }
    }
    e.after_min = read_duration(state, first).value_or(duration{});
    e.after_max = read_duration(state, last).value_or(duration{});
    if (e.after_min > e.after_max) {
        state.report(n->where, "the range `" + text + "` is upside down");
    }
}

std::optional<enroll_step> read_enroll(parse_state& state, const yaml::node& value, reader& r) {
    const auto method = scalar_text(state, value, "enroll").value_or("");
    if (method != "profile") {
        state.report(value.where, "`" + method + "` is not a way to enroll in this version",
                     "write `enroll: profile`");
        return std::nullopt;
    }
    enroll_step e;
    read_after(state, r, e);
    if (const auto* outcome = r.take("outcome")) {
        const auto text = scalar_text(state, *outcome, "outcome").value_or("");
        constexpr std::string_view prefix = "refused at ";
        if (text.starts_with(prefix)) {
            e.refused_at = text.substr(prefix.size());
            if (e.refused_at != "profile" && e.refused_at != "scep" &&
                e.refused_at != "Authenticate" && e.refused_at != "TokenUpdate") {
                state.report(outcome->where, "`" + e.refused_at + "` is no stage of an enrollment",
                             "stages are: profile, scep, Authenticate, TokenUpdate");
            }
        } else if (text != "enrolled") {
            state.report(outcome->where, "`outcome` is `enrolled` or `refused at STAGE`");
        }
    }
    return e;
}

queue_step read_queue(parse_state& state, const yaml::node& value, reader& r) {
    queue_step q;
    const auto* with = r.take("with");
    if (with == nullptr || with->kind != yaml::kind::sequence || with->items.empty()) {
        state.report(with == nullptr ? value.where : with->where,
                     "`server: queue` needs `with`: a list of commands",
                     "for instance with: [{RequestType: ProfileList}]");
        return q;
    }
    for (const auto& item : with->items) {
        const auto command = read_plist(state, item);
        const auto* body = command ? command->get<plist::dict>() : nullptr;
        if (body == nullptr || body->string("RequestType") == nullptr) {
            state.report(item.where, "a command has to be a mapping with `RequestType`");
            continue;
        }
        q.commands.push_back(*body);
    }
    q.push = r.boolean("push").value_or(true);
    q.capture = read_capture(state, r);
    for (const auto& [name, path] : q.capture) {
        if (!path.starts_with("uuids.")) {
            state.report(
                value.where,
                "`capture` of a queue step takes uuids.N, the N-th command's CommandUUID from 0");
        }
    }
    return q;
}

declare_step read_declare(parse_state& state, const yaml::node& value, reader& r) {
    declare_step d;
    const auto* with = r.take("with");
    if (with == nullptr || with->kind != yaml::kind::sequence || with->items.empty()) {
        state.report(with == nullptr ? value.where : with->where,
                     "`server: declare` needs `with`: a list of declarations");
        return d;
    }
    for (const auto& item : with->items) {
        for (const auto* key : {"Type", "Identifier", "Payload"}) {
            if (item.find(key) == nullptr) {
                state.report(item.where, "a declaration lacks `" + std::string{key} + "`");
            }
        }
        if (auto json = read_json(state, item)) {
            d.declarations.push_back(std::move(*json));
        }
    }
    d.notify = r.boolean("notify").value_or(true);
    return d;
}

check_step read_check(parse_state& state, const yaml::node& value) {
    check_step c;
    const std::vector<yaml::node> single{value};
    for (const auto& item : value.kind == yaml::kind::sequence ? value.items : single) {
        const auto id = scalar_text(state, item, "check").value_or("");
        if (checks::find(id) == nullptr) {
            const auto near = checks::nearest(id);
            state.report(item.where, "there is no check `" + id + "`",
                         near.empty() ? "`pomona list checks` shows them"
                                      : "did you mean `" + near + "`?");
        }
        c.ids.push_back(id);
    }
    return c;
}

set_step read_set(parse_state& state, const yaml::node& value) {
    set_step s;
    reader r{state, value, "`set`"};
    s.online = r.boolean("online");
    s.power_nap = r.boolean("power_nap");
    r.finish();
    return s;
}

advance_step read_advance(parse_state& state, const yaml::node& value) {
    if (!state.options->virtual_world) {
        state.report(value.where, "`advance` moves the clock, which only the virtual world allows",
                     "run with --world virtual");
    }
    return {read_duration(state, value).value_or(duration{})};
}

lifecycle_step read_lifecycle(parse_state& state, const yaml::node& value) {
    const auto what = scalar_text(state, value, "lifecycle").value_or("");
    if (what != "remove-profile") {
        state.report(value.where, "`" + what + "` is not a lifecycle change of this version",
                     "this version knows: remove-profile");
    }
    return {};
}

/// Fills `out.verb`; false when the verb is unknown or unusable.
bool read_verb(parse_state& state, const yaml::member& verb, reader& r, step& out) {
    if (verb.key == "expect") {
        out.verb = read_expect(state, verb.value, r);
    } else if (verb.key == "enroll") {
        auto e = read_enroll(state, verb.value, r);
        if (!e) {
            return false;
        }
        out.verb = std::move(*e);
    } else if (verb.key == "lifecycle") {
        out.verb = read_lifecycle(state, verb.value);
    } else if (verb.key == "set") {
        out.verb = read_set(state, verb.value);
    } else if (verb.key == "check") {
        out.verb = read_check(state, verb.value);
    } else if (verb.key == "advance") {
        out.verb = read_advance(state, verb.value);
    } else {
        const auto what = scalar_text(state, verb.value, "server").value_or("");
        if (what == "queue") {
            out.verb = read_queue(state, verb.value, r);
        } else if (what == "push") {
            out.verb = push_step{};
        } else if (what == "declare") {
            out.verb = read_declare(state, verb.value, r);
        } else {
            state.report(verb.value.where, "`" + what + "` is not a server verb of this version",
                         "this version knows: queue, push, declare");
            return false;
        }
    }
    return true;
}

const yaml::member* find_verb(parse_state& state, const yaml::node& n) {
    const yaml::member* found = nullptr;
    for (const auto& m : n.members) {
        if (std::ranges::find(later_verbs, m.key) != later_verbs.end()) {
            state.report(m.where, "the verb `" + m.key + "` is not carried out by this version");
            return nullptr;
        }
        if (std::ranges::find(verbs, m.key) == verbs.end()) {
            continue;
        }
        if (found != nullptr) {
            state.report(m.where,
                         "a step has one verb, this one has `" + found->key + "` and `" + m.key +
                             "`",
                         "make two steps of it");
            return nullptr;
        }
        found = &m;
    }
    if (found == nullptr) {
        std::string near;
        const yaml::member* culprit = nullptr;
        for (const auto& m : n.members) {
            if (near.empty()) {
                near = nearest(m.key, verbs);
                culprit = &m;
            }
        }
        state.report(
            near.empty() ? n.where : culprit->where,
            near.empty() ? "a step without a verb" : "`" + culprit->key + "` is not a verb",
            near.empty() ? "verbs are: enroll, server, expect, lifecycle, set, check, advance"
                         : "did you mean `" + near + "`?");
    }
    return found;
}

std::string title_of(const yaml::member& verb) {
    return verb.value.kind == yaml::kind::scalar ? verb.key + ": " + verb.value.text : verb.key;
}

} // namespace

std::optional<step> read_step(parse_state& state, const yaml::node& n,
                              const std::vector<mac_group>& groups) {
    if (n.kind != yaml::kind::mapping) {
        state.report(n.where, "a step has to be a mapping: `- verb: value`");
        return std::nullopt;
    }
    const auto* verb = find_verb(state, n);
    if (verb == nullptr) {
        return std::nullopt;
    }
    step out;
    out.where = verb->where;
    out.where.length = static_cast<int>(verb->key.size());
    out.source_text = line_of(state.text, out.where.line);
    out.title = title_of(*verb);
    reader r{state, n, "a `" + verb->key + "` step"};
    r.take(verb->key);
    out.macs = r.text("macs").value_or("");
    const bool known = out.macs.empty() || std::ranges::any_of(groups, [&](const auto& g) {
                           return g.name == out.macs;
                       });
    if (!known) {
        state.report(n.find("macs")->where, "there is no group of Macs named `" + out.macs + "`");
    }
    if (!read_verb(state, *verb, r, out)) {
        return std::nullopt;
    }
    r.finish();
    return out;
}

} // namespace pomona::scenario
