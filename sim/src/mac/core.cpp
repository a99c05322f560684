#include "mac/core.hpp"

#include "pomona/protocol/crypto/context.hpp"
#include "pomona/protocol/mdm/keys.hpp"

#include <algorithm>

namespace pomona::sim::mac {

core::core(environment& e, actor name, hardware machine, crypto::private_key k,
           std::vector<account> accounts)
    : env{&e},
      who{std::move(name)},
      hw{std::move(machine)},
      key{std::move(k)},
      box{hw.kind},
      machine_changed{e.world},
      changed{e.world} {
    if (!e.apps) {
        e.apps = std::make_shared<app_shelf>();
    }
    if (!e.profiles) {
        e.profiles = std::make_shared<profile_shelf>();
    }
    for (auto& a : accounts) {
        box.users.add({.guid = a.id,
                       .short_name = a.short_name,
                       .full_name = a.long_name,
                       .admin = users.empty()}); // who set it up
        users.push_back(std::make_unique<channel>(*this, std::move(a)));
    }
    if (!users.empty()) { // somebody has to sit at it to install a profile
        console = users.front().get();
        console->logged_in = true;
        box.users.set_logged_in(console->user->short_name, true);
    }
}

std::vector<channel*> core::channels() {
    std::vector<channel*> out{&device};
    for (const auto& u : users) {
        out.push_back(u.get());
    }
    return out;
}

channel* core::find_user(std::string_view short_name) {
    const auto found = std::ranges::find_if(
        users, [&](const auto& u) { return !u->deleted && u->user->short_name == short_name; });
    return found == users.end() ? nullptr : found->get();
}

net::client_tls core::anonymous(net::trust_store trust) const {
    return {.trust = std::move(trust),
            .identity = nullptr,
            .alpn = alpn_of(hw.kind.http),
            .clock_offset = state.clock_offset};
}

channel_ptr pointer_to(channel& c) {
    return {c.mac->shared_from_this(), &c};
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
    const auto generation = self->generation;
    if (self->is_reachable() && self->state.network_delay > duration{}) {
        co_await self->world().sleep_for(self->state.network_delay);
    }
    if (!self->is_reachable() || !self->is_still(generation)) {
        co_return exchange_outcome{.event = cause,
                                   .response = {},
                                   .failure =
                                       net::transport_error{.kind = net::transport_failure::refused,
                                                            .after_send = false,
                                                            .detail = "the Mac is offline",
                                                            .event = 0}};
    }
    if (self->env->before_message) {
        if (const auto kept = self->env->before_message(self->who); !kept) {
            co_return exchange_outcome{
                .event = cause,
                .response = {},
                .failure = net::transport_error{.kind = net::transport_failure::refused,
                                                .after_send = false,
                                                .detail = kept.error().message(),
                                                .event = 0}};
        }
    }
    auto answer = co_await mdm_client::put(std::move(client), std::move(what));
    exchange_outcome out;
    if (answer) {
        out.means = judge(*answer);
        // Apple, "Ongoing authentication": a 401 with a challenge asks the user to sign in again.
        // Choice: nobody does; the enrollment stays (ENR-110).
        if (out.means == standing::unauthorized && self->current &&
            !self->current->bearer.empty() &&
            net::find_header(answer->headers, "WWW-Authenticate")) {
            out.means = standing::failed;
            self->record("sign-in-needed", {}, answer->event);
        }
        out.event = answer->event != 0 ? answer->event : cause;
        out.response = *std::move(answer);
    } else {
        out.event = answer.error().event != 0 ? answer.error().event : cause;
        out.failure = std::move(answer.error());
    }
    co_return out;
}

net::task<exchange_outcome> send_checkin(channel_ptr from, std::shared_ptr<mdm_client> client,
                                         std::string url, decltype(mdm::checkin_message::body) what,
                                         std::uint64_t cause) {
    const mdm::checkin_message message{.from = from->sender(), .body = std::move(what)};
    put_request request{.url = std::move(url),
                        .content_type = mdm::checkin_content_type,
                        .body = mdm::write_checkin(message),
                        .channel = "checkin",
                        .cause = cause};
    auto answer =
        co_await put(from->mac->shared_from_this(), std::move(client), std::move(request));
    co_return answer;
}

} // namespace pomona::sim::mac
