// Setup Assistant, from the TokenUpdate with AwaitingConfiguration to DeviceConfigured.
#include "reading.hpp"
#include "registry.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace pomona::checks {
namespace {

/// A Mac from that TokenUpdate on.
struct waiting {
    const exchange* since = nullptr;      ///< null: it does not await anything
    const exchange* configured = nullptr; ///< DeviceConfigured is the answer of it
    const exchange* done = nullptr;       ///< its report that DeviceConfigured was carried out
    bool put_off = false;                 ///< its last report was NotNow
    bool is_unsure = false;               ///< an answer is not known, and so what was sent
};

void follow(waiting& w, const exchange& x) {
    const auto type = message_type(x);
    if (type == "Authenticate" || type == "CheckOut") {
        w = {};
    } else if (type == "TokenUpdate" && !is_user_channel(*x.request)) {
        const bool awaits = x.request->summary.flag("AwaitingConfiguration").value_or(false);
        if (awaits && w.since == nullptr && is_accepted(x)) {
            w = {.since = &x};
        } else if (!awaits) {
            w = {};
        }
    }
    if (w.since == nullptr || is_user_channel(*x.request)) {
        return;
    }
    const auto status = x.request->summary.text("Status");
    if (!status.empty() && status != "Idle") {
        w.put_off = status == "NotNow";
        if (status == "Acknowledged" && w.configured != nullptr &&
            uuid_of(*x.request) == uuid_of(*w.configured->answer)) {
            w.done = &x;
        }
    }
    w.is_unsure = w.is_unsure || !x.answered();
    if (x.answered() && x.answer->summary.text("RequestType") == "DeviceConfigured") {
        w.configured = w.configured == nullptr ? &x : w.configured;
    }
}

// Apple, "Token Update": nobody can log in, so no user's channel opens, before DeviceConfigured.
observation setup_waits(const trace_view& run) {
    observation out;
    std::map<std::string, waiting, std::less<>> macs;
    for (const auto* x : conversation(run)) {
        auto& w = macs[x->request->actor];
        const auto* before = w.since;
        follow(w, *x);
        out.occasions += w.since != nullptr && before == nullptr ? 1 : 0;
        if (w.since != nullptr && w.configured == nullptr && message_type(*x) == "TokenUpdate" &&
            is_user_channel(*x->request)) {
            note(out, *x->request, "no user before DeviceConfigured", "TokenUpdate of a user",
                 {w.since->request});
        }
    }
    out.reason = "no Mac awaited its configuration";
    return out;
}

/// Commands are the operator's where its own calls queue them, or settle when Macs are configured.
bool is_operated(const trace_view& run) {
    return std::ranges::any_of(run.events(), [](const trace::event* e) {
        return e->channel == "api" && e->kind == trace::kind::request &&
               (e->target.find("/ade") != std::string::npos ||
                e->target.find("enqueue") != std::string::npos || !uuid_of(*e).empty());
    });
}

/// Choice: how long a server may take to set a Mac up before it counts as forgotten.
constexpr auto patience = std::chrono::hours{1};

/// The Mac had nothing to report, and the server nothing to ask.
bool is_drained(const exchange& x) {
    return x.request->summary.text("Status") == "Idle" && !is_user_channel(*x.request) &&
           x.answered() && x.answer->status == 200 && uuid_of(*x.answer).empty();
}

// Apple, "Token Update": a server that forgets it blocks the Mac. Judged by Macs that had waited
// long, came once more, and were sent nothing.
observation setup_is_ended(const trace_view& run) {
    observation out;
    out.reason = "no Mac awaited its configuration long enough to tell";
    if (is_operated(run)) {
        out.reason = "the operator has a say in when Macs are configured";
        return out;
    }
    std::map<std::string, waiting, std::less<>> macs;
    std::map<std::string, const exchange*, std::less<>> late;
    for (const auto* x : conversation(run)) {
        auto& w = macs[x->request->actor];
        const bool was_done = w.configured != nullptr;
        follow(w, *x);
        out.occasions += w.configured != nullptr && !was_done ? 1 : 0;
        if (w.since == nullptr || w.configured != nullptr) {
            late.erase(x->request->actor);
        } else if (is_drained(*x) && !w.put_off && !w.is_unsure &&
                   x->request->time - w.since->request->time >= patience) {
            late.insert_or_assign(x->request->actor, x);
        }
    }
    for (const auto& [mac, x] : late) {
        ++out.occasions;
        note(out, *x->answer, "DeviceConfigured within an hour",
             "the Mac still awaits its configuration", {macs[mac].since->request, x->request});
    }
    return out;
}

// Apple, "Token Update": the commands that set up come first; AccountConfiguration works in Setup
// Assistant alone.
observation setup_comes_first(const trace_view& run) {
    observation out;
    out.reason = "no Mac carried DeviceConfigured out";
    if (is_operated(run)) {
        out.reason = "the operator has a say in when Macs are configured";
        return out;
    }
    std::map<std::string, waiting, std::less<>> macs;
    std::set<std::pair<std::string, std::string_view>> sent; ///< Mac, UUID
    for (const auto* x : conversation(run)) {
        auto& w = macs[x->request->actor];
        const bool was_done = w.done != nullptr;
        follow(w, *x);
        out.occasions += w.done != nullptr && !was_done ? 1 : 0;
        if (!x->answered() || x->answer->summary.text("RequestType") != "AccountConfiguration") {
            continue;
        }
        // One that was put off comes again, however late.
        const bool is_new = sent.emplace(x->request->actor, uuid_of(*x->answer)).second;
        if (w.done != nullptr && is_new && !w.is_unsure) {
            note(out, *x->answer, "DeviceConfigured after the commands that set up",
                 "AccountConfiguration after DeviceConfigured",
                 {w.configured->answer, w.done->request});
        }
    }
    return out;
}

} // namespace

void add_setup_checks(std::vector<check>& to) {
    using enum level;
    to.push_back({"MDM-CHK-045",
                  "A Mac that awaits its configuration is sent DeviceConfigured.",
                  must,
                  basis::documented,
                  "Apple, \"Token Update\"",
                  subject::server,
                  {"fleetdm/fleet#18160", "fleetdm/fleet#40881"},
                  setup_is_ended});
    to.push_back({"MDM-CHK-046",
                  "DeviceConfigured comes after the commands that set a Mac up.",
                  should,
                  basis::documented,
                  "Apple, \"Token Update\"",
                  subject::server,
                  {"fleetdm/fleet#46550"},
                  setup_comes_first});
    to.push_back({"MDM-CHK-074",
                  "Setup Assistant does not end before DeviceConfigured.",
                  must,
                  basis::documented,
                  "Apple, \"Token Update\"",
                  subject::device,
                  {},
                  setup_waits});
}

} // namespace pomona::checks
