// The bootstrap token: made by the Mac, kept by the server.
#include "mac/announcing.hpp"
#include "mac/policy.hpp"
#include "pomona/protocol/mdm/keys.hpp"

#include <algorithm>

namespace pomona::sim::mac {
namespace {

constexpr std::size_t token_bytes = 32; // Choice: Apple does not say what it is made of

/// Apple, "Set Bootstrap Token": only with the server's capability, and of a supervised Mac.
bool server_keeps_tokens(const core& c) {
    return c.current && c.device.view().supervised &&
           std::ranges::find(c.current->payload.server_capabilities,
                             "com.apple.mdm.bootstraptoken") !=
               c.current->payload.server_capabilities.end();
}

/// Schema mdm/checkin/setbootstraptoken.yaml lists no UDID; derived: as in every message of a
/// device.
bytes message(const core& c, std::string_view type, const bytes* token) {
    plist::dict d{{std::string{mdm::key::message_type}, type},
                  {std::string{mdm::key::udid}, c.hw.device.value()}};
    if (token != nullptr) {
        d.set("BootstrapToken", *token);
    }
    if (c.setup.awaiting) {
        d.set("AwaitingConfiguration", true);
    }
    return plist::to_xml(std::move(d));
}

net::task<exchange_outcome> send(core_ptr self, bytes body, std::uint64_t cause) {
    put_request request{.url = self->current->checkin_url(),
                        .content_type = mdm::checkin_content_type,
                        .body = std::move(body),
                        .channel = "checkin",
                        .cause = cause};
    auto client = self->device.client_of(*self->current);
    auto answer = co_await put(self, std::move(client), std::move(request));
    co_return answer;
}

} // namespace

net::task<void> escrow_bootstrap_token(core_ptr self, std::uint64_t cause) {
    if (!server_keeps_tokens(*self) || self->bootstrap.escrowed || self->bootstrap.under_way) {
        co_return;
    }
    struct mark {
        core* c;
        ~mark() { c->bootstrap.under_way = false; }
    };
    self->bootstrap.under_way = true;
    const mark sending{self.get()};
    if (self->bootstrap.value.empty()) {
        self->bootstrap.value = self->world().random(token_bytes);
    }
    const auto generation = self->generation;
    // Choice: tried like a TokenUpdate, but given up after a few; the next start tries again.
    for (unsigned attempt = 0; attempt < policy_of(self->hw.wire.retry).token_update_tries;
         ++attempt) {
        auto answer =
            co_await send(self, message(*self, "SetBootstrapToken", &self->bootstrap.value), cause);
        if (!self->is_still(generation)) {
            co_return;
        }
        if (answer.means == standing::accepted) {
            self->bootstrap.escrowed = true;
            self->record("bootstrap-token-escrowed", {}, answer.event);
            co_return;
        }
        if (ends_enrollment(answer.means)) {
            co_await leave(self, {.reason = std::string{to_text(answer.means)},
                                  .cause = answer.event,
                                  .check_out = false});
            co_return;
        }
        cause = answer.event;
        co_await self->world().sleep_for(
            policy_of(self->hw.wire.retry).token_update_repeat.delay(attempt));
        if (!self->is_still(generation)) {
            co_return;
        }
    }
}

net::task<bool> has_bootstrap_token(core_ptr self, std::uint64_t cause) {
    if (!server_keeps_tokens(*self)) {
        co_return false;
    }
    auto answer = co_await send(self, message(*self, "GetBootstrapToken", nullptr), cause);
    if (answer.means != standing::accepted || !answer.response) {
        co_return false;
    }
    const auto d = plist::parse_dict(answer.response->body);
    const auto* token = d ? d->data("BootstrapToken") : nullptr;
    co_return token != nullptr && !token->empty() && *token == self->bootstrap.value;
}

} // namespace pomona::sim::mac
