#include "verbs.hpp"

#include "expect_watch.hpp"
#include "fault_rules.hpp"

#include <algorithm>

namespace pomona::scenario {
namespace {

/// Server verbs for many Macs run side by side, as a script with some patience would.
constexpr std::size_t server_calls_at_once = 32;

std::vector<enrollment_id> ids_of(const step_context& c, const std::vector<std::size_t>& macs,
                                  const std::string& user) {
    std::vector<enrollment_id> ids;
    for (const auto mac : macs) {
        ids.push_back(c.id_of(mac, user));
    }
    return ids;
}

/// Choice: how long a user needs to install the profile once more.
constexpr auto before_next_try = std::chrono::seconds{5};

/// Failed, and nothing of it goes on: a Mac that was authenticated repeats TokenUpdate by itself.
bool is_over(const std::expected<void, sim::mac::enroll_failure>& result) {
    return !result && result.error().at != "TokenUpdate";
}

using enroll_result = std::expected<void, sim::mac::enroll_failure>;

/// "https://localhost:9000" of the enrollment profile's address.
std::string origin_of(const std::string& url) {
    const auto host = url.find("://");
    return url.substr(0, host == std::string::npos ? host : url.find('/', host + 3));
}

/// One try of the user, in the way of the step.
net::task<enroll_result> try_enroll(step_context& c, std::size_t mac, const enroll_step& e) {
    auto& who = c.env.fleet.at(mac);
    if (e.by_ade) {
        co_return co_await who.enroll_by_ade();
    }
    if (e.account_mode.empty()) {
        co_return co_await who.enroll(c.env.enroll_url);
    }
    const auto account = c.resolver_for(mac)(e.account).value_or(e.account);
    auto token = co_await c.env.server.access_token(account, e.account_mode);
    if (!token) {
        co_return std::unexpected(
            sim::mac::enroll_failure{"profile", token.error().message(), false});
    }
    co_return co_await who.enroll_by_account({.identifier = account,
                                              .discovery = origin_of(c.env.enroll_url),
                                              .access_token = *std::move(token)});
}

/// Nobody waits for it; the fleet outlives the world's tasks.
net::task<void> enroll_beside(sim::mac::mac* who, std::string url) {
    co_await who->enroll(std::move(url));
}

/// `refused_at`: where it was to fail; empty: nowhere.
void settle(step_context& c, std::size_t mac, const enroll_result& result,
            const std::string& refused_at) {
    if (result ? refused_at.empty() : result.error().at == refused_at) {
        c.held();
    } else if (result) {
        c.add_failure(
            {c.name_of(mac), "it enrolled, but should have been refused at " + refused_at, {}, {}});
    } else {
        c.add_failure({c.name_of(mac),
                       "enrollment failed at " + result.error().at + ": " + result.error().reason,
                       {},
                       {}});
    }
}

net::task<void> one_enroll(step_context& c, std::size_t mac, enroll_step e) {
    if (e.after_max > duration{0}) {
        const auto span = static_cast<std::uint64_t>((e.after_max - e.after_min).count());
        co_await c.env.world.sleep_for(
            e.after_min + duration{static_cast<std::int64_t>(c.env.world.random_below(span + 1))});
    }
    if (e.person) {
        c.env.fleet.at(mac).set(e.person);
    }
    if (e.by_ade && e.url.empty() && c.asks_apple && !e.by_web_view) {
        c.env.fleet.at(mac).ask_for_assignment();
    } else if (e.by_ade) {
        const auto& usual = e.by_web_view ? c.env.ade_web_url : c.env.ade_url;
        const auto& url = e.url.empty() ? usual : e.url;
        c.env.fleet.at(mac).assign(
            sim::mac::ade_assignment{.url = e.by_web_view ? c.env.ade_url : url,
                                     .await_device_configured = e.await_configuration,
                                     .web_url = e.by_web_view ? url : std::string{}});
    }
    auto result = co_await try_enroll(c, mac, e);
    for (int again = 1; again < e.tries && is_over(result); ++again) {
        co_await c.env.world.sleep_for(before_next_try);
        result = co_await try_enroll(c, mac, e);
    }
    settle(c, mac, result, e.refused_at);
}

net::task<void> one_queue(step_context& c, std::size_t mac, const queue_step& q) {
    std::vector<command_uuid> uuids;
    for (const auto& body : q.commands) {
        mdm::command command{command_uuid{c.env.world.random_uuid()}, *body.string("RequestType"),
                             body};
        uuids.push_back(command.uuid);
        const bool last = uuids.size() == q.commands.size();
        const auto queued =
            co_await c.env.server.queue(c.id_of(mac, q.user), std::move(command), q.push && last);
        if (!queued) {
            c.add_failure({c.name_of(mac), queued.error().message(), {}, {}});
            co_return;
        }
    }
    for (const auto& [name, path] : q.capture) {
        const auto index = static_cast<std::size_t>(std::strtoull(path.c_str() + 6, nullptr, 10));
        if (index < uuids.size()) {
            c.places[mac].captures[name] = uuids[index].value();
        }
    }
    c.held();
}

/// A fresh profile for each: its challenge is for one Mac.
net::task<void> one_server_renewal(step_context& c, std::size_t mac) {
    auto profile = co_await c.env.server.download(c.env.enroll_url);
    if (!profile) {
        c.add_failure({c.name_of(mac), profile.error().message(), {}, {}});
        co_return;
    }
    mdm::command command{command_uuid{c.env.world.random_uuid()},
                         "InstallProfile",
                         {{"RequestType", "InstallProfile"}, {"Payload", *std::move(profile)}}};
    const auto queued = co_await c.env.server.queue(c.id_of(mac), std::move(command), true);
    if (queued) {
        c.held();
    } else {
        c.add_failure({c.name_of(mac), queued.error().message(), {}, {}});
    }
}

/// What `set` says about users; empty, or why it cannot be.
std::string set_users(step_context& c, const set_step& s, std::size_t mac) {
    auto& who = c.env.fleet.at(mac);
    const auto& console = s.what.console;
    if (!console.empty()) {
        if (const auto user = who.user(console); !user || !user->logged_in) {
            return console + " is not logged in, so cannot be at the console";
        }
        who.log_in(console);
    }
    if (s.what.keychain_locked) {
        for (const auto& name : who.user_names()) {
            if (s.user.empty() || s.user == name) {
                who.lock_keychain(name, *s.what.keychain_locked);
            }
        }
    }
    return {};
}

void apply(const mac_state& s, sim::mac::condition& to) {
    const auto take = [](const auto& wanted, auto& into) { into = wanted.value_or(into); };
    take(s.online, to.online);
    take(s.network_delay, to.network_delay);
    take(s.power, to.power);
    take(s.lid_closed, to.lid_closed);
    take(s.file_vault, to.file_vault);
    take(s.login_blocked, to.login_blocked);
    take(s.screen_locked, to.screen_locked);
    take(s.clock_offset, to.clock_offset);
}

/// The channel that an expectation looks at.
std::optional<std::string> channel_of(const step_context& c, const expect_step& e,
                                      std::size_t mac) {
    if (e.device_only) {
        return std::string{};
    }
    return e.user.empty() ? std::nullopt : std::optional{c.user_id(mac, e.user)};
}

void take(step_context& c, const expect_step& e, std::size_t mac, const expect_watch::settled& s) {
    if (!s.ok) {
        c.add_failure(s.why);
        return;
    }
    c.places[mac].move(channel_of(c, e, mac), s.match);
    for (const auto& [name, path] : e.capture) {
        if (auto value = value_at(path, *s.matched, c.env.recorder)) {
            c.places[mac].captures[name] = std::move(*value);
        }
    }
    c.held();
}

/// A refused connection while a message is awaited: a server that died is said at once instead of
/// at the deadline.
net::task<bool> server_alive(step_context& c,
                             const std::vector<std::pair<std::size_t, expect_watch>>& open) {
    const auto probe = co_await c.env.server.probe();
    if (probe || probe.error().code != targets::errc::unreachable) {
        co_return true;
    }
    c.current->reason = "the server died in mid-run: " + probe.error().message();
    for (const auto& [mac, watch] : open) {
        c.add_failure({watch.mac(), "still waiting when the server died", {}, {}});
    }
    co_return false;
}

} // namespace

net::task<void> carry_out(step_context& c, const enroll_step& e, std::vector<std::size_t> macs) {
    c.begin_action(macs);
    if (e.by_web_view && e.url.empty() && c.env.ade_web_url.empty()) {
        c.current->reason = "this target has no web view: `ade_web_url` of its target file";
        co_return;
    }
    if (!e.wait) {
        for (const auto mac : macs) {
            c.env.world.spawn("enroll " + c.name_of(mac),
                              enroll_beside(&c.env.fleet.at(mac), c.env.enroll_url));
        }
        c.held(macs.size());
        co_return;
    }
    net::task_group group{c.env.world};
    for (const auto mac : macs) {
        group.spawn("enroll " + c.name_of(mac), one_enroll(c, mac, e));
    }
    co_await group.all_done(net::never);
}

net::task<void> carry_out(step_context& c, const queue_step& q, std::vector<std::size_t> macs) {
    c.begin_action(macs);
    for (std::size_t first = 0; first < macs.size(); first += server_calls_at_once) {
        net::task_group group{c.env.world};
        for (auto i = first; i < std::min(macs.size(), first + server_calls_at_once); ++i) {
            group.spawn("queue", one_queue(c, macs[i], q));
        }
        co_await group.all_done(net::never);
    }
}

net::task<void> carry_out(step_context& c, const push_step& p, std::vector<std::size_t> macs) {
    c.begin_action(macs);
    const auto outcome = co_await c.env.server.push(ids_of(c, macs, p.user));
    c.settle_all(outcome, macs.size());
}

net::task<void> carry_out(step_context& c, const declare_step& d, std::vector<std::size_t> macs) {
    c.begin_action(macs);
    const auto outcome = co_await c.env.server.declare(
        ids_of(c, macs, d.user), "pomona-line-" + std::to_string(c.current->line), d.declarations,
        d.notify);
    c.settle_all(outcome, macs.size());
}

net::task<void> carry_out(step_context& c, const renew_step& /*unused*/,
                          std::vector<std::size_t> macs) {
    c.begin_action(macs);
    for (std::size_t first = 0; first < macs.size(); first += server_calls_at_once) {
        net::task_group group{c.env.world};
        for (auto i = first; i < std::min(macs.size(), first + server_calls_at_once); ++i) {
            group.spawn("renew", one_server_renewal(c, macs[i]));
        }
        co_await group.all_done(net::never);
    }
}

net::task<void> carry_out(step_context& c, const config_step& s, std::vector<std::size_t> macs) {
    c.begin_action(macs);
    auto settings = s.settings;
    const auto outcome = co_await c.env.server.configure(std::move(settings));
    c.settle_all(outcome, macs.size());
}

net::task<void> carry_out(step_context& c, const set_step& s, std::vector<std::size_t> macs) {
    c.begin_action(macs);
    for (const auto mac : macs) {
        auto condition = c.env.fleet.at(mac).current();
        apply(s.what, condition);
        c.env.fleet.at(mac).set(condition);
        c.env.fleet.at(mac).set(s.what.trials);
        if (auto problem = set_users(c, s, mac); problem.empty()) {
            c.held();
        } else {
            c.add_failure({c.name_of(mac), std::move(problem), {}, {}});
        }
    }
    co_return;
}

net::task<void> carry_out(step_context& c, const advance_step& a, std::vector<std::size_t> macs) {
    co_await c.env.world.sleep_for(a.length);
    c.held(macs.size());
}

net::task<void> carry_out(step_context& c, const fault_step& f, std::vector<std::size_t> macs) {
    c.begin_action(macs);
    if (f.rule) {
        add_fault(c, *f.rule);
    } else {
        c.faults->stop();
    }
    c.held(macs.size());
    co_return;
}

net::task<void> carry_out(step_context& c, const check_step& what, std::vector<std::size_t> macs) {
    for (const auto& outcome : judge_trace(c.view(), what.ids, false)) {
        if (outcome.verdict != checks::verdict::fail) {
            continue;
        }
        for (const auto& f : outcome.findings) {
            c.add_failure({f.mac,
                           outcome.id + ": expected " + f.expected + ", got " + f.actual,
                           {},
                           {f.event}});
        }
    }
    c.held(c.current->failures.empty() ? macs.size() : 0);
    co_return;
}

net::task<void> carry_out(step_context& c, const expect_step& e, std::vector<std::size_t> macs) {
    if (c.env.apple_elsewhere && is_of_apple(e.what)) {
        c.current->reason = "Apple's services belong to another process: what they see is not in "
                            "the trace of this one";
        co_return;
    }
    std::vector<std::pair<std::size_t, expect_watch>> open;
    for (const auto mac : macs) {
        const auto& p = c.places[mac];
        auto channel = channel_of(c, e, mac);
        const auto cursor = p.cursor_of(channel);
        open.emplace_back(
            mac,
            expect_watch{e,
                         {c.name_of(mac), cursor, p.since, c.resolver_for(mac), std::move(channel),
                          e.user.empty() ? "" : c.name_of(mac) + " (" + e.user + ')'},
                         c.env.world.now()});
    }
    while (!open.empty()) {
        c.log.pump();
        const auto now = c.env.world.now();
        std::erase_if(open, [&](auto& entry) {
            const auto settled = entry.second.look(c.log, c.env.recorder, now);
            if (settled) {
                take(c, e, entry.first, *settled);
            }
            return settled.has_value();
        });
        if (open.empty()) {
            break;
        }
        if (c.log.take_refusal()) {
            if (!co_await server_alive(c, open)) {
                break;
            }
            continue; // events may have come meanwhile
        }
        auto deadline = net::never;
        for (const auto& [mac, watch] : open) {
            deadline = std::min(deadline, watch.deadline());
        }
        co_await c.env.recorder.changed().wait_until(deadline);
    }
}

} // namespace pomona::scenario
