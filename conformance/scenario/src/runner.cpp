#include "pomona/scenario/runner.hpp"

#include "expect_watch.hpp"
#include "mac_log.hpp"
#include "predicates.hpp"

#include <algorithm>

namespace pomona::scenario {
namespace {

constexpr std::size_t max_failures = 50;
/// Server verbs for many Macs run side by side, as a script with some patience would.
constexpr std::size_t server_calls_at_once = 32;

} // namespace

struct runner::impl {
    /// Where a Mac stands in the scenario.
    struct place {
        std::uint64_t cursor = 0; ///< its last match
        std::uint64_t since = 0;  ///< when the last action began
        std::map<std::string, std::string> captures;
    };

    session env;
    const scenario* file;
    progress on_step;
    mac_log log;
    std::vector<place> places;
    std::vector<step_outcome> done;
    std::optional<step_outcome> current;
    time_point began;

    impl(session s, const scenario& what, progress p)
        : env{s},
          file{&what},
          on_step{std::move(p)},
          log{s.recorder},
          places(s.fleet.size()),
          began{s.world.now()} {}

    // ---- what steps share ----

    [[nodiscard]] std::vector<std::size_t> selected(const step& s) const {
        if (!s.macs.empty()) {
            return env.fleet.members(s.macs);
        }
        std::vector<std::size_t> all(env.fleet.size());
        for (std::size_t i = 0; i < all.size(); ++i) {
            all[i] = i;
        }
        return all;
    }
    [[nodiscard]] const std::string& name_of(std::size_t mac) const {
        return env.fleet.at(mac).who().value();
    }
    [[nodiscard]] enrollment_id id_of(std::size_t mac) const {
        return enrollment_id{env.fleet.at(mac).machine().device.value()};
    }

    void add_failure(mac_failure f) {
        if (current->failures.size() < max_failures) {
            current->failures.push_back(std::move(f));
        }
    }
    void held(std::size_t count = 1) { current->macs_held += count; }

    void begin_action(const std::vector<std::size_t>& macs) {
        const auto last = env.recorder.events().size();
        for (const auto mac : macs) {
            places[mac].cursor = places[mac].since = last;
        }
    }

    [[nodiscard]] std::optional<std::string> variable(std::size_t mac,
                                                      const std::string& name) const {
        const auto& hw = env.fleet.at(mac).machine();
        if (name == "mac.udid") {
            return hw.device.value();
        }
        if (name == "mac.serial") {
            return hw.serial.value();
        }
        if (name == "mac.name") {
            return hw.computer_name;
        }
        const auto found = places[mac].captures.find(name);
        return found == places[mac].captures.end() ? std::nullopt : std::optional{found->second};
    }
    [[nodiscard]] resolver resolver_for(std::size_t mac) const {
        return [this, mac](const std::string& text) -> std::optional<std::string> {
            std::string out;
            std::size_t at = 0;
            while (true) {
                const auto begin = text.find("${", at);
                out.append(text, at, begin == std::string::npos ? begin : begin - at);
                if (begin == std::string::npos) {
                    return out;
                }
                const auto end = text.find('}', begin);
                const auto value = variable(mac, text.substr(begin + 2, end - begin - 2));
                if (!value) {
                    return std::nullopt;
                }
                out += *value;
                at = end + 1;
            }
        };
    }

    // ---- the verbs ----

    net::task<void> one_enroll(std::size_t mac, enroll_step e) {
        if (e.after_max > duration{0}) {
            const auto span = static_cast<std::uint64_t>((e.after_max - e.after_min).count());
            co_await env.world.sleep_for(e.after_min + duration{static_cast<std::int64_t>(
                                                           env.world.random_below(span + 1))});
        }
        const auto result = co_await env.fleet.at(mac).enroll(env.enroll_url);
        if (result ? e.refused_at.empty() : result.error().at == e.refused_at) {
            held();
        } else if (result) {
            add_failure({name_of(mac),
                         "it enrolled, but should have been refused at " + e.refused_at,
                         {},
                         {}});
        } else {
            add_failure({name_of(mac),
                         "enrollment failed at " + result.error().at + ": " + result.error().reason,
                         {},
                         {}});
        }
    }

    net::task<void> carry_out(const enroll_step& e, std::vector<std::size_t> macs) {
        net::task_group group{env.world};
        for (const auto mac : macs) {
            group.spawn("enroll " + name_of(mac), one_enroll(mac, e));
        }
        co_await group.all_done(net::never);
    }

    net::task<void> one_queue(std::size_t mac, const queue_step* q) {
        std::vector<command_uuid> uuids;
        for (const auto& body : q->commands) {
            mdm::command c{command_uuid{env.world.random_uuid()}, *body.string("RequestType"),
                           body};
            uuids.push_back(c.uuid);
            const bool last = uuids.size() == q->commands.size();
            const auto queued =
                co_await env.server.queue(id_of(mac), std::move(c), q->push && last);
            if (!queued) {
                add_failure({name_of(mac), queued.error().message(), {}, {}});
                co_return;
            }
        }
        for (const auto& [name, path] : q->capture) {
            const auto index =
                static_cast<std::size_t>(std::strtoull(path.c_str() + 6, nullptr, 10));
            if (index < uuids.size()) {
                places[mac].captures[name] = uuids[index].value();
            }
        }
        held();
    }

    net::task<void> carry_out(const queue_step& q, std::vector<std::size_t> macs) {
        begin_action(macs);
        for (std::size_t first = 0; first < macs.size(); first += server_calls_at_once) {
            net::task_group group{env.world};
            for (auto i = first; i < std::min(macs.size(), first + server_calls_at_once); ++i) {
                group.spawn("queue", one_queue(macs[i], &q));
            }
            co_await group.all_done(net::never);
        }
    }

    void settle_all(const result<void>& outcome, std::size_t count) {
        if (outcome) {
            held(count);
        } else {
            current->reason = outcome.error().message();
        }
    }

    net::task<void> carry_out(const push_step&, std::vector<std::size_t> macs) {
        begin_action(macs);
        std::vector<enrollment_id> ids;
        for (const auto mac : macs) {
            ids.push_back(id_of(mac));
        }
        const auto outcome = co_await env.server.push(std::move(ids));
        settle_all(outcome, macs.size());
    }

    net::task<void> carry_out(const declare_step& d, std::vector<std::size_t> macs) {
        begin_action(macs);
        std::vector<enrollment_id> ids;
        for (const auto mac : macs) {
            ids.push_back(id_of(mac));
        }
        const auto outcome = co_await env.server.declare(
            std::move(ids), "pomona-line-" + std::to_string(current->line), d.declarations,
            d.notify);
        settle_all(outcome, macs.size());
    }

    net::task<void> one_removal(std::size_t mac) {
        co_await env.fleet.at(mac).remove_enrollment_profile();
        held();
    }

    net::task<void> carry_out(const lifecycle_step&, std::vector<std::size_t> macs) {
        begin_action(macs);
        net::task_group group{env.world};
        for (const auto mac : macs) {
            group.spawn("remove-profile " + name_of(mac), one_removal(mac));
        }
        co_await group.all_done(net::never);
    }

    net::task<void> carry_out(const set_step& s, std::vector<std::size_t> macs) {
        begin_action(macs);
        for (const auto mac : macs) {
            auto condition = env.fleet.at(mac).current();
            condition.online = s.online.value_or(condition.online);
            condition.power_nap = s.power_nap.value_or(condition.power_nap);
            env.fleet.at(mac).set(condition);
            held();
        }
        co_return;
    }

    net::task<void> carry_out(const advance_step& a, std::vector<std::size_t> macs) {
        co_await env.world.sleep_for(a.length);
        held(macs.size());
    }

    net::task<void> carry_out(const check_step& c, std::vector<std::size_t> macs) {
        for (const auto& outcome : judge_trace(view(), c.ids, false)) {
            if (outcome.verdict != checks::verdict::fail) {
                continue;
            }
            for (const auto& f : outcome.findings) {
                add_failure({f.mac,
                             outcome.id + ": expected " + f.expected + ", got " + f.actual,
                             {},
                             {f.event}});
            }
        }
        held(current->failures.empty() ? macs.size() : 0);
        co_return;
    }

    net::task<void> carry_out(const expect_step& e, std::vector<std::size_t> macs) {
        std::vector<std::pair<std::size_t, expect_watch>> open;
        for (const auto mac : macs) {
            const auto& p = places[mac];
            open.emplace_back(
                mac, expect_watch{
                         e, {name_of(mac), p.cursor, p.since, resolver_for(mac)}, env.world.now()});
        }
        while (!open.empty()) {
            log.pump();
            const auto now = env.world.now();
            std::erase_if(open, [&](auto& entry) {
                const auto settled = entry.second.look(log, env.recorder, now);
                if (settled) {
                    take(e, entry.first, *settled);
                }
                return settled.has_value();
            });
            if (open.empty()) {
                break;
            }
            if (log.take_refusal() && !co_await server_alive(open)) {
                break;
            }
            auto deadline = net::never;
            for (const auto& [mac, watch] : open) {
                deadline = std::min(deadline, watch.deadline());
            }
            co_await env.recorder.changed().wait_until(deadline);
        }
    }

    void take(const expect_step& e, std::size_t mac, const expect_watch::settled& s) {
        if (!s.ok) {
            add_failure(s.why);
            return;
        }
        places[mac].cursor = s.match;
        for (const auto& [name, path] : e.capture) {
            if (auto value = value_at(path, *s.matched, env.recorder)) {
                places[mac].captures[name] = std::move(*value);
            }
        }
        held();
    }

    /// A refused connection while a message is awaited: a server that died is said at once instead
    /// of at the deadline.
    net::task<bool> server_alive(const std::vector<std::pair<std::size_t, expect_watch>>& open) {
        const auto probe = co_await env.server.probe();
        if (probe || probe.error().code != targets::errc::unreachable) {
            co_return true;
        }
        current->reason = "the server died in mid-run: " + probe.error().message();
        for (const auto& [mac, watch] : open) {
            add_failure({watch.mac(), "still waiting when the server died", {}, {}});
        }
        co_return false;
    }

    // ---- around the steps ----

    [[nodiscard]] checks::trace_view view() const {
        std::vector<const trace::event*> events;
        for (const auto& e : env.recorder.events()) {
            events.push_back(&e);
        }
        return {std::move(events),
                [this](const trace::body_ref& ref) { return env.recorder.body(ref); }};
    }

    void begin(const step& s, std::size_t macs) {
        step_outcome o;
        o.title = s.title;
        o.file = s.where.file;
        o.line = s.where.line;
        o.column = s.where.column;
        o.source_text = s.source_text;
        o.macs = macs;
        o.began = env.world.now();
        o.first_event = env.recorder.events().size() + 1;
        current = std::move(o);
        env.recorder.set_step(s.where.file + ':' + std::to_string(s.where.line));
        env.recorder.step("begin", {{"title", s.title}});
    }

    void finish() {
        auto& o = *current;
        o.verdict =
            o.macs_held == o.macs && o.macs > 0 ? checks::verdict::pass : checks::verdict::fail;
        if (o.verdict == checks::verdict::fail && o.reason.empty()) {
            o.reason = std::to_string(o.macs - o.macs_held) + " of " + std::to_string(o.macs) +
                       (o.macs == 1 ? " Mac" : " Macs") + " did not hold";
        }
        close();
    }

    void close() {
        current->ended = env.world.now();
        env.recorder.step("end", {{"title", current->title},
                                  {"verdict", std::string{checks::to_text(current->verdict)}}});
        current->last_event = env.recorder.events().size();
        done.push_back(std::move(*current));
        current.reset();
        env.recorder.set_step({});
        // Failures come in the order of recording; the report wants them by Mac.
        std::ranges::sort(done.back().failures, {}, &mac_failure::mac);
        if (on_step) {
            on_step(done.back());
        }
    }

    void block_rest(const std::string& reason) {
        for (auto i = done.size(); i < file->steps.size(); ++i) {
            const auto& s = file->steps[i];
            step_outcome o;
            o.title = s.title;
            o.file = s.where.file;
            o.line = s.where.line;
            o.column = s.where.column;
            o.source_text = s.source_text;
            o.macs = selected(s).size();
            o.verdict = checks::verdict::blocked;
            o.reason = reason;
            o.began = o.ended = env.world.now();
            done.push_back(std::move(o));
            if (on_step) {
                on_step(done.back());
            }
        }
    }
};

runner::runner(session s, const scenario& what, progress on_step)
    : impl_{std::make_unique<impl>(s, what, std::move(on_step))} {}
runner::~runner() = default;

net::task<void> runner::run() {
    auto& i = *impl_;
    for (const auto& s : i.file->steps) {
        auto macs = i.selected(s);
        i.begin(s, macs.size());
        if (std::holds_alternative<enroll_step>(s.verb)) {
            i.begin_action(macs);
        }
        co_await std::visit([&](const auto& verb) { return i.carry_out(verb, std::move(macs)); },
                            s.verb);
        i.finish();
        if (i.done.back().verdict != checks::verdict::pass) {
            i.block_rest("blocked by line " + std::to_string(s.where.line) + " (" + s.title + ")");
            break;
        }
    }
}

run_outcome runner::conclude(bool strict, std::string_view cut_off) {
    auto& i = *impl_;
    if (i.current) {
        i.current->verdict = checks::verdict::error;
        i.current->reason = cut_off.empty() ? "did not finish" : cut_off;
        i.close();
    }
    if (i.done.size() < i.file->steps.size()) {
        i.block_rest(cut_off.empty() ? "did not begin" : std::string{cut_off});
    }
    run_outcome out;
    out.name = i.file->name;
    out.about = i.file->about;
    out.file = i.file->file;
    out.macs = i.env.fleet.size();
    out.strict = strict;
    out.reason = cut_off;
    out.began = i.began;
    out.ended = i.env.world.now();
    out.events = i.env.recorder.events().size();
    out.steps = i.done;
    out.checks = judge_trace(i.view(), i.file->checks, strict);
    settle(out);
    return out;
}

} // namespace pomona::scenario
