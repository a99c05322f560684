// Puts exchanges together and indexes them. Requests and answers belong together by the number the
// answer names as its cause, else by the exchange's id at the same end.
#include "pomona/checks/trace_view.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_map>

namespace pomona::checks {
namespace {

bool is_mac(std::string_view actor) {
    return actor.starts_with("mac-");
}

/// The server's own events are never read: checks have to work on foreign servers.
bool is_mac_side(const trace::event& e) {
    return is_mac(e.actor) && e.at == trace::end::client;
}

bool is_push_service_side(const trace::event& e) {
    return e.actor == "apns" && e.channel == "apns" && e.at == trace::end::server;
}

/// An injected fault after which the recorded answer is none of the peer's, or answers another
/// request than the recorded one. A fault of an effect not known here is taken for one.
bool falsifies_answer(const trace::event& e) {
    const auto effect = e.summary.text("effect");
    return e.kind == trace::kind::fault && !e.exchange.empty() && effect != "late" &&
           effect != "lost" && effect != "twice";
}

/// Finds the request that an answer ends.
class pairing {
  public:
    void open(const trace::event& request, std::vector<exchange>& list) {
        const place at{&list, list.size()};
        list.push_back({&request, nullptr});
        by_number_[request.number] = at;
        if (!request.exchange.empty()) {
            by_exchange_[{request.actor, request.channel, request.exchange}] = at;
        }
    }
    void close(const trace::event& answer) {
        if (auto* x = find(answer); x != nullptr && x->answer == nullptr) {
            x->answer = &answer;
        }
    }

  private:
    struct place {
        std::vector<exchange>* list = nullptr;
        std::size_t index = 0;
    };

    exchange* find(const trace::event& answer) {
        const auto caused = by_number_.find(answer.cause);
        if (caused != by_number_.end()) {
            auto& x = (*caused->second.list)[caused->second.index];
            if (x.request->actor == answer.actor && x.request->channel == answer.channel &&
                x.request->exchange == answer.exchange) {
                return &x;
            }
        }
        const auto same = by_exchange_.find({answer.actor, answer.channel, answer.exchange});
        return same == by_exchange_.end() ? nullptr : &(*same->second.list)[same->second.index];
    }

    std::unordered_map<std::uint64_t, place> by_number_;
    std::map<std::tuple<std::string_view, std::string_view, std::string_view>, place> by_exchange_;
};

} // namespace

trace_view::trace_view(std::vector<const trace::event*> events, body_source bodies)
    : events_{std::move(events)}, bodies_{std::move(bodies)} {
    build();
    build_peers();
}

void trace_view::build() {
    pairing pairs;
    for (const auto* e : events_) {
        if (is_mac(e->actor)) {
            auto& own = by_mac_[e->actor];
            if (own.empty()) {
                macs_.push_back(e->actor);
            }
            own.push_back(e);
        }
        const bool mac_side = is_mac_side(*e);
        if (!mac_side && !is_push_service_side(*e)) {
            continue;
        }
        if (e->kind == trace::kind::request) {
            pairs.open(*e, mac_side ? channels_[e->channel] : pushes_);
        } else if (e->kind == trace::kind::response || e->kind == trace::kind::failure) {
            pairs.close(*e);
        }
        if (e->kind == trace::kind::request && e->channel == "checkin" &&
            e->summary.text("MessageType") == "TokenUpdate") {
            if (const auto token = e->summary.text("Token"); !token.empty()) {
                token_owner_[std::string{token}] = e->actor;
            }
        }
    }
}

void trace_view::build_peers() {
    using place = std::tuple<std::string_view, std::string_view, std::string_view>;
    std::set<place> excused;
    for (const auto* e : events_) {
        if (falsifies_answer(*e)) {
            excused.insert({e->actor, e->channel, e->exchange});
        }
    }
    if (excused.empty()) {
        return;
    }
    auto out = std::make_shared<trace_view>(std::vector<const trace::event*>{}, bodies_);
    out->events_ = events_;
    for (auto& e : out->events_) {
        if (e->kind != trace::kind::response || !is_mac_side(*e) ||
            !excused.contains({e->actor, e->channel, e->exchange})) {
            continue;
        }
        trace::event lost;
        lost.number = e->number;
        lost.time = e->time;
        lost.actor = e->actor;
        lost.peer = e->peer;
        lost.channel = e->channel;
        lost.exchange = e->exchange;
        lost.kind = trace::kind::failure;
        lost.cause = e->cause;
        lost.at = e->at;
        lost.method = e->method;
        lost.target = e->target;
        lost.tls_version = e->tls_version;
        lost.alpn = e->alpn;
        lost.client_certificate = e->client_certificate;
        lost.failure = "reset";
        lost.after_send = true;
        lost.detail = "an injected fault";
        lost.step = e->step;
        out->excused_.push_back(std::move(lost));
        e = &out->excused_.back();
    }
    out->build();
    peers_ = std::move(out);
}

const std::vector<exchange>& trace_view::of_channel(std::string_view channel) const {
    static const std::vector<exchange> none;
    const auto found = channels_.find(channel);
    return found == channels_.end() ? none : found->second;
}

const std::vector<exchange>& trace_view::pushes() const {
    return pushes_;
}

const std::vector<const trace::event*>& trace_view::of_mac(std::string_view mac) const {
    static const std::vector<const trace::event*> none;
    const auto found = by_mac_.find(mac);
    return found == by_mac_.end() ? none : found->second;
}

std::optional<bytes> trace_view::body(const trace::event& e) const {
    return e.body && bodies_ ? bodies_(*e.body) : std::nullopt;
}

std::string trace_view::mac_of_token(std::string_view token_hex) const {
    const auto found = token_owner_.find(token_hex);
    return found == token_owner_.end() ? std::string{} : found->second;
}

} // namespace pomona::checks
