#include "mac/user_channel.hpp"

#include "mac/ddm/client.hpp"
#include "mac/enrollment.hpp"
#include "mac/file_vault.hpp"
#include "mac/policy.hpp"
#include "pomona/foundation/encoding.hpp"

namespace pomona::sim::mac {
namespace {

/// Until the Mac is on the network; false when the channel was overtaken.
net::task<bool> until_online(channel_ptr self, channel::stamp begun) {
    while (self->is_still(begun) && !self->mac->is_reachable()) {
        co_await self->mac->changed.wait_until(net::never);
    }
    co_return self->is_still(begun);
}

/// One try: log-in at the server, token, TokenUpdate, as far as each is needed. `cause` becomes the
/// event that ended it.
net::task<standing> announce_once(channel_ptr self, channel::stamp begun, std::uint64_t& cause) {
    if (!self->is_admitted()) {
        const auto means = co_await authenticate_user(self, begun, cause);
        if (means != standing::accepted || !self->is_still(begun) || self->open ||
            !self->is_admitted()) {
            co_return means;
        }
    }
    if (self->push.token.empty()) {
        auto token = co_await register_token(self, cause);
        if (!self->is_still(begun) || !token) {
            co_return standing::failed;
        }
        // ENR-114 for the channel: a magic of its own for each enrollment.
        self->push = {*std::move(token), push_magic{self->mac->world().random_uuid()}};
    }
    auto answer = co_await token_update(self, *self->mac->current, self->push, cause);
    cause = answer.event;
    co_return answer.means;
}

net::task<void> open_user_channel(channel_ptr self, channel::stamp begun, std::uint64_t cause) {
    for (unsigned attempt = 0; co_await until_online(self, begun); ++attempt) {
        const auto means = co_await announce_once(self, begun, cause);
        if (!self->is_still(begun)) {
            co_return;
        }
        if (ends_enrollment(means)) {
            co_await leave(
                self->mac->shared_from_this(),
                {.reason = std::string{to_text(means)}, .cause = cause, .check_out = false});
            co_return;
        }
        if (self->admitted == admission::declined) {
            co_return; // MDM-CHK-080
        }
        if (means == standing::accepted && self->open) {
            look_again(*self, cause);
            co_return;
        }
        if (means == standing::accepted) {
            self->open = true;
            self->record("user-channel-opened",
                         {{"Token", to_hex(self->push.token.value())},
                          {"PushMagic", self->push.magic.value()}},
                         cause);
            look_again(*self, cause);
            co_return;
        }
        // Choice (a model): repeated like the device's, until accepted or logged out.
        const auto due = self->mac->world().now() + token_update_repeat.delay(attempt);
        while (self->is_still(begun) && co_await self->mac->changed.wait_until(due)) {
        }
    }
}

/// Logged in to an enrolled Mac, with something left to tell the server.
bool has_to_open(const channel& c) {
    return c.logged_in && c.mac->now_in == phase::enrolled && c.user->kind != account_kind::local &&
           c.admitted != admission::declined && !(c.open && c.is_admitted());
}

net::task<void> keep_opening(channel_ptr self, std::uint64_t cause) {
    while (has_to_open(*self)) {
        const auto begun = self->now();
        co_await open_user_channel(self, begun, cause);
    }
    self->opening = false;
}

void listen(channel& c, bool on) {
    if (!c.push.token.empty()) {
        c.mac->world().spawn("push of " + c.title(),
                             c.mac->env->push.set_listening(c.push.token, on));
    }
}

} // namespace

void open_when_possible(channel& c, std::uint64_t cause) {
    auto& mac = *c.mac;
    if (c.opening || !has_to_open(c) || !has_user_channel(mac.current->payload)) {
        return;
    }
    c.opening = true;
    mac.world().spawn("TokenUpdate of " + c.title(), keep_opening(pointer_to(c), cause));
}

void log_in(channel& c) {
    auto& mac = *c.mac;
    const bool is_new = !c.logged_in;
    if (!is_new && mac.console == &c) {
        return;
    }
    mac.console = &c;
    c.logged_in = true;
    mac.box.users.set_logged_in(c.user->short_name, true);
    c.logins += is_new ? 1 : 0;
    if (is_new) { // Apple, "User Authenticate": a handshake each time the user logs in
        c.admitted = admission::pending;
        c.auth_token.clear();
    }
    const auto event = c.record(is_new ? "logged-in" : "console", {}, 0);
    if (is_new) {
        file_vault_at_log_in(mac, event);
        if (mac.is_reachable()) {
            listen(c, true);
        }
        open_when_possible(c, event);
        look_at_declarations(c, event);
    }
    mac.changed.notify_all();
}

void log_out(channel& c) {
    if (!c.logged_in) {
        return;
    }
    c.logged_in = false;
    c.mac->box.users.set_logged_in(c.user->short_name, false);
    ++c.logins;
    if (c.mac->console == &c) {
        c.mac->console = nullptr; // the login window
    }
    // Observed (F16): the channel is there only while its user is logged in. What comes meanwhile
    // the push service keeps.
    c.wake_cause.reset();
    c.poll_due = false;
    c.record("logged-out", {}, 0);
    c.disconnect();
    listen(c, false);
    c.mac->changed.notify_all();
}

void end_user(core& mac, const std::string& short_name, std::uint64_t cause) {
    mac.record("user-deleted", {{"UserShortName", short_name}}, cause);
    auto* c = mac.find_user(short_name);
    if (c == nullptr) {
        return;
    }
    log_out(*c);
    if (!c->push.token.empty()) {
        mac.world().spawn("push of " + c->title(), mac.env->push.unregister(c->push.token));
    }
    c->deleted = true;
    c->forget();
    c->client.reset();
}

void set_keychain_locked(channel& c, bool locked) {
    if (c.keychain_locked == locked) {
        return;
    }
    c.keychain_locked = locked;
    const auto event = c.record("keychain", {{"locked", locked}}, 0);
    c.mac->changed.notify_all();
    look_again(c, event);
}

void look_again(channel& c, std::uint64_t cause) {
    if (c.poll_due && !c.is_hindered()) {
        c.poll_due = false;
        wake(c, cause);
    } else if (c.wake_cause) {
        wake(c, *c.wake_cause);
    }
}

} // namespace pomona::sim::mac
