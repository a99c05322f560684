#include "mac/upkeep.hpp"

#include "mac/lifecycle.hpp"

namespace pomona::sim::mac {
namespace {

/// Runs while something is due; a Mac at rest has no task.
net::task<void> run_upkeep(core_ptr self) {
    struct mark {
        core* c;
        ~mark() { c->in_upkeep = false; }
    };
    const mark running{self.get()};
    while (const auto due = self->box.next_change()) {
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
    }
}

} // namespace

void keep_up(core& self, std::uint64_t cause) {
    self.upkeep_cause = cause;
    if (self.in_upkeep) {
        self.machine_changed.notify_all();
    } else if (self.box.next_change()) {
        self.in_upkeep = true;
        self.world().spawn("upkeep of " + self.who.value(), run_upkeep(self.shared_from_this()));
    }
}

} // namespace pomona::sim::mac
