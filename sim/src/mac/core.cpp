#include "mac/core.hpp"

#include "pomona/protocol/crypto/context.hpp"
#include "pomona/protocol/mdm/keys.hpp"

namespace pomona::sim::mac {

device_state core::view() const {
    return {.machine = hw,
            .profiles = profiles,
            .crypto = world().crypto(),
            .access_rights = current ? current->payload.access_rights : 0,
            .token = current ? current->token : push_token{},
            .now = world().now(),
            .supervised = true,
            .power_nap = state.power_nap};
}

mdm::sender core::sender() const {
    mdm::sender out;
    out.device = hw.device;
    return out;
}

std::shared_ptr<mdm_client> core::client_of(const enrollment& e) {
    const bool same = client && client->options().tls.identity == e.identity &&
                      client->options().tls.trust == e.trust &&
                      client->options().sign == e.payload.sign_message;
    if (!same) {
        client = mdm_client::make(
            world(),
            {.who = who,
             .user_agent = hw.kind.user_agent,
             .tls = {.trust = e.trust, .identity = e.identity, .alpn = alpn_of(hw.kind.http)},
             .sign = e.payload.sign_message,
             .timeout = env->request_timeout});
    }
    return client;
}

net::client_tls core::anonymous(net::trust_store trust) const {
    return {.trust = std::move(trust), .identity = nullptr, .alpn = alpn_of(hw.kind.http)};
}

std::uint64_t core::record(std::string name, trace::fields summary, std::uint64_t cause) {
    return env->recorder.state(who, std::move(name), std::move(summary), cause);
}

std::string exchange_outcome::describe() const {
    if (response) {
        return "HTTP " + std::to_string(response->status);
    }
    return failure ? failure->message() : "no answer";
}

net::task<exchange_outcome> put(core_ptr self, std::shared_ptr<mdm_client> client,
                                put_request what) {
    const auto cause = what.cause;
    if (!self->state.online) {
        co_return exchange_outcome{.event = cause,
                                   .response = {},
                                   .failure =
                                       net::transport_error{.kind = net::transport_failure::refused,
                                                            .after_send = false,
                                                            .detail = "the Mac is offline",
                                                            .event = 0}};
    }
    auto answer = co_await mdm_client::put(std::move(client), std::move(what));
    exchange_outcome out;
    if (answer) {
        out.means = judge(*answer);
        out.event = answer->event != 0 ? answer->event : cause;
        out.response = *std::move(answer);
    } else {
        out.event = answer.error().event != 0 ? answer.error().event : cause;
        out.failure = std::move(answer.error());
    }
    co_return out;
}

net::task<exchange_outcome> send_checkin(core_ptr self, std::shared_ptr<mdm_client> client,
                                         std::string url, mdm::checkin_message message,
                                         std::uint64_t cause) {
    put_request what{.url = std::move(url),
                     .content_type = mdm::checkin_content_type,
                     .body = mdm::write_checkin(message),
                     .channel = "checkin",
                     .cause = cause};
    auto answer = co_await put(self, std::move(client), std::move(what));
    co_return answer;
}

} // namespace pomona::sim::mac
