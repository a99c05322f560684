#include "expect_watch.hpp"

namespace pomona::scenario {

expect_watch::expect_watch(const expect_step& what, subject who, time_point began)
    : what_{&what}, who_{std::move(who)}, began_{began} {}

const time_limit& expect_watch::limit() const {
    return what_->never ? *what_->quiet_for : what_->within;
}

time_point expect_watch::deadline() const {
    return cause_.value_or(began_) + limit().length;
}

std::string expect_watch::resolved_name() const {
    return who_.resolve(what_->what.name).value_or(what_->what.name);
}

/// The newest cause before the match counts: "within 10s of push" means the push that woke the Mac.
void expect_watch::note_causes(mac_log& log) {
    if (!limit().of) {
        return;
    }
    const auto& events = log.of(who_.mac);
    for (; causes_looked_ < events.size(); ++causes_looked_) {
        const auto& e = *events[causes_looked_];
        if (!is_of_channel(e)) {
            continue;
        }
        if (e.number > who_.since && is_message(*limit().of, limit().of->name, e, log)) {
            cause_ = e.time;
        }
        if (e.number > who_.cursor && is_message(what_->what, resolved_name(), e, log)) {
            ++causes_looked_;
            return; // later causes belong to later matches
        }
    }
}

expect_watch::settled expect_watch::fail(std::string reason) const {
    settled out;
    out.why.mac = mac();
    out.why.reason = std::move(reason);
    if (near_miss_) {
        out.why.nearest = "#" + std::to_string(near_miss_event_) + " came, but its `" +
                          near_miss_->path + "` is " + near_miss_->actual + " instead of " +
                          near_miss_->expected;
        out.why.around.push_back(near_miss_event_);
    } else if (last_seen_ != nullptr) {
        out.why.nearest = "the last thing seen was " + describe(*last_seen_);
        out.why.around.push_back(last_seen_->number);
    }
    if (last_match_ != 0) {
        out.why.around.insert(out.why.around.begin(), last_match_);
    }
    return out;
}

std::optional<expect_watch::settled> expect_watch::take(const trace::event& e, mac_log& log,
                                                        const trace::recorder& recorder) {
    last_seen_ = &e;
    if (!is_message(what_->what, resolved_name(), e, log)) {
        return std::nullopt;
    }
    if (auto miss = test(what_->where, e, recorder, who_.resolve)) {
        near_miss_ = std::move(miss);
        near_miss_event_ = e.number;
        return std::nullopt;
    }
    if (what_->never) {
        if (e.time >= deadline()) {
            return std::nullopt;
        }
        auto out = fail("`" + what_->what.text + "` came (#" + std::to_string(e.number) +
                        ") though it never should");
        out.why.around.insert(out.why.around.begin(), e.number);
        return out;
    }
    if (e.time > deadline()) {
        return fail("`" + what_->what.text + "` came " + format_duration(e.time - deadline()) +
                    " too late (#" + std::to_string(e.number) + ")");
    }
    last_match_ = e.number;
    matched_ = &e;
    if (++matches_ == what_->times) {
        settled out;
        out.ok = true;
        out.match = e.number;
        out.matched = &e;
        return out;
    }
    return std::nullopt;
}

std::optional<expect_watch::settled>
expect_watch::look(mac_log& log, const trace::recorder& recorder, time_point now) {
    const auto& events = log.of(who_.mac);
    while (looked_ < events.size()) {
        note_causes(log);
        const auto& e = *events[looked_++];
        if (e.number <= who_.cursor || !is_of_channel(e)) {
            continue;
        }
        if (auto done = take(e, log, recorder)) {
            return done;
        }
    }
    note_causes(log);
    if (now < deadline()) {
        return std::nullopt;
    }
    if (what_->never) {
        settled out;
        out.ok = true;
        out.match = who_.cursor;
        return out;
    }
    auto reason = "no `" + what_->what.text + "` within " + format_duration(limit().length);
    if (limit().of) {
        reason += cause_ ? " of " + limit().of->text
                         : "; `" + limit().of->text +
                               "`, which the time counts from, did not come either";
    }
    if (what_->times > 1) {
        reason += ": " + std::to_string(matches_) + " of " + std::to_string(what_->times) + " came";
    }
    return fail(std::move(reason));
}

} // namespace pomona::scenario
