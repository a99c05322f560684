#include "push/pusher.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/apns/message.hpp"
#include "push/outcome.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace pomona::server {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t max_in_flight = 500;
constexpr auto coalesce_window = 5s;
constexpr auto quiet_time = 4min; ///< a Mac that came this recently needs no reminder

net::request push_request(const push_target& to) {
    net::request out;
    out.method = "POST";
    out.target = "/3/device/" + to_hex(to.token.value()); // APNS-041
    out.headers = {{"apns-topic", to.topic},
                   {"apns-push-type", "mdm"},
                   // Choice: at once. There is no apns-expiration, as with other MDM servers: APNs
                   // keeps the last push for a Mac that is off.
                   {"apns-priority", "10"}};
    out.body = to_bytes(apns::mdm_payload(to.magic));
    return out;
}

push_result refused(std::string why) {
    return {.accepted = false, .apns_id = {}, .error = std::move(why)};
}

} // namespace

void push_attempt::finish(push_result r) {
    if (!result_) {
        result_ = std::move(r);
        done_.notify_all();
    }
}

net::task<std::optional<push_result>> push_attempt::wait(std::shared_ptr<push_attempt> of,
                                                         time_point deadline) {
    while (!of->result_) {
        if (!co_await of->done_.wait_until(deadline)) {
            break;
        }
    }
    co_return of->result_;
}

pusher::pusher(net::world& w, std::shared_ptr<store> keep, net::endpoint apns,
               net::trust_store trust)
    : world_{w},
      keep_{std::move(keep)},
      link_{w, std::move(apns), std::move(trust)},
      changed_{w},
      tasks_{w} {}

void pusher::start() {
    tasks_.spawn("push schedule", run_schedule(shared_from_this()));
}

void pusher::abandon() {
    stopped_ = true;
    changed_.notify_all();
    link_.close();
}

net::task<void> pusher::stop() {
    abandon();
    co_await tasks_.all_done(world_.now() + 5s);
    for (auto& [id, t] : targets_) {
        for (const auto& w : t.waiting) {
            w->finish(refused("the server is stopping"));
        }
    }
    targets_.clear();
    due_.clear();
}

void pusher::use(push_identity identity) {
    link_.use(std::make_shared<const crypto::identity>(identity.identity));
    identity_ = std::move(identity);
    problem_.clear();
}

void pusher::schedule(const std::string& id, target& t, time_point when) {
    if (t.due && *t.due <= when) {
        return;
    }
    unschedule(id, t);
    t.due = when;
    due_.emplace(when, id);
    changed_.notify_all();
}

void pusher::unschedule(const std::string& id, target& t) {
    if (t.due) {
        due_.erase({*t.due, id});
        t.due.reset();
    }
}

std::shared_ptr<push_attempt> pusher::push(enrollment_id id, std::uint64_t cause, bool coalesce) {
    auto attempt = std::make_shared<push_attempt>(world_);
    if (stopped_) {
        attempt->finish(refused("the server is stopping"));
        return attempt;
    }
    auto& t = targets_[id.value()];
    // APNS-055: a push that is on its way, or that the Mac has not yet followed, does for this
    // command too. A Mac may well be here before the push service's answer is.
    if (coalesce && !t.sending && !t.apns_id.empty() && t.begun > t.contact &&
        world_.now() - t.accepted < coalesce_window) {
        attempt->finish({.accepted = true, .apns_id = t.apns_id, .error = {}});
        return attempt;
    }
    t.waiting.push_back(attempt);
    t.forced = true;
    t.reminder = false;
    t.failures = 0;
    t.reminders = 0;
    t.cause = cause;
    schedule(id.value(), t, world_.now());
    return attempt;
}

void pusher::push_if_pending(const enrollment_id& id, time_point when, std::uint64_t cause) {
    if (stopped_) {
        return;
    }
    auto& t = targets_[id.value()];
    if (!t.due || t.reminder) {
        t.reminder = false;
        t.cause = cause;
    }
    schedule(id.value(), t, when);
}

void pusher::note_contact(const enrollment_id& id) {
    const auto found = targets_.find(id.value());
    if (found == targets_.end()) {
        return;
    }
    found->second.contact = world_.now();
}

void pusher::remind(const std::string& id, target& t) {
    // APNS-056: no reaction leads to another push, and that to ever fewer.
    const auto delay = reminder_delay(t.reminders);
    if (delay && !t.due && t.waiting.empty()) {
        ++t.reminders;
        t.reminder = true;
        schedule(id, t, world_.now() + *delay);
    }
}

net::task<void> pusher::run_schedule(std::shared_ptr<pusher> self) {
    while (!self->stopped_) {
        const bool full = self->in_flight_ >= max_in_flight;
        const auto next = self->due_.empty() || full ? net::never : self->due_.begin()->first;
        if (next > self->world_.now()) {
            co_await self->changed_.wait_until(next);
            continue;
        }
        const auto id = self->due_.begin()->second;
        auto& t = self->targets_[id];
        self->unschedule(id, t);
        if (t.sending) {
            t.missed = true; // send_one looks again when it is done
            continue;
        }
        t.sending = true;
        ++self->in_flight_;
        self->tasks_.spawn("push", send_one(self, id));
    }
}

net::task<void> pusher::send_one(std::shared_ptr<pusher> self, std::string id) {
    std::vector<std::shared_ptr<push_attempt>> waiting;
    sent outcome;
    const auto begun = self->world_.now();
    {
        auto& t = self->targets_[id];
        waiting = std::exchange(t.waiting, {});
        const bool forced = std::exchange(t.forced, false);
        const bool reminder = std::exchange(t.reminder, false);
        outcome = co_await self->send(id, forced, reminder, t.failures, t.cause);
    }
    --self->in_flight_;
    auto& t = self->targets_[id]; // again: what was asked meanwhile may have moved the map
    t.sending = false;
    if (outcome.result.accepted) {
        t.begun = begun;
        t.accepted = self->world_.now();
        t.apns_id = outcome.result.apns_id;
        t.failures = 0;
        self->remind(id, t);
    } else if (outcome.again) {
        ++t.failures;
        self->schedule(id, t, self->world_.now() + *outcome.again);
    } else if (outcome.remind_later) {
        self->remind(id, t);
    }
    if (std::exchange(t.missed, false) || !t.waiting.empty()) {
        self->schedule(id, t, self->world_.now());
    }
    for (const auto& w : waiting) {
        w->finish(outcome.result);
    }
    self->changed_.notify_all();
}

net::task<pusher::sent> pusher::send(std::string id, bool forced, bool reminder, unsigned failures,
                                     std::uint64_t cause) {
    auto to = co_await keep_->push_target_of(enrollment_id{id});
    if (!to) {
        spdlog::error("a push target cannot be read: {}", to.error().message());
        co_return sent{refused("the store failed"), retry_delay(failures + 1)};
    }
    // MDM-CHK-019 and MDM-CHK-024: never before TokenUpdate, never after CheckOut.
    if (to->state != enrollment_state::enrolled || to->token.value().empty()) {
        co_return sent{refused("not enrolled"), {}};
    }
    if (to->dead) {
        co_return sent{refused("APNs says that the token is dead; waiting for a TokenUpdate"), {}};
    }
    if (!identity_) {
        co_return sent{refused("there is no push certificate"), {}};
    }
    if (to->topic != identity_->topic.value()) {
        co_return sent{refused("the enrollment's topic is not the push certificate's"), {}};
    }
    if (!forced && !to->has_commands) {
        co_return sent{refused("nothing to push for"), {}};
    }
    if (reminder && world_.now() - targets_[id].contact < quiet_time) {
        co_return sent{refused("the Mac came by itself"), {}, true};
    }
    net::annotation note{.who = actor{"server"}, .channel = "apns", .cause = cause};
    auto answer = co_await link_.send(push_request(*to), std::move(note));
    co_return co_await judge(std::move(id), std::move(*to), failures, std::move(answer));
}

net::task<pusher::sent> pusher::judge(std::string id, push_target to, unsigned failures,
                                      net::exchange_result answer) {
    if (!answer) {
        const auto text = escape(answer.error().message());
        if (answer.error().kind == net::transport_failure::tls_alert) {
            problem_ = text;
        }
        co_return sent{refused(text), retry_delay(failures + 1)};
    }
    const auto judged = judge_push(answer->status, answer->body, to.updated);
    const auto reason = escape(judged.reason);
    switch (judged.verdict) {
    case push_verdict::accepted: {
        problem_.clear();
        const auto given = net::find_header(answer->headers, "apns-id").value_or("accepted");
        co_return sent{{.accepted = true, .apns_id = std::string{given}, .error = {}}, {}};
    }
    case push_verdict::token_dead:
        spdlog::warn("push to {}: {}; no more until its next TokenUpdate", escape(id), reason);
        if (auto done = co_await keep_->mark_push_dead(enrollment_id{id}, to.token); !done) {
            spdlog::error("a dead push token cannot be noted: {}", done.error().message());
        }
        co_return sent{refused(reason), {}};
    case push_verdict::certificate:
        if (problem_ != reason) {
            spdlog::error("APNs refuses the push certificate: {}", reason);
        }
        problem_ = reason;
        co_return sent{refused(reason), retry_delay(failures + 1)};
    case push_verdict::later:
        co_return sent{refused(reason), retry_delay(failures + 1)};
    case push_verdict::refused:
        spdlog::warn("push to {} refused: {}", escape(id), reason);
        break;
    }
    co_return sent{refused(reason), {}};
}

} // namespace pomona::server
