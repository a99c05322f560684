// What a server keeps of bootstrap tokens.
#include "reading.hpp"
#include "registry.hpp"

#include <algorithm>
#include <map>

namespace pomona::checks {
namespace {

/// Clones share a UDID, and with it what the server keeps.
std::string device_of(const trace::event& request) {
    const auto device = request.summary.text("UDID");
    return std::string{device.empty() ? std::string_view{request.actor} : device};
}

/// What a message says of the token: its placeholder, equal for equal tokens; empty: none.
std::string_view token_of(const trace::event& e) {
    return e.summary.text("BootstrapToken");
}

/// What the server has to have of one device.
struct stored {
    bool enrolled = false;         ///< an Authenticate in this trace was accepted
    bool is_unsure = false;        ///< a SetBootstrapToken may yet arrive, or was stored unanswered
    const exchange* set = nullptr; ///< the accepted one
};

/// A message that takes no notice of the one before: what came last is the server's to say.
bool overlaps(const exchange& later, const exchange* earlier) {
    return earlier != nullptr && earlier->answered() &&
           earlier->answer->number > later.request->number;
}

void follow(stored& s, const exchange& x) {
    const auto type = message_type(x);
    if (type == "Authenticate" || type == "CheckOut") {
        // What either leaves of a token is the server's matter.
        s = {.enrolled = type == "Authenticate" && is_accepted(x)};
    } else if (type == "SetBootstrapToken") {
        s.is_unsure = s.is_unsure || !is_accepted(x) || overlaps(x, s.set);
        s.set = &x;
    }
}

/// Payloads say whether a server has to do with bootstrap tokens at all (com.apple.mdm,
/// ServerCapabilities). Nothing is known of a Mac that enrolled by a profile not seen here.
bool offers_tokens(const trace_view& run, std::string_view mac) {
    const auto unread = std::ranges::any_of(run.of_channel("enroll"), [&](const exchange& x) {
        return x.request->actor == mac && !x.answered();
    });
    if (unread) {
        return false;
    }
    const auto profiles = fetched_profiles(run, mac);
    return profiles.empty() || lists(profiles.back().fetch->answer->summary, "ServerCapabilities",
                                     "com.apple.mdm.bootstraptoken");
}

/// `judge(get, set)` for each answered GetBootstrapToken; `set` is null when nothing is known of
/// what was stored.
template <class Judge>
void for_each_get(const trace_view& run, Judge judge) {
    std::map<std::string, stored, std::less<>> devices;
    for (const auto* x : conversation(run)) {
        auto& s = devices[device_of(*x->request)];
        if (message_type(*x) != "GetBootstrapToken") {
            follow(s, *x);
        } else if (x->answered() && s.enrolled && offers_tokens(run, x->request->actor)) {
            judge(*x, s.is_unsure || overlaps(*x, s.set) ? nullptr : s.set);
        }
    }
}

/// A refusal of the message itself. Others have to do with the Mac's identity, or with the hour.
bool refuses_message(const exchange& x) {
    const auto status = x.answer->status;
    return (status > 200 && status < 300) || status == 400 || status == 404 || status == 405;
}

// Apple, "Get Bootstrap Token": 200, with or without a token.
observation get_is_answered(const trace_view& run) {
    observation out;
    for_each_get(run, [&](const exchange& get, const exchange* /*set*/) {
        out.occasions += get.answer->status == 200 || refuses_message(get) ? 1 : 0;
        if (refuses_message(get)) {
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

// Schema mdm/checkin/setbootstraptoken.yaml: without one, or with one of no length.
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
// TokenUpdate, and after it.
observation token_is_taken(const trace_view& run) {
    observation out;
    std::map<std::string, stored, std::less<>> devices;
    for (const auto* x : conversation(run)) {
        auto& s = devices[device_of(*x->request)];
        if (message_type(*x) == "SetBootstrapToken" && x->answered() && s.enrolled &&
            offers_tokens(run, x->request->actor)) {
            out.occasions += is_accepted(*x) || refuses_message(*x) ? 1 : 0;
            if (refuses_message(*x) && !is_accepted(*x)) {
                note(out, *x->answer, "acceptance before the first TokenUpdate and after it",
                     answer_text(*x), {x->request});
            }
        }
        follow(s, *x);
    }
    out.reason = "no Mac set a bootstrap token after its Authenticate";
    return out;
}

} // namespace

void add_bootstrap_token_checks(std::vector<check>& to) {
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
                  "mdm/checkin/setbootstraptoken.yaml, release 2024-10-21 (macOS 15.1)",
                  server,
                  {},
                  cleared_token_is_gone});
    to.push_back({"MDM-CHK-085",
                  "SetBootstrapToken is accepted before the first TokenUpdate and after it.",
                  must,
                  basis::derived,
                  "derived from the flow that Fleet documents",
                  server,
                  {},
                  token_is_taken});
}

} // namespace pomona::checks
