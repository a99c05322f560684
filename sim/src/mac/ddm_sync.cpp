// Carries the declarative management engine's requests as check-in messages.
#include "mac/core.hpp"

namespace pomona::sim::mac {
namespace {

mdm::checkin_message message_of(const core& c, ddm_request r) {
    return {.from = c.sender(),
            .body = mdm::declarative_management{.endpoint = ddm::write_endpoint(r.where),
                                                .data = std::move(r.data)}};
}

void record_end(core& c, std::uint64_t cause) {
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

} // namespace

net::task<void> synchronise(core_ptr self, std::shared_ptr<mdm_client> client,
                            std::optional<bytes> tokens, std::uint64_t cause) {
    const auto generation = self->generation;
    if (!self->ddm) {
        self->ddm = std::make_unique<ddm_engine>(self->hw);
    }
    auto next = self->ddm->start(tokens);
    while (next) {
        auto answer = co_await send_checkin(self, client, self->current->checkin_url(),
                                            message_of(*self, *std::move(next)), cause);
        cause = answer.event;
        if (!self->is_still(generation)) {
            co_return;
        }
        if (ends_enrollment(answer.means)) {
            co_await leave(
                self,
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
