#include "mac/upkeep.hpp"

#include "mac/ddm/client.hpp"
#include "mac/lifecycle.hpp"

namespace pomona::sim::mac {
namespace {

std::optional<time_point> next_change(core& c) {
    auto out = c.box.next_change();
    for (const auto* one : c.channels()) {
        if (const auto at = one->profiles.next_removal(); at && (!out || *at < *out)) {
            out = at;
        }
    }
    return out;
}

/// Profiles whose time has come (RemovalDate, DurationUntilRemoval).
net::task<void> remove_due_profiles(core_ptr self) {
    for (auto* one : self->channels()) {
        for (const auto& identifier : one->profiles.due(self->world().now())) {
            const bool ends = one->profiles.find(identifier)->is_enrollment();
            one->profiles.erase(identifier);
            const auto event =
                one->record("profile-removed",
                            {{"PayloadIdentifier", identifier}, {"reason", "its time is over"}},
                            self->upkeep_cause);
            if (ends) {
                co_await leave(self, {.reason = "the enrollment profile removed itself",
                                      .cause = event,
                                      .check_out = true});
            }
        }
    }
}

/// Runs while something is due; a Mac at rest has no task.
net::task<void> run_upkeep(core_ptr self) {
    struct mark {
        core* c;
        ~mark() { c->in_upkeep = false; }
    };
    const mark running{self.get()};
    while (const auto due = next_change(*self)) {
        co_await self->machine_changed.wait_until(*due); // or something is due earlier now
        const auto now = self->world().now();
        for (auto& what : self->box.advance(now)) {
            const auto event =
                self->record(std::move(what.name), std::move(what.about), self->upkeep_cause);
            if (what.started) {
                came_up(self, event);
            }
            if (what.down_for) {
                self->box.power.authenticated = what.authenticated;
                restart(self, *what.down_for, event);
            }
        }
        self->box.updates.authorise(true, now);
        co_await remove_due_profiles(self);
        for (auto* one : self->channels()) {
            look_at_declarations(*one, self->upkeep_cause);
        }
    }
}

} // namespace

void keep_up(core& self, std::uint64_t cause) {
    self.upkeep_cause = cause;
    if (self.in_upkeep) {
        self.machine_changed.notify_all();
    } else if (next_change(self)) {
        self.in_upkeep = true;
        self.world().spawn("upkeep of " + self.who.value(), run_upkeep(self.shared_from_this()));
    }
}

} // namespace pomona::sim::mac
