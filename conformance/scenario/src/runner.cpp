#include "pomona/scenario/runner.hpp"

#include "fault_rules.hpp"
#include "step_context.hpp"
#include "verbs.hpp"

#include <algorithm>

namespace pomona::scenario {

struct runner::impl {
    step_context c;
    const scenario* file;
    progress on_step;
    std::vector<step_outcome> done;
    time_point began;

    impl(session s, const scenario& what, progress p)
        : c{s}, file{&what}, on_step{std::move(p)}, began{s.world.now()} {
        c.asks_apple = what.uses_abm();
        if (what.watches_apple()) {
            c.log.follow_apple(c.serials());
        }
        begin_faults(c, what);
    }
    impl(const impl&) = delete;
    impl& operator=(const impl&) = delete;
    ~impl() {
        // Connections may live on, and with them the injector, but not what its rules look at.
        c.faults->stop();
        c.env.world.disturb(nullptr);
    }

    [[nodiscard]] step_outcome outcome_of(const step& s, std::size_t macs) const {
        step_outcome o;
        o.title = s.title;
        o.file = s.where.file;
        o.line = s.where.line;
        o.column = s.where.column;
        o.source_text = s.source_text;
        o.macs = macs;
        o.began = o.ended = c.env.world.now();
        return o;
    }

    void begin(const step& s, std::size_t macs) {
        auto o = outcome_of(s, macs);
        o.first_event = c.env.recorder.events().size() + 1;
        c.current = std::move(o);
        c.env.recorder.set_step(s.where.file + ':' + std::to_string(s.where.line));
        c.env.recorder.step("begin", {{"title", s.title}});
    }

    void finish() {
        auto& o = *c.current;
        o.verdict =
            o.macs_held == o.macs && o.macs > 0 ? checks::verdict::pass : checks::verdict::fail;
        if (o.verdict == checks::verdict::fail && o.reason.empty()) {
            o.reason = std::to_string(o.macs - o.macs_held) + " of " + std::to_string(o.macs) +
                       (o.macs == 1 ? " Mac" : " Macs") + " did not hold";
        }
        close();
    }

    void close() {
        c.current->ended = c.env.world.now();
        c.env.recorder.step("end", {{"title", c.current->title},
                                    {"verdict", std::string{checks::to_text(c.current->verdict)}}});
        c.current->last_event = c.env.recorder.events().size();
        done.push_back(std::move(*c.current));
        c.current.reset();
        c.env.recorder.set_step({});
        // Failures come in the order of recording; the report wants them by Mac.
        std::ranges::sort(done.back().failures, {}, &mac_failure::mac);
        if (on_step) {
            on_step(done.back());
        }
    }

    void block_rest(const std::string& reason) {
        for (auto i = done.size(); i < file->steps.size(); ++i) {
            const auto& s = file->steps[i];
            auto o = outcome_of(s, c.selected(s).size());
            o.verdict = checks::verdict::blocked;
            o.reason = reason;
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
        auto macs = i.c.selected(s);
        i.begin(s, macs.size());
        co_await std::visit([&](const auto& verb) { return carry_out(i.c, verb, std::move(macs)); },
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
    if (i.c.current) {
        i.c.current->verdict = checks::verdict::error;
        i.c.current->reason = cut_off.empty() ? "did not finish" : cut_off;
        i.close();
    }
    if (i.done.size() < i.file->steps.size()) {
        i.block_rest(cut_off.empty() ? "did not begin" : std::string{cut_off});
    }
    run_outcome out;
    out.name = i.file->name;
    out.about = i.file->about;
    out.file = i.file->file;
    out.macs = i.c.env.fleet.size();
    out.strict = strict;
    out.reason = cut_off;
    out.began = i.began;
    out.ended = i.c.env.world.now();
    out.events = i.c.env.recorder.events().size();
    out.steps = i.done;
    for (const auto& t : i.c.faults->tallies()) {
        out.faults.push_back({t.fault, t.where, t.matched, t.injected, t.missed});
    }
    out.checks = judge_trace(i.c.view(), i.file->checks, strict);
    settle(out);
    return out;
}

} // namespace pomona::scenario
