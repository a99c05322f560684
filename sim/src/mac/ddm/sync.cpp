// Carries the declarative management engine's requests: check-in messages, and downloads of what
// declarations point to.
#include "mac/core.hpp"
#include "mac/ddm/client.hpp"
#include "mac/policy.hpp"

namespace pomona::sim::mac {
namespace {

using client_ptr = std::shared_ptr<mdm_client>;
using ddm_ptr = std::shared_ptr<ddm_client>;

mdm::declarative_management message_of(ddm_message r) {
    return {.endpoint = ddm::write_endpoint(r.where), .data = std::move(r.data)};
}

void record_end(channel& c, const ddm_engine& e, std::uint64_t cause) {
    trace::fields about{{"DeclarationsToken", e.token()},
                        {"declarations", static_cast<std::int64_t>(e.held().size())}};
    if (e.succeeded()) {
        c.record("ddm-synchronized", std::move(about), cause);
    } else {
        about.set("reason", e.problem());
        c.record("ddm-failed", std::move(about), cause);
    }
}

/// Said again a few times when nothing was heard of it. Choice (Apple is silent): after that it
/// waits (policy.hpp).
net::task<exchange_outcome> ask(channel_ptr self, client_ptr client, ddm_message what,
                                std::uint64_t cause) {
    const auto begun = self->now();
    for (unsigned attempt = 1;; ++attempt) {
        auto answer = co_await send_checkin(self, client, self->mac->current->checkin_url(),
                                            message_of(what), cause);
        if (answer.response || attempt == ddm_tries || !self->is_still(begun)) {
            co_return answer;
        }
        cause = answer.event;
        co_await self->mac->world().sleep_for(result_resend.delay(attempt - 1));
        if (!self->is_still(begun)) {
            co_return answer;
        }
    }
}

/// Apple, "Authentication" of assets: MDM goes as MDM requests do, None is a plain GET.
net::task<exchange_outcome> fetch(channel_ptr self, client_ptr client, ddm_download what,
                                  std::uint64_t cause) {
    auto mac = self->mac->shared_from_this();
    if (what.with_identity) {
        put_request request{.url = std::move(what.url),
                            .content_type = {},
                            .body = {},
                            .channel = "asset",
                            .cause = cause,
                            .method = "GET"};
        co_return co_await put(mac, std::move(client), std::move(request));
    }
    exchange_outcome out{.event = cause, .response = {}, .failure = {}};
    if (!mac->is_reachable()) {
        co_return out;
    }
    web_client plain{mac->world(), mac->who, mac->anonymous(mac->current->trust),
                     mac->env->request_timeout};
    net::request get{.method = "GET", .target = {}, .headers = {}, .body = {}};
    get.headers = {{"User-Agent", mac->hw.kind.user_agent}, {"Accept", "*/*"}};
    auto answer = co_await plain.send(std::move(what.url), std::move(get), "asset", cause);
    if (answer) {
        out.event = answer->event != 0 ? answer->event : cause;
        out.response = *std::move(answer);
    } else {
        out.event = answer.error().event != 0 ? answer.error().event : cause;
        out.failure = std::move(answer.error());
    }
    co_return out;
}

std::optional<downloaded> document_in(exchange_outcome& answer) {
    if (!answer.response) {
        return std::nullopt;
    }
    return downloaded{.status = answer.response->status,
                      .media_type = net::media_type(answer.response->headers),
                      .body = std::move(answer.response->body)};
}

/// `busy` while it lives.
struct conversation {
    explicit conversation(ddm_ptr d) : of{std::move(d)} { of->busy = true; }
    conversation(const conversation&) = delete;
    conversation& operator=(const conversation&) = delete;
    ~conversation() {
        of->busy = false;
        of->idle.notify_all();
    }
    ddm_ptr of;
};

/// Until the engine has nothing to ask any more. False when the enrollment has ended meanwhile.
net::task<bool> converse(channel_ptr self, ddm_ptr d, client_ptr client,
                         std::optional<ddm_request> next, std::uint64_t& cause) {
    const auto begun = self->now();
    while (next) {
        auto* const download = std::get_if<ddm_download>(&*next);
        const bool is_download = download != nullptr;
        exchange_outcome answer;
        if (is_download) {
            answer = co_await fetch(self, client, std::move(*download), cause);
        } else {
            answer = co_await ask(self, client, std::get<ddm_message>(*next), cause);
        }
        cause = answer.event;
        if (!self->is_still(begun)) {
            d->engine.on_failure(); // a log-out: the rest of it comes another time
            co_return false;
        }
        d->host.cause = cause;
        if (is_download) {
            const auto why = answer.response ? std::string{} : answer.describe();
            next = d->engine.on_document(document_in(answer), why);
            continue;
        }
        if (ends_enrollment(answer.means)) {
            co_await leave(
                self->mac->shared_from_this(),
                {.reason = std::string{to_text(answer.means)}, .cause = cause, .check_out = false});
            co_return false;
        }
        next.reset();
        if (answer.response) {
            next = d->engine.on_answer(answer.response->status, answer.response->body);
        } else {
            d->engine.on_failure();
        }
    }
    co_return true;
}

net::task<void> look(channel_ptr self, std::uint64_t cause) {
    const auto d = self->ddm;
    if (!d || d->busy || !self->can_talk()) {
        co_return; // look_due stays: whoever is busy, or the network when it comes back, does it
    }
    d->look_due = false;
    const conversation running{d};
    d->host.cause = cause;
    auto next = d->engine.look_again();
    if (next) {
        auto client = self->client_of(*self->mac->current);
        const bool whole = co_await converse(self, d, client, std::move(next), cause);
        if (whole && !d->engine.succeeded()) {
            record_end(*self, d->engine, cause);
        }
    }
}

void set_alarm(channel& c);

net::task<void> look_later(std::weak_ptr<channel> weak, net::world* w, duration delay,
                           std::uint64_t cause) {
    for (;;) {
        co_await w->sleep_for(delay);
        const auto self = weak.lock();
        const auto d = self ? self->ddm : nullptr;
        if (!d) {
            co_return;
        }
        co_await look(self, cause);
        set_alarm(*self);
        // What changed meanwhile is one more look.
        if (!d->look_due || d->busy || !self->can_talk()) {
            d->look_pending = false;
            co_return;
        }
    }
}

/// Rings when the engine has something to do by itself, and goes on to the next time.
net::task<void> watch_clock(std::weak_ptr<channel> weak, net::world* w, std::uint64_t number,
                            time_point due) {
    for (;;) {
        co_await w->sleep_until(due);
        const auto self = weak.lock();
        const auto d = self ? self->ddm : nullptr;
        if (!d || d->alarm != number) {
            co_return;
        }
        if (w->now() >= d->engine.next_due()) {
            d->look_due = true;
            co_await look(self, d->host.cause);
        }
        due = d->engine.next_due();
        if (due <= w->now() ||
            due == net::never) { // it could not talk: the next session sees to it
            d->alarm_at = net::never;
            co_return;
        }
        d->alarm_at = due;
    }
}

void set_alarm(channel& c) {
    const auto& d = c.ddm;
    if (!d) {
        return;
    }
    const auto due = d->engine.next_due();
    if (due == net::never || due >= d->alarm_at || due <= c.mac->world().now()) {
        return;
    }
    d->alarm_at = due;
    c.mac->world().spawn("declarations of " + c.title(),
                         watch_clock(pointer_to(c), &c.mac->world(), ++d->alarm, due));
}

} // namespace

net::task<void> synchronise(channel_ptr self, std::shared_ptr<mdm_client> client,
                            std::optional<bytes> tokens, std::uint64_t cause) {
    const auto begun = self->now();
    if (!self->ddm) {
        self->ddm = std::make_shared<ddm_client>(*self);
    }
    const auto d = self->ddm;
    while (d->busy && self->is_still(begun)) {
        co_await d->idle.wait_until(net::never);
    }
    if (!self->is_still(begun)) {
        co_return;
    }
    d->look_due = false;
    {
        const conversation running{d};
        d->host.cause = cause;
        auto next = d->engine.start(tokens);
        if (!co_await converse(self, d, std::move(client), std::move(next), cause)) {
            co_return;
        }
    }
    record_end(*self, d->engine, cause);
    if (d->look_due) {
        look_at_declarations(*self, cause);
    }
    set_alarm(*self);
}

plist::dict save_declarations(const channel& c) {
    return c.ddm ? c.ddm->engine.save() : plist::dict{};
}

result<void> load_declarations(channel& c, const plist::dict& saved) {
    if (saved.empty()) {
        return {};
    }
    auto made = std::make_shared<ddm_client>(c);
    if (auto loaded = made->engine.load(saved); !loaded) {
        return loaded;
    }
    c.ddm = std::move(made);
    set_alarm(c);
    look_at_declarations(c, 0); // what may have changed while it was put away
    return {};
}

void look_at_declarations(channel& c, std::uint64_t cause) {
    if (!c.ddm) {
        return;
    }
    c.ddm->look_due = true;
    if (!c.ddm->look_pending && !c.ddm->busy && c.can_talk()) {
        c.ddm->look_pending = true;
        c.mac->world().spawn("report of " + c.title(),
                             look_later(pointer_to(c), &c.mac->world(), report_delay, cause));
    }
}

} // namespace pomona::sim::mac
