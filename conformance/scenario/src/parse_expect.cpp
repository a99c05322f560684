// Reading an `expect` step: the message, its predicates, its limits, what it captures.
#include "reader.hpp"

#include <array>
#include <regex>

namespace pomona::scenario {
namespace {

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

} // namespace

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

} // namespace pomona::scenario
