#include "mac/channel.hpp"

#include "mac/core.hpp"
#include "mac/ddm/client.hpp"
#include "pomona/foundation/encoding.hpp"

namespace pomona::sim::mac {
namespace {

/// What a proxy in front of the server tells it of the certificate.
net::header forwarded(const crypto::certificate& cert, const manner& how) {
    // RFC 9440 section 2.1; RFC 8941 section 3.3.5: a byte sequence.
    return {how.certificate_header, how.header_form == certificate_header_form::rfc9440
                                        ? ':' + to_base64(cert.der()) + ':'
                                        : percent_encode(cert.pem())};
}

/// Apple, "Managing certificates": in TLS, and signed when the profile wants it; otherwise what a
/// test of the server asks for.
client_options how_to_talk(const core& mac, const enrollment& e) {
    const auto& how = mac.hw.wire;
    using enum presentation;
    const bool in_tls = how.present != signature && how.present != header;
    const bool by_profile = how.present == usual || how.present == header;
    client_options out{.who = mac.who,
                       .user_agent = mac.hw.kind.user_agent,
                       .tls = {.trust = e.trust,
                               .identity = in_tls ? e.identity : nullptr,
                               .alpn = alpn_of(mac.hw.kind.http),
                               .clock_offset = mac.state.clock_offset},
                       .server_pins = e.server_pins,
                       .checkin_pins = e.checkin_pins,
                       .revocation_check_required = e.payload.revocation_check_required,
                       .identity = e.identity,
                       .sign = by_profile ? e.payload.sign_message : how.present != tls,
                       .signing_time = mac.hw.kind.signs_with == cms_attributes::signing_time,
                       .extra = {},
                       .timeout = mac.env->request_timeout};
    if (!e.bearer.empty()) { // Apple, "Ongoing authentication" (ENR-110)
        out.extra.push_back({"Authorization", "Bearer " + e.bearer});
    }
    if (how.present == header) {
        out.extra.push_back(forwarded(e.identity->cert, how));
    }
    return out;
}

/// Schema com.apple.mdm: AccessRights do not count in a user enrollment.
std::int64_t rights_of(const std::optional<enrollment>& e) {
    constexpr std::int64_t all_rights = 8191;
    return !e ? 0 : e->is_user_enrollment() ? all_rights : e->payload.access_rights;
}

} // namespace

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
    out.auth_token = auth_token;                              // MDM-CHK-081: to both URLs
    if (mac->current && mac->current->is_user_enrollment()) { // MDM-CHK-072, ENR-107
        out.device = udid{};
        out.enrollment = mac->current->enrollment_id;
    }
    return out;
}

device_state channel::view() const {
    device_state out{.machine = mac->hw,
                     .profiles = profiles,
                     .box = mac->box,
                     .crypto = mac->world().crypto(),
                     .known_profiles = mac->env->profiles.get(),
                     .identity = mac->current ? mac->current->identity.get() : nullptr,
                     .access_rights = rights_of(mac->current),
                     .token = push.token,
                     .now = mac->now(),
                     .supervised = !mac->current || !mac->current->is_user_enrollment(),
                     .power_nap = mac->box.power.mode == power_mode::power_nap,
                     .login_blocked = mac->state.login_blocked,
                     .by_ade = mac->current && mac->current->by_ade,
                     .user_enrollment = mac->current && mac->current->is_user_enrollment(),
                     .awaiting_configuration = mac->setup.awaiting,
                     .setup_stalled = mac->setup.stalled,
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
    auto wanted = how_to_talk(*mac, e);
    const bool same =
        client && client->options().identity == wanted.identity &&
        client->options().tls.identity == wanted.tls.identity &&
        client->options().tls.trust == wanted.tls.trust &&
        client->options().tls.clock_offset == wanted.tls.clock_offset &&
        client->options().server_pins == wanted.server_pins &&
        client->options().checkin_pins == wanted.checkin_pins &&
        client->options().revocation_check_required == wanted.revocation_check_required &&
        client->options().sign == wanted.sign && client->options().extra == wanted.extra;
    if (!same) {
        client = mdm_client::make(mac->world(), std::move(wanted));
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
    if (ddm) {
        ddm->engine.withdraw();
        ddm.reset();
    }
    profiles.forget_managed();
    poll_due = false;
    wake_cause.reset();
    sync_due.reset();
    admitted = admission::pending;
    auth_token.clear();
}

void channel::disconnect() {
    if (client) {
        client->close();
    }
}

} // namespace pomona::sim::mac
