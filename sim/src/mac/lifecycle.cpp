#include "mac/lifecycle.hpp"

#include "mac/activation.hpp"
#include "mac/ade.hpp"
#include "mac/announcing.hpp"
#include "mac/ddm/client.hpp"
#include "mac/policy.hpp"
#include "mac/upkeep.hpp"
#include "mac/user_channel.hpp"

#include <utility>

namespace pomona::sim::mac {
namespace {

/// What was at work is lost: sessions, connections, log-ins.
void go_down(core& c, std::uint64_t cause) {
    for (const auto& u : c.users) {
        log_out(*u);
    }
    c.state.login_blocked = false;
    c.state.screen_locked = false;
    ++c.starts;
    if (c.setup.awaiting && !c.setup.stalled) {
        c.setup.stalled = true; // Observed (F33)
        c.record("setup-assistant", {{"stalled", true}}, cause);
    }
}

std::uint64_t record_power(core& c, std::uint64_t cause) {
    return c.record("power", {{"mode", std::string{to_text(c.box.power.mode)}}}, cause);
}

/// Down now, up again in `takes`.
void begin_restart(const core_ptr& self, duration takes, std::uint64_t cause) {
    const bool before = self->is_reachable();
    self->box.power.restart(self->world().now() + takes);
    const auto event = record_power(*self, cause);
    go_down(*self, event);
    reach_changed(*self, before, event);
    keep_up(*self, event);
}

void change_mode(core& c, power_mode to, std::uint64_t cause) {
    const bool before = c.is_reachable();
    c.box.power.mode = to;
    reach_changed(c, before, record_power(c, cause));
}

/// After an erase. Choice: the users are those of before, with new GUIDs; Setup Assistant makes
/// their accounts.
void renew_users(core& c) {
    for (const auto& u : c.users) {
        u->user = draw_account(c.world(),
                               {.short_name = u->user->short_name,
                                .kind = u->user->kind,
                                .password = u->user->password},
                               &c.hw.kind);
        u->deleted = false;
    }
}

void create_accounts(core& c) {
    for (const auto& u : c.users) {
        if (c.box.users.find(u->user->short_name) == nullptr) {
            c.box.users.add({.guid = u->user->id,
                             .short_name = u->user->short_name,
                             .full_name = u->user->long_name,
                             .admin = u == c.users.front()});
        }
    }
}

net::task<void> set_up_by_itself(core_ptr self, std::uint64_t cause) {
    (void)co_await enroll_by_ade(self, cause); // what went wrong stands in the trace
}

net::task<void> give_up_tokens(core_ptr self, std::vector<push_token> tokens) {
    for (auto& token : tokens) {
        co_await self->env->push.unregister(std::move(token));
    }
}

} // namespace

void restart(const core_ptr& self, std::uint64_t cause) {
    restart(self, restart_time, cause);
}

void restart(const core_ptr& self, duration takes, std::uint64_t cause) {
    const auto mode = self->box.power.mode;
    if (mode != power_mode::off && mode != power_mode::restarting) {
        begin_restart(self, takes, cause);
    }
}

void shut_down(const core_ptr& self, std::uint64_t cause) {
    if (self->box.power.mode == power_mode::off) {
        return;
    }
    self->box.power.up_at.reset();
    change_mode(*self, power_mode::off, cause);
    go_down(*self, cause);
}

void lock_with_pin(const core_ptr& self, std::string pin, std::uint64_t cause) {
    self->box.power.pin = std::move(pin);
    restart(self, cause);
}

bool unlock_with_pin(const core_ptr& self, std::string_view pin, std::uint64_t cause) {
    auto& power = self->box.power;
    if (power.mode != power_mode::pin_lock || !power.pin || *power.pin != pin) {
        return false;
    }
    power.pin.reset();
    change_mode(*self, power.after_start(), cause);
    return true;
}

void set_power(const core_ptr& self, power_mode to, std::uint64_t cause) {
    auto& power = self->box.power;
    if (power.mode == to) {
        return;
    }
    if (to == power_mode::off) {
        shut_down(self, cause);
    } else if (to == power_mode::restarting) {
        restart(self, cause);
    } else if (power.mode == power_mode::off) {
        begin_restart(self, restart_time, cause);
    } else if (power.mode != power_mode::restarting) {
        power.pin.reset(); // who wakes a locked Mac has given its PIN
        change_mode(*self, to, cause);
    }
}

void keep_backup(core& self) {
    if (self.current && self.device.open) {
        self.backup = std::make_shared<const enrollment_backup>(
            enrollment_backup{.what = *self.current, .profiles = self.device.profiles});
    }
}

void install_os(const core_ptr& self, installed_os what, std::uint64_t cause) {
    const auto& kind = self->hw.kind;
    const auto event =
        self->record("os-updated", {{"version", what.version}, {"build", what.build}}, cause);
    self->box.updates = {std::move(what), kind.apple_silicon,
                         newest_major_for(kind.model, kind.apple_silicon)};
    restart(self, upgrade_time, event);
}

void came_up(const core_ptr& self, std::uint64_t cause) {
    self->box.security.restarted();
    self->box.updates.started(self->world().now());
    reach_changed(*self, false, cause);
    if (self->current && self->now_in == phase::enrolled &&
        self->current->announced != self->box.updates.installed()) {
        // Apple, "Token Update": for instance after an OS change.
        self->current->announced = self->box.updates.installed();
        self->world().spawn("push tokens of " + self->who.value(), rotate_tokens(self, cause));
    }
    if (self->now_in == phase::enrolled && !self->setup.running) {
        self->world().spawn("bootstrap token of " + self->who.value(),
                            escrow_bootstrap_token(self, cause)); // what had failed
    }
    if (self->setup.running && !self->setup.enrolling &&
        self->now_in == phase::unenrolled) { // after an erase
        if (self->ade || self->asks_activation) {
            self->world().spawn("Setup Assistant of " + self->who.value(),
                                set_up_by_itself(self, cause));
        } else {
            finish_setup(self, cause);
        }
    }
}

void reach_changed(core& self, bool before, std::uint64_t cause) {
    const bool now = self.is_reachable();
    self.changed.notify_all();
    if (now && !before) {
        self.box.updates.started(self.world().now());
        keep_up(self, cause); // what waited while it was off
    }
    for (auto* one : self.channels()) {
        if (!now) {
            one->disconnect(); // the network has gone, and its connections with it
        }
        if (before != now && !one->push.token.empty() && (!one->user || one->logged_in)) {
            self.world().spawn("push of " + one->title(),
                               self.env->push.set_listening(one->push.token, now));
        }
        look_again(*one, cause);
        if (now && !before) {
            look_at_declarations(*one, cause);
        }
    }
}

void finish_setup(const core_ptr& self, std::uint64_t cause) {
    if (!self->setup.running || self->setup.stalled) {
        return;
    }
    self->setup = {};
    trace::fields said{{"finished", true}};
    if (self->ade && self->asks_activation) { // ABM-104
        said.set("panes", panes_shown(self->ade->skipped));
    }
    const auto event = self->record("setup-assistant", std::move(said), cause);
    create_accounts(*self);
    if (!self->users.empty()) {
        log_in(*self->users.front()); // whose account Setup Assistant has made
    }
    look_again(self->device, event);
    if (self->now_in == phase::enrolled) { // the first user with a secure token is there
        self->world().spawn("bootstrap token of " + self->who.value(),
                            escrow_bootstrap_token(self, event));
    }
}

void erase(const core_ptr& self, std::uint64_t cause) {
    const auto event = self->record("erased", {}, cause);
    std::vector<push_token> tokens;
    for (const auto* one : self->channels()) {
        if (!one->push.token.empty()) {
            tokens.push_back(one->push.token);
        }
    }
    self->setup = {};
    begin_restart(self, erase_time, event);
    auto power = self->box.power;
    power.file_vault = power.lid_closed = false;
    power.pin.reset();
    const auto security = self->box.security.after_erase();
    const auto installed = self->box.updates.installed();
    const auto& kind = self->hw.kind;
    self->box = machine_state{kind};
    self->box.updates = {installed, kind.apple_silicon,
                         newest_major_for(kind.model, kind.apple_silicon)};
    self->box.power = std::move(power);
    self->box.security = security;
    self->setup = {.running = true};
    renew_users(*self);
    keep_backup(*self);
    self->bootstrap = {};
    self->current.reset();
    self->now_in = phase::unenrolled;
    ++self->generation;
    for (auto* one : self->channels()) {
        one->forget();
        one->client.reset();
    }
    self->changed.notify_all();
    self->world().spawn("push tokens of " + self->who.value(),
                        give_up_tokens(self, std::move(tokens)));
}

} // namespace pomona::sim::mac
