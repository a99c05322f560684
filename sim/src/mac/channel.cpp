#include "mac/channel.hpp"

#include "mac/core.hpp"
#include "mac/ddm/client.hpp"

namespace pomona::sim::mac {

channel::stamp channel::now() const {
    return {.generation = mac->generation, .logins = logins, .starts = mac->starts};
}

bool channel::is_on_console() const {
    return mac->console == this;
}

bool channel::can_talk() const {
    return open && mac->now_in == phase::enrolled && mac->is_reachable() &&
           (!user || (logged_in && is_admitted()));
}

bool channel::is_network_user() const {
    return user && user->kind == account_kind::network;
}

bool channel::is_admitted() const {
    return !is_network_user() || admitted == admission::granted;
}

bool channel::is_hindered() const {
    return mac->box.power.mode == power_mode::power_nap || mac->state.login_blocked ||
           (!user && mac->setup.awaiting) || keychain_locked;
}

mdm::sender channel::sender() const {
    auto out = sender_of(mac->hw, user ? &*user : nullptr);
    out.auth_token = auth_token; // MDM-CHK-081: to both URLs
    return out;
}

device_state channel::view() const {
    device_state out{.machine = mac->hw,
                     .profiles = profiles,
                     .box = mac->box,
                     .crypto = mac->world().crypto(),
                     .known_profiles = mac->env->profiles.get(),
                     .identity = mac->current ? mac->current->identity.get() : nullptr,
                     .access_rights = mac->current ? mac->current->payload.access_rights : 0,
                     .token = push.token,
                     .now = mac->now(),
                     .supervised = true,
                     .power_nap = mac->box.power.mode == power_mode::power_nap,
                     .login_blocked = mac->state.login_blocked,
                     .by_ade = mac->current && mac->current->by_ade,
                     .awaiting_configuration = mac->setup.awaiting,
                     .seed_schema = mac->env->seed_schema,
                     .user = user ? &*user : nullptr,
                     .on_console = is_on_console(),
                     .keychain_locked = keychain_locked,
                     .shelf = mac->env->apps.get(),
                     .active_users = {}};
    for (const auto& u : mac->users) {
        if (u->logged_in && u->open) {
            out.active_users.push_back(u->user->id);
        }
    }
    return out;
}

std::string channel::title() const {
    return mac->who.value() + (user ? " (" + user->short_name + ')' : "");
}

std::shared_ptr<mdm_client> channel::client_of(const enrollment& e) {
    const bool same = client && client->options().tls.identity == e.identity &&
                      client->options().tls.trust == e.trust &&
                      client->options().tls.clock_offset == mac->state.clock_offset &&
                      client->options().sign == e.payload.sign_message;
    if (!same) {
        client = mdm_client::make(mac->world(), {.who = mac->who,
                                                 .user_agent = mac->hw.kind.user_agent,
                                                 .tls = {.trust = e.trust,
                                                         .identity = e.identity,
                                                         .alpn = alpn_of(mac->hw.kind.http),
                                                         .clock_offset = mac->state.clock_offset},
                                                 .sign = e.payload.sign_message,
                                                 .timeout = mac->env->request_timeout});
    }
    return client;
}

std::uint64_t channel::record(std::string name, trace::fields summary, std::uint64_t cause) {
    if (user) {
        summary.set("UserID", user->id);
        summary.set("UserShortName", user->short_name);
    }
    return mac->env->recorder.state(mac->who, std::move(name), std::move(summary), cause);
}

void channel::forget() {
    push = {};
    open = false;
    profiles.forget_managed();
    if (ddm) {
        ddm->engine.withdraw();
        ddm.reset();
    }
    poll_due = false;
    wake_cause.reset();
    admitted = admission::pending;
    auth_token.clear();
}

void channel::disconnect() {
    if (client) {
        client->close();
    }
}

} // namespace pomona::sim::mac
