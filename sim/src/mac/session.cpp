// The command loop: a push, Idle, commands and reports until the server has no more.
#include "mac/announcing.hpp"
#include "mac/app_fetch.hpp"
#include "mac/command_processor.hpp"
#include "mac/ddm/client.hpp"
#include "mac/enrollment.hpp"
#include "mac/error_codes.hpp"
#include "mac/file_vault.hpp"
#include "mac/lifecycle.hpp"
#include "mac/policy.hpp"
#include "mac/profile_identities.hpp"
#include "mac/upkeep.hpp"
#include "mac/user_channel.hpp"
#include "pomona/protocol/apns/message.hpp"
#include "pomona/protocol/mdm/keys.hpp"

#include <algorithm>
#include <utility>

namespace pomona::sim::mac {
namespace {

/// Choice: a server that never runs dry does not hold the Mac for ever.
constexpr int most_commands = 10'000;

constexpr std::string_view no_more_commands = "no more commands";

/// One session's state. Lives in the frame of `run_session`.
struct session {
    channel_ptr self;
    channel::stamp begun;
    std::shared_ptr<mdm_client> client;
    std::uint64_t cause = 0; ///< the event that leads to the next message
    std::int64_t commands = 0;
    bool leaving = false;
    bool configured = false;
    std::optional<effect::power> power;
    mdm::command_status last_sent = mdm::command_status::idle;

    [[nodiscard]] bool overtaken() const { return !self->is_still(begun); }
    [[nodiscard]] core& mac() const { return *self->mac; }
    [[nodiscard]] core_ptr mac_ptr() const { return mac().shared_from_this(); }
    void take_client() { client = self->client_of(*mac().current); }
};

net::task<exchange_outcome> send_report(session& s, const mdm::report& report) {
    put_request what{.url = s.mac().current->payload.server_url,
                     .content_type = mdm::command_content_type,
                     .body = mdm::write_report(report),
                     .channel = "mdm",
                     .cause = s.cause};
    auto answer = co_await put(s.mac_ptr(), s.client, std::move(what));
    co_return answer;
}

/// Until it was delivered (MDM-CHK-064: the same result, again and again), or the session is over.
net::task<exchange_outcome> deliver(session& s, const mdm::report& report) {
    const bool is_idle = report.status == mdm::command_status::idle;
    const auto& retry = policy_of(s.mac().hw.wire.retry);
    for (unsigned attempt = 0;; ++attempt) {
        auto answer = co_await send_report(s, report);
        if (s.overtaken() || answer.means != standing::failed) {
            co_return answer;
        }
        // An Idle that was refused has nothing to lose: the next push starts again.
        if (is_idle && (answer.response || attempt + 1 == retry.idle_tries)) {
            co_return answer;
        }
        s.cause = answer.event;
        // A change of the Mac's condition is a reason to try at once.
        co_await s.mac().changed.wait_until(s.mac().world().now() +
                                            retry.result_resend.delay(attempt));
        if (s.overtaken()) {
            co_return answer;
        }
    }
}

/// The identities first, so that a profile is there whole or not at all.
net::task<mdm::report> install(session& s, mdm::report planned, profile_ptr p) {
    auto identities = co_await obtain_identities(s.mac_ptr(), p, s.cause);
    if (s.overtaken()) {
        co_return planned;
    }
    if (!identities) {
        co_return failed_report(planned, std::move(identities.error()));
    }
    auto& c = *s.self;
    const trace::fields about{{"PayloadIdentifier", p->identifier}, {"PayloadUUID", p->uuid}};
    const auto event = c.record("profile-installed", about, s.cause);
    if (!c.user) {
        follow_file_vault_profile(s.mac(), *p, event);
    }
    const auto gone_at = removal_of(*p, s.mac().world().now());
    c.profiles.put({.content = std::move(p),
                    .from = origin::mdm,
                    .gone_at = gone_at,
                    .identities = *std::move(identities)});
    keep_up(s.mac(), event);
    co_return planned;
}

void remove(session& s, const std::string& identifier) {
    s.self->profiles.erase(identifier);
    s.self->record("profile-removed", {{"PayloadIdentifier", identifier}}, s.cause);
}

net::task<mdm::report> renew_enrollment(session& s, mdm::report planned, bytes profile) {
    auto done = co_await renew(s.mac_ptr(), std::move(profile), s.cause);
    if (s.overtaken()) {
        co_return planned;
    }
    if (!done) {
        const auto& f = done.error();
        const bool scep = f.at == "scep";
        co_return failed_report(planned, mac_error(scep ? scep_error_domain : mdm_error_domain,
                                                   scep ? code::scep_failed : code::cannot_check_in,
                                                   f.at + ": " + f.reason));
    }
    s.self->record("profile-installed",
                   {{"PayloadIdentifier", s.mac().current->profile_identifier}}, s.cause);
    s.take_client(); // with the new identity
    co_return planned;
}

/// What the command asked for, as far as it comes before the report.
net::task<mdm::report> carry_out(session& s, outcome planned) {
    auto report = std::move(planned.answer);
    if (auto* what = std::get_if<effect::install>(&planned.effect)) {
        report = co_await install(s, std::move(report), std::move(what->what));
    } else if (const auto* gone = std::get_if<effect::remove>(&planned.effect)) {
        remove(s, gone->identifier);
    } else if (const auto* ended = std::get_if<effect::end_user>(&planned.effect)) {
        end_user(s.mac(), ended->short_name, s.cause);
    } else if (auto* update = std::get_if<effect::renew>(&planned.effect)) {
        report = co_await renew_enrollment(s, std::move(report), std::move(update->profile));
    } else if (auto* sync = std::get_if<effect::synchronise>(&planned.effect)) {
        s.self->sync_due = channel::owed_sync{std::move(sync->tokens)};
    } else if (auto* package = std::get_if<effect::install_package>(&planned.effect)) {
        report =
            co_await install_package(s.mac_ptr(), std::move(report), std::move(*package), s.cause);
    } else if (std::holds_alternative<effect::leave>(planned.effect)) {
        s.leaving = true;
    } else if (std::holds_alternative<effect::configured>(planned.effect)) {
        s.configured = true;
    } else if (auto* power = std::get_if<effect::power>(&planned.effect)) {
        if (power->with_bootstrap_token) {
            // Schema device.restart.yaml, RebuildKernelCache: asked for before. Choice: without the
            // token it restarts all the same, and the extensions wait for a user's approval.
            co_await has_bootstrap_token(s.mac_ptr(), s.cause);
        }
        s.power = std::move(*power);
    }
    co_return report;
}

/// Once the report was accepted: the Mac goes down.
void carry_out(core_ptr mac, const effect::power& how, std::uint64_t cause) {
    switch (how.kind) {
    case effect::power::what::restart:
        return restart(mac, cause);
    case effect::power::what::shut_down:
        return shut_down(mac, cause);
    case effect::power::what::erase:
        return erase(mac, cause);
    case effect::power::what::lock:
        return lock_with_pin(mac, how.pin, cause);
    }
}

std::string end_of(const session& s) {
    return s.begun.starts == s.self->now().starts ? "the enrollment has ended"
                                                  : "the Mac went down";
}

/// Runs the loop; says why it ended.
net::task<std::string> exchange_commands(session& s) {
    mdm::report report;
    report.from = s.self->sender();
    if (s.self->user) {
        report.not_on_console = !s.self->is_on_console();
    }
    while (true) {
        auto answer = co_await deliver(s, report);
        s.cause = answer.event;
        if (s.overtaken()) {
            co_return end_of(s);
        }
        if (ends_enrollment(answer.means)) { // MDM-CHK-065, MDM-CHK-066
            co_await leave(s.mac_ptr(), {.reason = std::string{to_text(answer.means)},
                                         .cause = answer.event,
                                         .check_out = false});
            co_return "the enrollment has ended";
        }
        if (answer.means == standing::failed) {
            co_return answer.describe();
        }
        s.last_sent = report.status;
        if (s.leaving) { // MDM-CHK-084: acknowledged, then gone
            co_await leave(s.mac_ptr(),
                           {.reason = "RemoveProfile", .cause = answer.event, .check_out = true});
            co_return "the enrollment has ended";
        }
        if (const auto power = std::exchange(s.power, std::nullopt)) {
            carry_out(s.mac_ptr(), *power, answer.event);
            co_return "the Mac went down";
        }
        if (std::exchange(s.configured, false)) {
            finish_setup(s.mac_ptr(), answer.event);
        }
        if (answer.response->body.empty()) { // MDM-CHK-063
            co_return std::string{no_more_commands};
        }
        if (s.commands == most_commands) {
            co_return "too many commands in one session";
        }
        auto planned = scripted_outcome(answer.response->body, s.self->view(), s.mac().scripted);
        if (!planned) {
            planned = process_command(answer.response->body, s.self->view());
        }
        if (!planned) {
            co_return "the answer is no command";
        }
        ++s.commands;
        keep_up(s.mac(), s.cause);
        report = co_await carry_out(s, *std::move(planned));
        report.from = s.self->sender(); // a handler knows the user, not the log-in's token
        if (s.overtaken()) {
            co_return end_of(s);
        }
    }
}

net::task<void> run_session(channel_ptr self, std::uint64_t cause) {
    session s{.self = self,
              .begun = self->now(),
              .client = nullptr,
              .cause = cause,
              .power = std::nullopt};
    s.take_client();
    self->poll_due = false;
    self->record("session-started", {}, cause);
    auto end = co_await exchange_commands(s);
    if (!s.overtaken() && self->sync_due) {
        // Observed (F1): acknowledged first, then synchronised. Owed until it is over, whatever
        // happens to the Mac meanwhile.
        co_await synchronise(self, s.client, self->sync_due->tokens, s.cause);
        if (!s.overtaken()) {
            self->sync_due.reset();
        }
    } else if (!s.overtaken() && end == no_more_commands && self->ddm &&
               !self->ddm->engine.succeeded()) {
        // Choice: what failed the last time is tried again when the server can be reached.
        co_await synchronise(self, s.client, std::nullopt, s.cause);
    }
    if (!s.overtaken()) {
        // Apple, "Handling a NotNow status": only when it was the last status of the connection
        // does the device poll by itself (MDM-CHK-067).
        const bool refused_last = s.last_sent == mdm::command_status::not_now;
        self->poll_due = refused_last && self->is_hindered();
        if (refused_last && !self->is_hindered() && !self->wake_cause) {
            self->wake_cause = s.cause; // what stood in the way ended before the session did
        }
    }
    if (!s.overtaken() && s.commands > 0) { // what a command did may be of interest
        look_at_declarations(*self, s.cause);
    }
    self->record("session-ended", {{"commands", s.commands}, {"reason", std::move(end)}}, s.cause);
}

bool can_start(const channel& c) {
    return c.wake_cause && c.can_talk();
}

/// APNS-062: sessions one after the other; what came meanwhile is one more.
net::task<void> run_sessions(channel_ptr self) {
    struct mark {
        channel* c;
        ~mark() { c->in_session = false; }
    };
    const mark running{self.get()};
    while (can_start(*self)) {
        const auto cause = *self->wake_cause;
        self->wake_cause.reset();
        co_await run_session(self, cause);
    }
}

} // namespace

void wake(channel& c, std::uint64_t cause) {
    c.wake_cause = cause;
    if (can_start(c) && !c.in_session) {
        c.in_session = true;
        c.mac->world().spawn("session of " + c.title(), run_sessions(pointer_to(c)));
    }
}

void on_push(channel& c, const apns::delivery& d) {
    const auto ignored = [&](std::string why) {
        c.record("push-ignored", {{"reason", std::move(why)}}, d.event);
    };
    if (!c.mac->current || c.push.token != d.token) {
        return ignored("the token is of no enrollment");
    }
    const auto magic = pomona::apns::read_mdm_payload(d.payload);
    const auto& own = c.push.magic.value();
    // MDM-CHK-070.
    if (!magic || !crypto::equal_constant_time(as_bytes(magic->value()), as_bytes(own))) {
        return ignored("the PushMagic is another");
    }
    c.record("push-received", {{"Topic", d.topic.value()}, {"PushMagic", own}}, d.event);
    wake(c, d.event);
}

} // namespace pomona::sim::mac
