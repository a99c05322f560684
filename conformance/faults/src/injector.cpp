#include "pomona/faults/injector.hpp"

#include "pomona/trace/decode.hpp"

#include <algorithm>
#include <array>

namespace pomona::faults {

namespace {

constexpr std::array<std::string_view, 4> channels{"enroll", "scep", "checkin", "mdm"};

trace::event seen(const net::exchange_context& where, trace::kind what) {
    trace::event e;
    e.actor = where.note.who.value();
    e.channel = where.note.channel;
    e.kind = what;
    e.at = trace::end::client;
    return e;
}

} // namespace

void injector::add(rule r) {
    // Not the place in the file: a rule that is taken out would move those below it.
    const auto stem = std::string{r.what->id} + " on " + r.on_text;
    auto key = stem;
    for (int n = 2; std::ranges::find(keys_, key) != keys_.end(); ++n) {
        key = stem + " #" + std::to_string(n);
    }
    keys_.push_back(std::move(key));
    tallies_.push_back({.fault = std::string{r.what->id}, .where = r.where, .missed = {}});
    used_.push_back(0);
    active_.push_back(true);
    rules_.push_back(std::move(r));
}

void injector::stop() {
    active_.assign(active_.size(), false);
}

std::size_t injector::injected() const {
    std::size_t out = 0;
    for (const auto& t : tallies_) {
        out += t.injected;
    }
    return out;
}

bool injector::watches(const net::annotation& opened_by) {
    return std::ranges::find(channels, opened_by.channel) != channels.end() &&
           opened_by.who.value().starts_with("mac-");
}

bool injector::affordable(std::size_t rule, const std::string& mac) const {
    const auto by_mac = used_by_mac_.find(mac);
    const auto own = counts_.find({rule, mac});
    return used_in_all_ < budget_.run &&
           (by_mac == used_by_mac_.end() ? 0 : by_mac->second) < budget_.a_mac &&
           used_[rule] < rules_[rule].in_total &&
           (own == counts_.end() ? 0 : own->second.used) < rules_[rule].times;
}

net::disturbance_ptr injector::choose(const trace::event& e, bool answer) {
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        const auto& r = rules_[i];
        if (!active_[i] || r.on_answer != answer ||
            (!r.macs.empty() && !r.macs.contains(e.actor)) || (r.on && !r.on(e))) {
            continue;
        }
        ++tallies_[i].matched;
        auto& own = counts_[{i, e.actor}];
        draws random{seed_, keys_[i], e.actor, ++own.matched};
        const bool wanted = r.probability >= 1 || random.fraction() < r.probability;
        if (!wanted || !affordable(i, e.actor)) {
            continue;
        }
        ++own.used;
        ++used_[i];
        ++used_in_all_;
        ++used_by_mac_[e.actor];
        auto out = std::make_shared<net::disturbance>(r.what->make(r.with, random));
        out->rule = i;
        return out;
    }
    return nullptr;
}

net::disturbance_ptr injector::plan(const net::exchange_context& where, const net::request& what) {
    if (!watches(where.note)) {
        return nullptr;
    }
    auto e = seen(where, trace::kind::request);
    e.method = what.method;
    e.target = what.target;
    e.summary = trace::summarize_request(world_->crypto(), where, what);
    return choose(e, false);
}

net::disturbance_ptr injector::plan_answer(const net::exchange_context& where,
                                           const net::request& to, const net::response& what) {
    if (!watches(where.note) ||
        std::ranges::none_of(rules_, [](const rule& r) { return r.on_answer; })) {
        return nullptr;
    }
    auto e = seen(where, trace::kind::response);
    e.exchange = where.id;
    e.method = to.method;
    e.target = to.target;
    e.status = what.status;
    e.summary = trace::summarize_response(world_->crypto(), where, to, what);
    return choose(e, true);
}

std::uint64_t injector::applied(const net::disturbance& what, const net::exchange_context& where,
                                const net::request& of, const net::response* original) {
    const auto& r = rules_[what.rule];
    ++tallies_[what.rule].injected;
    trace::fields about{{"rule", r.where}, {"effect", std::string{to_text(effect_of(what))}}};
    for (const auto& [name, text] : r.with.texts()) {
        about.set(name, text);
    }
    return recorder_->fault(where, std::string{r.what->id}, std::move(about), of, original);
}

void injector::missed(const net::disturbance& what, const net::exchange_context& where,
                      std::string why) {
    // It costs nothing: the next message that fits may have it.
    const auto& mac = where.note.who.value();
    --used_[what.rule];
    --used_in_all_;
    --used_by_mac_[mac];
    --counts_[{what.rule, mac}].used;
    ++tallies_[what.rule].missed[std::move(why)];
}

} // namespace pomona::faults
