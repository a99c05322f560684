// Carries the declarative management engine's requests as check-in messages.
#include "mac/core.hpp"
#include "mac/policy.hpp"

namespace pomona::sim::mac {
namespace {

mdm::declarative_management message_of(ddm_request r) {
    return {.endpoint = ddm::write_endpoint(r.where), .data = std::move(r.data)};
}

void record_end(channel& c, std::uint64_t cause) {
    const auto& e = *c.ddm;
    trace::fields about{{"DeclarationsToken", e.token()},
                        {"declarations", static_cast<std::int64_t>(e.held().size())}};
    if (e.succeeded()) {
        c.record("ddm-synchronized", std::move(about), cause);
    } else {
        about.set("reason", e.problem());
        c.record("ddm-failed", std::move(about), cause);
    }
}

/// Said again a few times when nothing was heard of it. Choice (Apple is silent): after that the
/// next session says it.
net::task<exchange_outcome> ask(channel_ptr self, std::shared_ptr<mdm_client> client,
                                ddm_request what, std::uint64_t cause) {
    const auto begun = self->now();
    const auto& retry = policy_of(self->mac->hw.wire.retry);
    for (unsigned attempt = 1;; ++attempt) {
        auto answer = co_await send_checkin(self, client, self->mac->current->checkin_url(),
                                            message_of(what), cause);
        if (answer.response || attempt == retry.ddm_tries || !self->is_still(begun)) {
            co_return answer;
        }
        cause = answer.event;
        co_await self->mac->world().sleep_for(retry.result_resend.delay(attempt - 1));
        if (!self->is_still(begun)) {
            co_return answer;
        }
    }
}

} // namespace

net::task<void> synchronise(channel_ptr self, std::shared_ptr<mdm_client> client,
                            std::optional<bytes> tokens, std::uint64_t cause) {
    const auto begun = self->now();
    if (!self->ddm) {
        self->ddm = std::make_unique<ddm_engine>(self->mac->hw);
    }
    auto next = self->ddm->start(tokens);
    while (next) {
        auto answer = co_await ask(self, client, *std::move(next), cause);
        cause = answer.event;
        if (!self->is_still(begun)) {
            co_return;
        }
        if (ends_enrollment(answer.means)) {
            co_await leave(
                self->mac->shared_from_this(),
                {.reason = std::string{to_text(answer.means)}, .cause = cause, .check_out = false});
            co_return;
        }
        next.reset();
        if (answer.response) {
            next = self->ddm->on_answer(answer.response->status, answer.response->body);
        } else {
            self->ddm->on_failure();
        }
    }
    record_end(*self, cause);
}

} // namespace pomona::sim::mac
