#include "fault_rules.hpp"

#include <algorithm>

namespace pomona::scenario {
namespace {

std::optional<std::size_t> index_of(const step_context& c, std::string_view mac) {
    for (std::size_t i = 0; i < c.env.fleet.size(); ++i) {
        if (c.name_of(i) == mac) {
            return i;
        }
    }
    return std::nullopt;
}

/// The context outlives the rules' being in force (runner.cpp).
std::function<bool(const trace::event&)> matcher(step_context& c, message m) {
    return [&c, m = std::move(m)](const trace::event& e) {
        if (m.kind == message::what::profile) { // `expect` waits for the answer, a fault acts here
            return e.kind == trace::kind::request && e.channel == "enroll";
        }
        c.log.pump(); // which command a report is about
        auto name = m.name;
        if (name.find("${") != std::string::npos) {
            const auto mac = index_of(c, e.actor);
            auto resolved = mac ? c.resolver_for(*mac)(name) : std::nullopt;
            if (!resolved) {
                return false; // captured later
            }
            name = *std::move(resolved);
        }
        return is_message(m, name, e, c.log);
    };
}

} // namespace

void begin_faults(step_context& c, const scenario& file) {
    const auto& plan = file.faults;
    c.faults = std::make_shared<faults::injector>(c.env.world, c.env.recorder,
                                                  plan.seed.value_or(c.env.seed), plan.limits);
    for (const auto& r : plan.rules) {
        add_fault(c, r);
    }
    // From the beginning, though a step may be what brings the first rule: connections are kept.
    // Without any nothing stands between a Mac and its connections.
    const bool any = !plan.rules.empty() || std::ranges::any_of(file.steps, [](const step& s) {
        return std::holds_alternative<fault_step>(s.verb);
    });
    if (any) {
        c.env.world.disturb(c.faults);
    }
}

void add_fault(step_context& c, const fault_rule& r) {
    faults::rule out{.what = r.what,
                     .with = r.with,
                     .where = r.where.file + ':' + std::to_string(r.where.line),
                     .on = r.on ? matcher(c, *r.on) : nullptr,
                     .on_answer = r.on_answer,
                     .on_text = r.on ? r.on->text : "any message",
                     .macs = {},
                     .probability = r.probability,
                     .times = r.times,
                     .in_total = r.in_total};
    if (!r.macs.empty()) {
        for (const auto i : c.env.fleet.members(r.macs)) {
            out.macs.insert(c.name_of(i));
        }
    }
    c.faults->add(std::move(out));
}

} // namespace pomona::scenario
