#include "disturbed_connection.hpp"

#include "exchange_log.hpp"
#include "exchange_tap.hpp"

#include <algorithm>

namespace pomona::net {

namespace {

using what_kind = disturbance::what;

/// What a connection and its exchanges share: whether this end has closed it.
struct end_of_use {
    explicit end_of_use(world& w) : changed{w} {}
    bool closed = false;
    signal changed;
};

/// One exchange on its way. Lives in the frame of the coroutine that carries it.
struct course {
    world* w = nullptr;
    std::shared_ptr<connection> inner;
    std::shared_ptr<end_of_use> use;
    std::shared_ptr<fault_injector> injector;
    std::uint64_t number = 0; ///< of the exchange on this connection
    request what;
    time_point deadline;
    annotation note;
    disturbance_ptr plan;
    exchange_context where;

    [[nodiscard]] bool is(what_kind k) const { return plan && plan->kind == k; }
};

/// What was done to it, told to the injector: becomes the cause of what the client sees.
void tell_applied(course& c, const request& as_arrived, const response* original) {
    c.injector->applied(*c.plan, c.where, as_arrived, original);
}

/// The end as the client sees it, told to the observer.
exchange_result tell_end(course& c, exchange_result out) {
    exchange_log log{*c.w, c.where};
    if (out) {
        log.response(c.what, *out);
    } else {
        log.failure(c.what, out.error());
    }
    return out;
}

/// A request that the peer never sees, as far as the client knows an ordinary one.
void tell_unsent_request(course& c) {
    // An id of its own: the connection's ordinals belong to what is really sent on it.
    c.where.id = c.where.connection->id + "/unsent-" + std::to_string(c.number);
    complete_headers(c.what, c.where.peer, !c.where.connection->tls_version.empty());
    if (auto* const who = c.w->observed_by()) {
        c.where.note.cause = who->on_request(c.where, c.what);
    }
}

/// Carries `body` through the connection below.
task<exchange_result> carry(course& c, request sent, std::shared_ptr<exchange_tap> tap) {
    auto note = c.note;
    note.tap = tap;
    auto out = co_await c.inner->exchange(std::move(sent), c.deadline, std::move(note));
    if (!tap->silent && tap->where.connection) {
        c.where = tap->where;
    }
    co_return out;
}

/// Until `when`, at most until the deadline; false when this end has closed the connection before.
task<bool> wait(course& c, time_point when) {
    const auto until = std::min(when, c.deadline);
    while (!c.use->closed && c.w->now() < until) {
        co_await c.use->changed.wait_until(until);
    }
    co_return !c.use->closed;
}

transport_error lost(transport_failure as, std::string detail) {
    return {.kind = as, .after_send = true, .detail = std::move(detail)};
}

/// What a client notices of a message that was lost: nothing until its deadline, or the end of the
/// connection. The connection is of no use afterwards.
task<exchange_result> lose(course& c, std::string detail) {
    auto as = c.plan->lost_as;
    if (as == transport_failure::timeout && !co_await wait(c, c.deadline)) {
        as = transport_failure::reset;
    }
    c.inner->close();
    co_return tell_end(c, std::unexpected(lost(as, std::move(detail))));
}

/// Nothing of the request reaches the peer.
task<exchange_result> withhold(course& c) {
    if (c.is(what_kind::refuse)) {
        c.inner->close();
        c.where.connection = nullptr;
        c.where.note.cause = c.injector->applied(*c.plan, c.where, c.what, nullptr);
        co_return tell_end(
            c, std::unexpected(transport_error{.kind = transport_failure::refused,
                                               .after_send = false,
                                               .detail = "connection refused (injected)"}));
    }
    tell_unsent_request(c);
    tell_applied(c, c.what, nullptr);
    if (c.is(what_kind::answer_instead)) {
        co_return tell_end(c, c.plan->answer);
    }
    co_return co_await lose(c, "the request was lost (injected)");
}

/// Content-Length says what the client gets, also when that has been altered.
void fit_length(response& what) {
    for (auto& h : what.headers) {
        if (h.name == "Content-Length" || h.name == "content-length") {
            h.value = std::to_string(what.body.size());
        }
    }
}

/// The same once more, behind the first: what comes of it is the injector's only.
task<void> send_copy(course& c) {
    const auto tap = std::make_shared<exchange_tap>();
    tap->silent = true;
    auto second = co_await carry(c, c.what, tap);
    if (second || second.error().after_send) {
        tell_applied(c, c.what, second ? &*second : nullptr);
    } else {
        c.injector->missed(*c.plan, c.where, "the connection had ended before the copy was sent");
    }
}

/// The answer has come, or not: faults that act on it.
task<exchange_result> disturb_answer(course& c, exchange_result out) {
    if (!out) {
        c.injector->missed(*c.plan, c.where, "there was no answer");
        co_return tell_end(c, std::move(out));
    }
    switch (c.plan->kind) {
    case what_kind::drop_answer:
        tell_applied(c, c.what, &*out);
        co_return co_await lose(c, "the answer was lost (injected)");
    case what_kind::delay_answer:
        tell_applied(c, c.what, nullptr);
        if (const bool open = co_await wait(c, c.w->now() + c.plan->delay);
            !open || c.w->now() >= c.deadline) {
            c.inner->close();
            co_return tell_end(c, std::unexpected(lost(open ? transport_failure::timeout
                                                            : transport_failure::reset,
                                                       "the answer was late (injected)")));
        }
        break;
    case what_kind::alter_answer:
        if (const auto original = *out; c.plan->alter(out->body)) {
            fit_length(*out);
            c.where.altered = true;
            tell_applied(c, c.what, &original);
        } else {
            c.injector->missed(*c.plan, c.where, "the answer has no body");
        }
        break;
    case what_kind::answer_instead:
        tell_applied(c, c.what, &*out);
        out = c.plan->answer;
        break;
    default:
        break;
    }
    co_return tell_end(c, std::move(out));
}

/// Faults that act on what is sent; false when this one does not.
bool acts_on_request(const disturbance& d) {
    return d.kind == what_kind::refuse || d.kind == what_kind::drop_request ||
           (d.kind == what_kind::answer_instead && !d.processed);
}

void settle_wire(course& c, const exchange_tap& tap) {
    if (tap.wire_done) {
        tell_applied(c, c.what, nullptr);
    } else {
        c.injector->missed(*c.plan, c.where,
                           !tap.wire_missed.empty() ? tap.wire_missed
                           : c.w->is_virtual()      ? "there is no wire in the virtual world"
                                               : "the exchange ended before it could take effect");
    }
}

task<exchange_result> carry_disturbed(course& c) {
    const auto tap = std::make_shared<exchange_tap>();
    auto sent = c.what;
    if (c.is(what_kind::delay_request)) {
        co_await wait(c, c.w->now() + c.plan->delay);
    } else if (c.is(what_kind::alter_request) && c.plan->alter(sent.body)) {
        tap->meant = c.what.body;
    } else if (c.is(what_kind::wire)) {
        tap->wire = c.plan->wire;
    }
    const auto arrives = sent;
    auto out = co_await carry(c, std::move(sent), tap);
    if (!c.plan && out) {
        c.plan = c.injector->plan_answer(c.where, c.what, *out);
        if (!c.plan) {
            co_return tell_end(c, std::move(out));
        }
    }
    if (!c.plan) {
        co_return tell_end(c, std::move(out));
    }
    switch (c.plan->kind) {
    case what_kind::delay_request:
    case what_kind::duplicate_request:
        if (!tap->told) {
            c.injector->missed(*c.plan, c.where, "nothing was sent");
        } else if (c.is(what_kind::delay_request)) {
            tell_applied(c, c.what, nullptr);
        } else if (!out) {
            c.injector->missed(*c.plan, c.where, "there was no answer to the first");
        } else {
            out = tell_end(c, std::move(out));
            co_await send_copy(c);
            co_return out;
        }
        break;
    case what_kind::alter_request:
        if (tap->told && tap->meant) {
            tell_applied(c, arrives, out ? &*out : nullptr);
        } else {
            c.injector->missed(*c.plan, c.where,
                               tap->meant ? "nothing was sent" : "it has no body");
        }
        break;
    case what_kind::wire:
        settle_wire(c, *tap);
        break;
    default:
        co_return co_await disturb_answer(c, std::move(out));
    }
    co_return tell_end(c, std::move(out));
}

task<exchange_result> run(course c) {
    c.where = {.id = {},
               .at = side::client,
               .note = c.note,
               .connection = c.inner->info(),
               .peer = c.inner->info()->server};
    c.plan = c.injector->plan(c.where, c.what);
    if (c.plan && acts_on_request(*c.plan)) {
        co_return co_await withhold(c);
    }
    co_return co_await carry_disturbed(c);
}

class disturbed_connection final : public connection {
  public:
    disturbed_connection(world& w, std::shared_ptr<connection> inner,
                         std::shared_ptr<fault_injector> injector)
        : world_{&w},
          inner_{std::move(inner)},
          use_{std::make_shared<end_of_use>(w)},
          injector_{std::move(injector)} {}
    disturbed_connection(const disturbed_connection&) = delete;
    disturbed_connection& operator=(const disturbed_connection&) = delete;
    ~disturbed_connection() override { disturbed_connection::close(); }

    [[nodiscard]] std::shared_ptr<const connection_info> info() const override {
        return inner_->info();
    }
    [[nodiscard]] bool reusable() const override { return inner_->reusable(); }
    task<exchange_result> exchange(request what, time_point deadline, annotation note) override {
        return run({.w = world_,
                    .inner = inner_,
                    .use = use_,
                    .injector = injector_,
                    .number = ++exchanges_,
                    .what = std::move(what),
                    .deadline = deadline,
                    .note = std::move(note),
                    .plan = nullptr,
                    .where = {}});
    }
    task<subscription> subscribe(request what, time_point deadline, annotation note) override {
        return inner_->subscribe(std::move(what), deadline, std::move(note));
    }
    void close() override {
        inner_->close();
        use_->closed = true;
        use_->changed.notify_all();
    }

  private:
    world* world_;
    std::shared_ptr<connection> inner_;
    std::shared_ptr<end_of_use> use_;
    std::shared_ptr<fault_injector> injector_;
    std::uint64_t exchanges_ = 0;
};

} // namespace

std::shared_ptr<connection> make_disturbed(world& w, std::shared_ptr<connection> inner,
                                           std::shared_ptr<fault_injector> injector) {
    return std::make_shared<disturbed_connection>(w, std::move(inner), std::move(injector));
}

} // namespace pomona::net
