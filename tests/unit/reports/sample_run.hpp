// A small run for the tests of the reports.
#pragma once

#include "pomona/scenario/outcome.hpp"
#include "pomona/trace/event.hpp"

namespace pomona::reports::sample {

inline scenario::run_outcome run() {
    scenario::run_outcome o;
    o.version = "0.1.0";
    o.name = "sample";
    o.world = "virtual";
    o.seed = 7;
    o.macs = 2;
    o.rerun = "pomona run sample.yaml --seed 7";
    o.ended = o.began + std::chrono::seconds{5};
    o.verdict = checks::verdict::fail;

    scenario::step_outcome s;
    s.title = "expect: TokenUpdate";
    s.file = "sample.yaml";
    s.line = 3;
    s.column = 5;
    s.source_text = "  - expect: TokenUpdate";
    s.verdict = checks::verdict::fail;
    s.reason = "1 of 2 Macs did not";
    s.macs = 2;
    s.macs_held = 1;
    s.failures = {{"mac-0002", "no TokenUpdate within 60s", "Authenticate was refused", {3, 4}}};
    s.ended = s.began + std::chrono::milliseconds{1500};
    o.steps = {s};

    scenario::check_outcome c;
    c.id = "MDM-012";
    c.rule = "The answer is 200.";
    c.level = "must";
    c.basis = "documented";
    c.source = "Check-in";
    c.subject = "server";
    c.bugs = {"example/server#1"};
    c.verdict = checks::verdict::fail;
    c.occasions = 2;
    c.violations = 1;
    c.findings = {{4, {3}, "mac-0002", "200", "500"}};
    o.checks = {c};
    return o;
}

inline trace::event event(std::uint64_t number, std::string actor, trace::kind kind,
                          std::string channel, trace::fields summary = {}) {
    trace::event e;
    e.number = number;
    e.actor = std::move(actor);
    e.kind = kind;
    e.channel = std::move(channel);
    e.summary = std::move(summary);
    return e;
}

} // namespace pomona::reports::sample
