#include "pomona/checks/check.hpp"
#include "reader.hpp"

#include <algorithm>
#include <array>

namespace pomona::scenario {
namespace {

/// Verbs of the scenario language that this version does not carry out: named, so that a file for a
/// later one is refused with a true sentence.
constexpr std::array later_verbs{std::string_view{"answer"},   std::string_view{"send"},
                                 std::string_view{"poke"},     std::string_view{"use"},
                                 std::string_view{"parallel"}, std::string_view{"any_of"},
                                 std::string_view{"on"},       std::string_view{"manual"}};
const std::vector<std::string_view> verbs{"enroll", "server", "expect",  "lifecycle",
                                          "set",    "check",  "advance", "fault",
                                          "ca",     "abm",    "apns",    "idp"};

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
    enroll_step e;
    if (method == "account-driven-user" || method == "account-driven-device") {
        e.account_mode = method == "account-driven-user" ? "byod" : "adde";
        e.account = r.text("account").value_or("${mac.name}@example.org");
    } else if (method == "ade" || method == "ade-sso") {
        e.by_ade = true;
        e.by_web_view = method == "ade-sso";
        e.person = e.by_web_view ? read_sign_in(state, r) : std::nullopt;
        e.url = r.text("url").value_or("");
        e.await_configuration = r.boolean("await").value_or(true);
    } else if (method != "profile") {
        state.report(value.where, "`" + method + "` is not a way to enroll in this version",
                     "ways are: profile, ade, ade-sso, account-driven-user, account-driven-device");
        return std::nullopt;
    }
    read_after(state, r, e);
    e.wait = r.boolean("wait").value_or(true);
    if (!e.wait && (!e.account_mode.empty() || r.take("outcome") != nullptr ||
                    r.take("tries") != nullptr || e.after_max > duration{0})) {
        state.report(value.where, "`wait: false` belongs to a plain `enroll: profile`",
                     "later steps expect what comes of it");
    }
    e.tries = static_cast<int>(r.integer("tries", 1, 100).value_or(1));
    e.refused_at = read_outcome(state, r);
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
        if (const auto* channel = item.find("channel")) {
            state.report(channel->where, "`channel` is no key of a command",
                         "beside `server: queue`, `user: NAME` queues for that user");
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

config_step read_config(parse_state& state, const yaml::node& value, reader& r) {
    config_step c;
    const auto* with = r.take("with");
    auto settings = with == nullptr ? std::nullopt : read_plist(state, *with);
    if (auto* d = settings ? settings->get<plist::dict>() : nullptr) {
        c.settings = std::move(*d);
    } else {
        state.report(with == nullptr ? value.where : with->where,
                     "`server: config` needs `with`: a mapping of settings",
                     "for instance with: {DeviceConfigured: held}");
    }
    return c;
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

advance_step read_advance(parse_state& state, const yaml::node& value) {
    if (!state.options->virtual_world && !state.options->any_world) {
        state.report(value.where, "`advance` moves the clock, which only the virtual world allows",
                     "run with --world virtual");
    }
    return {read_duration(state, value).value_or(duration{})};
}

/// Fills `out.verb`; false when the verb is unknown or unusable.
bool read_verb(parse_state& state, const yaml::member& verb, reader& r, step& out,
               std::vector<mac_group>& groups) {
    if (verb.key == "expect") {
        out.verb = read_expect(state, verb.value, r);
    } else if (verb.key == "enroll") {
        auto e = read_enroll(state, verb.value, r);
        if (!e) {
            return false;
        }
        out.verb = std::move(*e);
    } else if (verb.key == "lifecycle") {
        out.verb = read_lifecycle(state, verb.value, r, out.macs, groups);
    } else if (verb.key == "set") {
        out.verb = set_step{.what = read_state(state, verb.value, "`set`"), .user = {}};
    } else if (verb.key == "check") {
        out.verb = read_check(state, verb.value);
    } else if (verb.key == "advance") {
        out.verb = read_advance(state, verb.value);
    } else if (verb.key == "fault") {
        auto f = read_fault_step(state, verb.value, r, out.macs);
        if (!f) {
            return false;
        }
        out.verb = std::move(*f);
    } else if (verb.key == "ca") {
        auto c = read_ca(state, verb.value);
        if (!c) {
            return false;
        }
        out.verb = *c;
    } else if (verb.key == "abm") {
        auto a = read_abm(state, verb.value, r);
        if (!a) {
            return false;
        }
        out.verb = *std::move(a);
    } else if (verb.key == "apns") {
        auto a = read_apns(state, verb.value, r);
        if (!a) {
            return false;
        }
        out.verb = *std::move(a);
    } else if (verb.key == "idp") {
        auto i = read_idp(state, verb.value, r);
        if (!i) {
            return false;
        }
        out.verb = *std::move(i);
    } else {
        const auto what = scalar_text(state, verb.value, "server").value_or("");
        if (what == "queue") {
            out.verb = read_queue(state, verb.value, r);
        } else if (what == "push") {
            out.verb = push_step{};
        } else if (what == "declare") {
            out.verb = read_declare(state, verb.value, r);
        } else if (what == "renew") {
            out.verb = renew_step{};
        } else if (what == "config") {
            out.verb = read_config(state, verb.value, r);
        } else if (what == "users") {
            out.verb = read_server_users(state, verb.value, r);
        } else {
            state.report(verb.value.where, "`" + what + "` is not a server verb of this version",
                         "this version knows: queue, push, declare, renew, config, users");
            return false;
        }
    }
    return true;
}

const yaml::member* find_verb(parse_state& state, const yaml::node& n) {
    const yaml::member* found = nullptr;
    for (const auto& m : n.members) {
        const bool is_modifier = m.key == "on" && n.find("fault") != nullptr;
        if (!is_modifier && std::ranges::find(later_verbs, m.key) != later_verbs.end()) {
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
            near.empty() ? "verbs are: enroll, server, expect, lifecycle, set, check, advance, "
                           "fault, ca, abm, apns, idp"
                         : "did you mean `" + near + "`?");
    }
    return found;
}

/// Do all Macs of the step have that user?
bool is_user(const std::vector<mac_group>& groups, const std::string& macs,
             const std::string& user) {
    return std::ranges::all_of(groups, [&](const mac_group& g) {
        return (!macs.empty() && g.name != macs) ||
               std::ranges::find(g.users, user, &sim::mac::account_order::short_name) !=
                   g.users.end();
    });
}

void check_user(parse_state& state, const std::vector<mac_group>& groups, const step& s,
                const std::string& user, const location& where) {
    if (is_user(groups, s.macs, user)) {
        return;
    }
    std::vector<std::string_view> names;
    for (const auto& g : groups) {
        for (const auto& u : g.users) {
            names.emplace_back(u.short_name);
        }
    }
    const auto near = nearest(user, names);
    state.report(where, "not every Mac of this step has a user `" + user + "`",
                 near.empty() || near == user
                     ? "users stand in the group: macs: {fleet: {users: [alice, bob]}}"
                     : "did you mean `" + near + "`?");
}

/// `user: NAME` and `channel: device`, for the verbs that know channels.
void read_channel(parse_state& state, reader& r, const yaml::node& n,
                  const std::vector<mac_group>& groups, step& out) {
    const auto* set = std::get_if<set_step>(&out.verb);
    if (set != nullptr && !set->what.console.empty()) {
        check_user(state, groups, out, set->what.console, out.where);
    }
    const auto* lifecycle = std::get_if<lifecycle_step>(&out.verb);
    const bool needs_user =
        lifecycle != nullptr && (lifecycle->kind == lifecycle_step::what::login ||
                                 lifecycle->kind == lifecycle_step::what::logout);
    const bool may_have_user =
        std::visit([](const auto& verb) { return requires { verb.user; }; }, out.verb);
    const auto user = may_have_user ? r.text("user") : std::nullopt;
    if (needs_user && !user) {
        state.report(out.where, "`" + out.title + "` needs `user`: who", "user: alice");
    }
    if (lifecycle != nullptr && !needs_user && user) {
        state.report(n.find("user")->where, "`" + out.title + "` is about the Mac, not a user");
    }
    if (user) {
        check_user(state, groups, out, *user, n.find("user")->where);
        out.title += " (" + *user + ')';
        std::visit(
            [&](auto& verb) {
                if constexpr (requires { verb.user; }) {
                    verb.user = *user;
                }
            },
            out.verb);
    }
    if (auto* e = std::get_if<expect_step>(&out.verb)) {
        const auto channel = r.text("channel");
        e->device_only = channel.has_value();
        if (channel && (*channel != "device" || user)) {
            state.report(n.find("channel")->where, "`channel` can only be `device`",
                         "`user: NAME` looks at that user's channel alone");
        }
    }
}

/// "set: power_nap true", "check: MDM-CHK-004, MDM-CHK-005": a line for consoles and reports.
std::string title_of(const yaml::member& verb) {
    std::string out = verb.key;
    const auto add = [&](const std::string& text) {
        out += (out == verb.key ? ": " : ", ") + text;
    };
    if (verb.value.kind == yaml::kind::scalar) {
        add(verb.value.text);
    }
    for (const auto& item : verb.value.items) {
        add(item.text);
    }
    for (const auto& m : verb.value.members) {
        add(m.key + ' ' + m.value.text);
    }
    return out;
}

} // namespace

std::optional<step> read_step(parse_state& state, const yaml::node& n,
                              std::vector<mac_group>& groups) {
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
    if (!read_verb(state, *verb, r, out, groups)) {
        return std::nullopt;
    }
    read_channel(state, r, n, groups, out);
    if (const auto* e = std::get_if<expect_step>(&out.verb)) {
        out.title += e->never       ? ", never"
                     : e->times > 1 ? ", " + std::to_string(e->times) + " times"
                                    : "";
    }
    r.finish();
    return out;
}

} // namespace pomona::scenario
