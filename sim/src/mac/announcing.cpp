// How a channel becomes reachable: a push token, and the TokenUpdate that tells the server.
#include "mac/announcing.hpp"

#include "mac/enrollment.hpp"
#include "mac/lifecycle.hpp"
#include "mac/policy.hpp"
#include "mac/user_channel.hpp"
#include "pomona/foundation/encoding.hpp"

namespace pomona::sim::mac {
namespace {

/// Choice: the push service tells a Mac's tokens apart by device and topic; users count as devices
/// of their own.
udid push_client(const channel& c) {
    return udid{c.sender().id().value() + c.mac->push_salt};
}

} // namespace

net::task<std::expected<push_token, step_failure>> register_token(channel_ptr self,
                                                                  std::uint64_t cause) {
    auto& mac = *self->mac;
    auto delivered = [weak = std::weak_ptr<channel>{self}](const apns::delivery& d) {
        if (const auto alive = weak.lock()) {
            on_push(*alive, d);
        }
    };
    auto token = co_await mac.env->push.register_device(mac.who, push_client(*self),
                                                        mac.current->payload.topic, delivered,
                                                        mac.request_deadline(), self->push.token);
    if (!token) {
        co_return std::unexpected{
            step_failure{.what = {.at = "TokenUpdate",
                                  .reason = "no push token: " + token.error().message(),
                                  .transport = true},
                         .event = cause}};
    }
    co_return *std::move(token);
}

net::task<exchange_outcome> token_update(channel_ptr self, enrollment e, push_address address,
                                         std::uint64_t cause) {
    mdm::token_update message{.topic = e.payload.topic,
                              .token = std::move(address.token),
                              .magic = std::move(address.magic),
                              .awaiting_configuration = !self->user && self->mac->setup.awaiting,
                              .not_on_console = std::nullopt};
    if (self->user) { // schema mdm/checkin/tokenupdate.yaml: required there
        message.not_on_console = !self->is_on_console();
    }
    auto client = self->client_of(e);
    auto answer = co_await send_checkin(self, client, e.checkin_url(), std::move(message), cause);
    co_return answer;
}

void become_enrolled(const core_ptr& self, std::uint64_t cause) {
    auto& device = self->device;
    self->now_in = phase::enrolled;
    device.open = true;
    self->current->announced = self->box.updates.installed();
    cause = self->record("enrolled",
                         {{"Topic", self->current->payload.topic.value()},
                          {"Token", to_hex(device.push.token.value())},
                          {"PushMagic", device.push.magic.value()},
                          {self->current->is_user_enrollment() ? "EnrollmentID" : "UDID",
                           device.sender().id().value()}},
                         cause);
    if (!self->setup.awaiting) {
        finish_setup(self, cause);
        self->world().spawn("bootstrap token of " + self->who.value(),
                            escrow_bootstrap_token(self, cause));
    }
    if (device.wake_cause) { // a push was faster than the answer
        wake(device, *device.wake_cause);
    }
    // Apple's protocol reference: the device's TokenUpdate is followed by the user's. Derived: so
    // it is after a renewal, whose Authenticate has begun everything anew.
    for (const auto& u : self->users) {
        u->open = false;
        open_when_possible(*u, cause);
    }
}

} // namespace pomona::sim::mac
