// Setup Assistant and the bootstrap token.
#include "reading.hpp"
#include "registry.hpp"

#include <map>

namespace pomona::checks {
namespace {

/// Clones share a UDID, and with it what the server keeps.
std::string device_of(const trace::event& request) {
    const auto device = request.summary.text("UDID");
    return std::string{device.empty() ? std::string_view{request.actor} : device};
}

/// What a message says of the token: its placeholder, which is equal for equal tokens; empty: none.
std::string token_of(const trace::event& e) {
    return std::string{e.summary.text("BootstrapToken")};
}

/// The accepted SetBootstrapToken before each GetBootstrapToken; `judge(get, set)` once for each
/// that was answered. What an Authenticate or a CheckOut leaves of a token is the server's matter.
template <class Judge>
void for_each_get(const trace_view& run, Judge judge) {
    std::map<std::string, const exchange*, std::less<>> set;
    for (const auto* x : conversation(run.of_peers())) {
        const auto type = message_type(*x);
        const auto device = device_of(*x->request);
        if (type == "Authenticate" || type == "CheckOut") {
            set.erase(device);
        } else if (type == "SetBootstrapToken") {
            if (is_accepted(*x)) {
                set.insert_or_assign(device, x);
            } else {
                set.erase(device); // it may have been stored all the same
            }
        } else if (type == "GetBootstrapToken" && x->answered()) {
            const auto found = set.find(device);
            // One that was answered after the question says nothing about it.
            const bool before =
                found != set.end() && found->second->answer->number < x->request->number;
            judge(*x, before ? found->second : nullptr);
        }
    }
}

// Apple, "Get Bootstrap Token": 200, with or without a token. A refusal that has to do with the
// device's identity is none of the message.
observation get_is_answered(const trace_view& run) {
    observation out;
    for_each_get(run, [&](const exchange& get, const exchange* /*set*/) {
        ++out.occasions;
        const auto status = get.answer->status;
        if ((status > 200 && status < 300) || status == 400 || status == 404 || status == 405) {
            note(out, *get.answer, "HTTP 200, also when no token is stored", answer_text(get),
                 {get.request});
        }
    });
    out.reason = "no Mac asked for its bootstrap token";
    return out;
}

observation same_token_comes_back(const trace_view& run) {
    observation out;
    for_each_get(run, [&](const exchange& get, const exchange* set) {
        if (set == nullptr || token_of(*set->request).empty() || get.answer->status != 200) {
            return;
        }
        ++out.occasions;
        if (token_of(*get.answer) != token_of(*set->request)) {
            note(out, *get.answer, "the token of SetBootstrapToken",
                 token_of(*get.answer).empty() ? "no token" : "another token",
                 {set->request, get.request});
        }
    });
    out.reason = "no Mac asked for a bootstrap token that it had set before";
    return out;
}

observation cleared_token_is_gone(const trace_view& run) {
    observation out;
    for_each_get(run, [&](const exchange& get, const exchange* set) {
        if (set == nullptr || !token_of(*set->request).empty() || get.answer->status != 200) {
            return;
        }
        ++out.occasions;
        if (!token_of(*get.answer).empty()) {
            note(out, *get.answer, "no token after it was deleted", "a token",
                 {set->request, get.request});
        }
    });
    out.reason = "no Mac asked for a bootstrap token that it had deleted";
    return out;
}

// Derived from the flow that Fleet documents: the token may come between Authenticate and
// TokenUpdate.
observation early_token_is_taken(const trace_view& run) {
    observation out;
    std::map<std::string, bool, std::less<>> authenticated;
    for (const auto* x : conversation(run.of_peers())) {
        const auto type = message_type(*x);
        auto& early = authenticated[x->request->actor];
        if (type == "Authenticate") {
            early = is_accepted(*x);
        } else if (type == "TokenUpdate" || type == "CheckOut") {
            early = false;
        } else if (type == "SetBootstrapToken" && early && x->answered()) {
            ++out.occasions;
            if (!is_accepted(*x)) {
                note(out, *x->answer, "acceptance before the first TokenUpdate", answer_text(*x),
                     {x->request});
            }
        }
    }
    out.reason = "no Mac set a bootstrap token between Authenticate and TokenUpdate";
    return out;
}

/// A Mac from the TokenUpdate with AwaitingConfiguration on.
struct waiting {
    const exchange* since = nullptr;      ///< null: it does not await anything
    const exchange* configured = nullptr; ///< DeviceConfigured as the answer of it
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
    if (w.since != nullptr && x.answered() &&
        x.answer->summary.text("RequestType") == "DeviceConfigured") {
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

/// Choice: how long a server may take to set a Mac up before it counts as forgotten.
constexpr auto patience = std::chrono::hours{1};

bool is_held_by_operator(const trace_view& run) {
    for (const auto* e : run.events()) {
        if (e->channel == "api" && e->kind == trace::kind::request && e->method == "PUT" &&
            e->target.ends_with("/v1/ade")) {
            return true;
        }
    }
    return false;
}

// Apple, "Token Update": forgetting it blocks the Mac. Judged by Macs that could still be heard of
// long after they had begun to wait.
observation setup_is_ended(const trace_view& run) {
    observation out;
    if (is_held_by_operator(run)) {
        out.reason = "the operator has a say in when Macs are configured";
        return out;
    }
    std::map<std::string, waiting, std::less<>> macs;
    std::map<std::string, const exchange*, std::less<>> late;
    for (const auto* x : conversation(run.of_peers())) {
        auto& w = macs[x->request->actor];
        follow(w, *x);
        if (w.since != nullptr && w.configured == nullptr && is_accepted(*x) &&
            x->request->time - w.since->request->time >= patience) {
            late.insert_or_assign(x->request->actor, x);
        } else {
            late.erase(x->request->actor);
        }
    }
    for (const auto& [mac, w] : macs) {
        out.occasions += w.configured != nullptr ? 1 : 0;
    }
    for (const auto& [mac, x] : late) {
        ++out.occasions;
        note(out, *x->request, "DeviceConfigured within an hour",
             "the Mac still awaits its configuration", {macs[mac].since->request});
    }
    out.reason = "no Mac awaited its configuration long enough to tell";
    return out;
}

// Apple, "Token Update": AccountConfiguration works in Setup Assistant alone.
observation setup_comes_first(const trace_view& run) {
    observation out;
    std::map<std::string, waiting, std::less<>> macs;
    for (const auto* x : conversation(run.of_peers())) {
        auto& w = macs[x->request->actor];
        const bool done = w.configured != nullptr;
        follow(w, *x);
        out.occasions += w.configured != nullptr && !done ? 1 : 0;
        if (done && w.configured != nullptr && x->answered() &&
            x->answer->summary.text("RequestType") == "AccountConfiguration") {
            note(out, *x->answer, "DeviceConfigured after the commands that set up",
                 "AccountConfiguration after DeviceConfigured", {w.configured->answer});
        }
    }
    out.reason = "no Mac was sent DeviceConfigured";
    return out;
}

} // namespace

void add_setup_checks(std::vector<check>& to) {
    using enum level;
    constexpr auto server = subject::server;
    to.push_back({"MDM-CHK-032",
                  "GetBootstrapToken is answered 200, also when there is no token.",
                  must,
                  basis::documented,
                  "Apple, \"Get Bootstrap Token\"",
                  server,
                  {},
                  get_is_answered});
    to.push_back({"MDM-CHK-033",
                  "GetBootstrapToken gives the token of SetBootstrapToken.",
                  must,
                  basis::documented,
                  "Apple, \"Get Bootstrap Token\"",
                  server,
                  {},
                  same_token_comes_back});
    to.push_back({"MDM-CHK-034",
                  "SetBootstrapToken without a token deletes the stored one.",
                  must,
                  basis::schema,
                  "mdm/checkin/setbootstraptoken.yaml, 15.1",
                  server,
                  {},
                  cleared_token_is_gone});
    to.push_back({"MDM-CHK-045",
                  "A Mac that awaits its configuration is sent DeviceConfigured.",
                  must,
                  basis::documented,
                  "Apple, \"Token Update\"",
                  server,
                  {"fleetdm/fleet#18160", "fleetdm/fleet#40881"},
                  setup_is_ended});
    to.push_back({"MDM-CHK-046",
                  "DeviceConfigured comes after the commands that set a Mac up.",
                  should,
                  basis::documented,
                  "Apple, \"Token Update\"",
                  server,
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
    to.push_back({"MDM-CHK-085",
                  "SetBootstrapToken is accepted before the first TokenUpdate, too.",
                  should,
                  basis::derived,
                  "derived from the flow that Fleet documents",
                  server,
                  {},
                  early_token_is_taken});
}

} // namespace pomona::checks
