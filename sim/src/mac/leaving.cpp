// The end of an enrollment, however it comes.
#include "mac/core.hpp"
#include "mac/lifecycle.hpp"

namespace pomona::sim::mac {
namespace {

/// One try, whatever comes of it (MDM-CHK-073; Apple, "Check Out").
net::task<std::uint64_t> check_out(core_ptr self, const enrollment& e, std::uint64_t cause) {
    auto client = self->device.client_of(e);
    auto answer = co_await send_checkin(pointer_to(self->device), client, e.checkin_url(),
                                        mdm::check_out{.topic = e.payload.topic}, cause);
    co_return answer.event;
}

/// What MDM brought goes with it, declarations and user channels included (DDM-058).
void forget(core& c) {
    keep_backup(c);
    c.bootstrap.escrowed = false; // Observed (F15): it goes with the profile
    c.current.reset();
    c.now_in = phase::unenrolled;
    c.box.enrollment_ended();
    for (auto* one : c.channels()) {
        one->forget();
    }
    ++c.generation;
    c.changed.notify_all();
}

} // namespace

net::task<void> leave(core_ptr self, departure how) {
    if (!self->current || self->leaving) {
        co_return;
    }
    self->leaving = true;
    const auto old = *self->current;
    std::vector<push_token> tokens;
    for (const auto* one : self->channels()) {
        if (!one->push.token.empty()) {
            tokens.push_back(one->push.token);
        }
    }
    forget(*self);
    for (const auto& u : self->users) { // what a user's agent is at ends before the CheckOut
        u->disconnect();
    }
    auto cause = how.cause;
    if (how.check_out && old.payload.check_out_when_removed) {
        cause = co_await check_out(self, old, cause);
    }
    for (auto* one : self->channels()) { // the identity has gone with the profile
        one->disconnect();
        one->client.reset();
    }
    for (auto& token : tokens) {
        co_await self->env->push.unregister(std::move(token));
    }
    self->record("unenrolled",
                 {{"reason", std::move(how.reason)}, {"Topic", old.payload.topic.value()}}, cause);
    self->leaving = false;
    self->changed.notify_all();
}

} // namespace pomona::sim::mac
