// A Mac that was put back from a snapshot goes on where it was.
#include "mac/enrollment.hpp"
#include "mac/policy.hpp"
#include "mac/snapshot.hpp"
#include "mac/upkeep.hpp"
#include "mac/user_channel.hpp"
#include "pomona/foundation/encoding.hpp"

#include <utility>

namespace pomona::sim::mac {
namespace {

/// Waits a while, or until something changed; false when the channel was overtaken.
net::task<bool> pause(channel_ptr self, channel::stamp begun, unsigned attempt) {
    const auto due = self->mac->world().now() +
                     policy_of(self->mac->hw.wire.retry).token_update_repeat.delay(attempt);
    while (self->is_still(begun) && co_await self->mac->changed.wait_until(due)) {
    }
    co_return self->is_still(begun);
}

/// Apple, "Token Update": the server has to hear of a token that is another now.
net::task<void> tell_new_token(channel_ptr self, channel::stamp begun) {
    for (unsigned attempt = 0; self->is_still(begun); ++attempt) {
        auto answer = co_await token_update(self, *self->mac->current, self->push, 0);
        if (!self->is_still(begun)) {
            co_return;
        }
        if (answer.means == standing::accepted) {
            self->record("push-token-changed", {{"Token", to_hex(self->push.token.value())}},
                         answer.event);
            co_return;
        }
        if (ends_enrollment(answer.means)) {
            co_await leave(self->mac->shared_from_this(),
                           {.reason = std::string{to_text(answer.means)},
                            .cause = answer.event,
                            .check_out = false});
            co_return;
        }
        co_await pause(self, begun, attempt);
    }
}

/// Counts as under way until the first try is over: later ones may take for ever.
struct first_try {
    core* mac;
    explicit first_try(core& c) : mac{&c} { ++mac->under_way; }
    first_try(const first_try&) = delete;
    first_try& operator=(const first_try&) = delete;
    ~first_try() { over(); }
    void over() {
        if (auto* c = std::exchange(mac, nullptr)) {
            --c->under_way;
        }
    }
};

/// Listens for pushes again, with the token it had. The push service may not be there yet.
net::task<void> listen_again(channel_ptr self) {
    const auto begun = self->now();
    first_try counted{*self->mac};
    for (unsigned attempt = 0; self->is_still(begun); ++attempt) {
        auto token = co_await register_token(self, 0);
        if (!self->is_still(begun)) {
            co_return;
        }
        if (!token) {
            counted.over();
            co_await pause(self, begun, attempt);
            continue;
        }
        const bool hears = self->mac->is_reachable() && (!self->user || self->logged_in);
        if (!hears) { // pushes wait at the service
            co_await self->mac->env->push.set_listening(*token, false);
        }
        if (self->is_still(begun) && *token != self->push.token) {
            self->push.token = *std::move(token);
            co_await tell_new_token(self, begun);
        }
        co_return;
    }
}

} // namespace

void resume(const core_ptr& self) {
    keep_up(*self, 0);
    if (self->now_in == phase::authenticated) {
        self->world().spawn("TokenUpdate of " + self->who.value(),
                            finish_enrollment(self, self->generation));
        return;
    }
    if (self->now_in != phase::enrolled) {
        return;
    }
    for (auto* c : self->channels()) {
        if (!c->push.token.empty()) {
            self->world().spawn("push of " + c->title(), listen_again(pointer_to(*c)));
        }
        open_when_possible(*c, 0);
        look_again(*c, 0);
    }
}

} // namespace pomona::sim::mac
