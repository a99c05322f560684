// The end of an enrollment, however it comes.
#include "mac/core.hpp"

namespace pomona::sim::mac {
namespace {

/// One try, whatever comes of it (MDM-CHK-073; Apple, "Check Out").
net::task<std::uint64_t> check_out(core_ptr self, const enrollment& e, std::uint64_t cause) {
    auto client = self->client_of(e);
    mdm::checkin_message message{.from = self->sender(),
                                 .body = mdm::check_out{.topic = e.payload.topic}};
    auto answer = co_await send_checkin(self, client, e.checkin_url(), std::move(message), cause);
    co_return answer.event;
}

/// What MDM brought goes with it, declarations included (DDM-058).
void forget(core& c) {
    c.current.reset();
    c.now_in = phase::unenrolled;
    c.ddm.reset();
    c.wake_cause.reset();
    c.poll_due = false;
    c.profiles.clear();
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
    forget(*self);
    auto cause = how.cause;
    if (how.check_out && old.payload.check_out_when_removed) {
        cause = co_await check_out(self, old, cause);
    }
    if (self->client) { // the identity has gone with the profile
        self->client->close();
        self->client.reset();
    }
    if (!old.token.empty()) {
        co_await self->env->push.unregister(old.token);
    }
    self->record("unenrolled",
                 {{"reason", std::move(how.reason)}, {"Topic", old.payload.topic.value()}}, cause);
    self->leaving = false;
    self->changed.notify_all();
}

} // namespace pomona::sim::mac
