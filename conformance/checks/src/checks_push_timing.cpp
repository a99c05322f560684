// When a server may push: after TokenUpdate, to what it announced last, and never after CheckOut.
#include "push_history.hpp"
#include "registry.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace pomona::checks {
namespace {

constexpr std::string_view no_pushes =
    "no push was recorded at the push service (it may be a foreign one)";

// Apple, "Token Update": the values may change at any time, the newest count.
observation newest_values_are_used(const trace_view& run) {
    observation out;
    const push_history history{run};
    for (const auto& p : history.known()) {
        const auto& first = *p.before.front();
        const bool changed = std::ranges::any_of(p.before, [&](const announcement* a) {
            return a->token != first.token || a->magic != first.magic;
        });
        if (!changed || !p.is_settled) {
            continue;
        }
        ++out.occasions;
        if (!p.pair_is_current()) {
            note(out, *p.push->request, "Token and PushMagic of the newest TokenUpdate",
                 p.token_is_current() ? "an older PushMagic" : "an older Token",
                 {p.current.back()->token_update->request});
            out.violations.back().mac = p.mac;
        }
    }
    out.reason = "no push was recorded after a TokenUpdate that changed something";
    return out;
}

/// From `from` on, when it is over: pushes between are out of order.
struct quiet_span {
    const exchange* because = nullptr;   ///< accepted
    const trace::event* until = nullptr; ///< null: the end of the trace
};

bool is_inside(const quiet_span& span, const trace::event& e) {
    return e.number > span.because->answer->number &&
           e.time >= span.because->answer->time + grace &&
           (span.until == nullptr || e.number < span.until->number);
}

/// Spans after an accepted `message` of a Mac, up to its next device TokenUpdate. `wanted` sees the
/// exchange and whether the Mac had said anything before.
using wanted_span = bool (*)(const exchange&, bool had_history);

std::map<std::string, std::vector<quiet_span>, std::less<>> spans_after(const trace_view& run,
                                                                        wanted_span wanted) {
    std::map<std::string, std::vector<quiet_span>, std::less<>> out;
    std::map<std::string, bool, std::less<>> has_history;
    for (const auto* x : conversation(run)) {
        auto& spans = out[x->request->actor];
        auto& history = has_history[x->request->actor];
        if (message_type(*x) == "TokenUpdate" || message_type(*x) == "Authenticate") {
            if (!spans.empty() && spans.back().until == nullptr) {
                spans.back().until = x->request;
            }
        }
        if (is_accepted(*x) && wanted(*x, history)) {
            spans.push_back({x, nullptr});
        }
        history = history || message_type(*x) != "Authenticate" || is_accepted(*x);
    }
    return out;
}

/// Pushes to a Mac's tokens inside its spans. Occasions: the spans, once the service recorded any
/// push at all.
observation no_push_in(const trace_view& run, wanted_span wanted, std::string_view expected) {
    observation out;
    const push_history history{run};
    const auto spans = spans_after(run, wanted);
    if (run.pushes().empty()) {
        out.reason = no_pushes;
        return out;
    }
    for (const auto& [mac, list] : spans) {
        out.occasions += list.size();
    }
    for (const auto& x : run.pushes()) {
        const auto mac = run.mac_of_token(x.request->summary.text("Token"));
        const auto found = spans.find(mac);
        if (!is_push(x) || found == spans.end()) {
            continue;
        }
        for (const auto& span : found->second) {
            if (is_inside(span, *x.request)) {
                note(out, *x.request, std::string{expected}, "a push to " + mac,
                     {span.because->request, span.because->answer});
                out.violations.back().mac = mac;
            }
        }
    }
    out.reason = "no Mac of this run did what the rule is about";
    return out;
}

// Apple, "Token Update": no push before the device's first TokenUpdate.
observation no_push_before_token_update(const trace_view& run) {
    return no_push_in(
        run,
        [](const exchange& x, bool had_history) {
            return message_type(x) == "Authenticate" && !had_history;
        },
        "no push before the first TokenUpdate");
}

/// Commands of a Mac that were handed out before an Authenticate, never ended, and handed out again
/// after it.
void note_survivors(observation& out, const trace_view& run) {
    struct state {
        std::map<std::string, const trace::event*, std::less<>> offered, outdated;
        const trace::event* because = nullptr;
    };
    std::map<std::string, state, std::less<>> macs;
    for (const auto* x : conversation(run)) {
        auto& s = macs[x->request->actor];
        if (message_type(*x) == "Authenticate" && is_accepted(*x)) {
            s.outdated.merge(s.offered);
            s.offered.clear();
            s.because = x->request;
            continue;
        }
        const auto status = x->request->summary.text("Status");
        if (x->request->channel == "mdm" && status != "NotNow" &&
            (is_accepted(*x) || !x->answered())) {
            s.offered.erase( // it is over, or may be, and a new one may have its UUID
                std::string{uuid_of(*x->request)});
        }
        if (x->request->channel != "mdm" || !x->answered() || uuid_of(*x->answer).empty()) {
            continue;
        }
        const std::string uuid{uuid_of(*x->answer)};
        if (const auto old = s.outdated.find(uuid);
            old != s.outdated.end() && !is_queued_between(run, uuid, *s.because, *x->answer)) {
            note(out, *x->answer, "no command from before Authenticate",
                 "command " + uuid + " once more", {old->second, s.because});
        }
        s.offered.emplace(uuid, x->answer);
    }
}

// Derived: what a server drops at Authenticate is not written down; NanoMDM clears the queue and
// disables the enrollment until TokenUpdate.
observation authenticate_starts_anew(const trace_view& run) {
    constexpr wanted_span again = [](const exchange& x, bool had_history) {
        return message_type(x) == "Authenticate" && had_history;
    };
    auto out = no_push_in(run, again, "no push between Authenticate and TokenUpdate");
    out.occasions = 0;
    for (const auto& [mac, list] : spans_after(run, again)) {
        out.occasions += list.size();
    }
    note_survivors(out, run);
    out.reason = "no Mac sent Authenticate twice";
    return out;
}

bool is_check_out(const exchange& x, bool) {
    return message_type(x) == "CheckOut";
}

// Apple, "Check Out": the enrollment is over.
observation nothing_after_check_out(const trace_view& run) {
    auto out = no_push_in(run, is_check_out, "no push after CheckOut");
    out.occasions = 0;
    std::map<std::string, const exchange*, std::less<>> left;
    for (const auto* x : conversation(run)) {
        auto& by = left[x->request->actor];
        const auto type = message_type(*x);
        if (type == "CheckOut" && is_accepted(*x)) {
            by = x;
            ++out.occasions;
        } else if (type == "Authenticate" || type == "TokenUpdate") {
            by = nullptr;
        } else if (by != nullptr && x->request->channel == "mdm" && x->answered() &&
                   x->request->number > by->answer->number && looks_like_command(*x->answer)) {
            note(out, *x->answer, "no command after CheckOut",
                 "command " + std::string{uuid_of(*x->answer)}, {by->request, x->request});
        }
    }
    out.reason = "no CheckOut was accepted";
    return out;
}

// Apple, "Check Out": answered 200. A server that has forgotten the Mac may say so, and one in
// trouble has to answer 5xx; what is judged is a refusal of the message itself, and a wrong
// success.
observation check_out_is_accepted(const trace_view& run) {
    constexpr std::array<unsigned, 5> refusals{400, 404, 405, 415, 422};
    observation out;
    std::map<std::string, bool, std::less<>> enrolled;
    for (const auto* x : conversation(run)) {
        auto& known = enrolled[x->request->actor];
        const auto type = message_type(*x);
        if (type == "TokenUpdate" && is_accepted(*x)) {
            known = true;
        } else if (type == "CheckOut" && known && x->answered()) {
            known = false;
            const bool refused = std::ranges::find(refusals, x->answer->status) != refusals.end();
            if (!is_accepted(*x) && !refused) {
                continue;
            }
            ++out.occasions;
            if (x->answer->status != 200) {
                note(out, *x->answer, "200", answer_text(*x), {x->request});
            }
        }
    }
    out.reason = "no enrolled Mac sent a CheckOut that was taken or refused";
    return out;
}

} // namespace

void add_push_timing_checks(std::vector<check>& to) {
    using enum level;
    constexpr auto server = subject::server;
    constexpr std::string_view token_update = "Apple, \"Token Update\"";
    constexpr std::string_view check_out = "Apple, \"Check Out\"";
    to.push_back({"MDM-CHK-018",
                  "After a TokenUpdate with new values pushes use them.",
                  must,
                  basis::documented,
                  token_update,
                  server,
                  {"Layr-Labs/d-inference#869", "micromdm/micromdm@6065d1f2"},
                  newest_values_are_used});
    to.push_back({"MDM-CHK-019",
                  "No push before the first TokenUpdate.",
                  must,
                  basis::documented,
                  token_update,
                  server,
                  {"micromdm/nanomdm#135"},
                  no_push_before_token_update});
    to.push_back({"MDM-CHK-023",
                  "A second Authenticate ends queued commands, and pushes until TokenUpdate.",
                  should,
                  basis::derived,
                  "derived from Apple, \"Authenticate\", and what NanoMDM does",
                  server,
                  {"micromdm/micromdm#646", "fleetdm/fleet#20869"},
                  authenticate_starts_anew});
    to.push_back({"MDM-CHK-024",
                  "After CheckOut there are no pushes and no commands.",
                  must,
                  basis::documented,
                  check_out,
                  server,
                  {},
                  nothing_after_check_out});
    to.push_back({"ENR-090",
                  "CheckOut of an enrolled Mac is answered 200.",
                  must,
                  basis::documented,
                  check_out,
                  server,
                  {},
                  check_out_is_accepted});
}

} // namespace pomona::checks
