// Log-ins of network users at the server, and what a user enrollment tells.
#include "reading.hpp"
#include "registry.hpp"

#include <map>

namespace pomona::checks {
namespace {

bool is_login(const exchange& x) {
    return message_type(x) == "UserAuthenticate";
}
bool has_response(const exchange& x) {
    return x.request->summary.find("DigestResponse") != nullptr;
}

// Apple, "User Authenticate": 200 with a DigestChallenge, which may have no length, or 410.
observation first_step_gets_a_challenge(const trace_view& run) {
    observation out;
    for (const auto* x : conversation(run)) {
        if (!is_login(*x) || has_response(*x) || !x->answered()) {
            continue;
        }
        const bool accepted = is_accepted(*x);
        out.occasions += accepted || x->answer->status == 410 ? 1 : 0;
        if (accepted && x->answer->summary.find("DigestChallenge") == nullptr) {
            note(out, *x->answer, "DigestChallenge, or HTTP 410", answer_text(*x) + " without it",
                 {x->request});
        }
    }
    out.reason = "no network user logged in";
    return out;
}

// Apple, "User Authenticate": a wrong password is answered 200 with an empty AuthToken.
observation second_step_gets_a_token(const trace_view& run) {
    observation out;
    for (const auto* x : conversation(run)) {
        if (!is_login(*x) || !has_response(*x) || !x->answered()) {
            continue;
        }
        const auto status = x->answer->status;
        const bool refused = status == 401 || status == 403 || status == 410;
        if (!is_accepted(*x) && !refused) {
            continue; // trouble, not a refusal
        }
        ++out.occasions;
        if (refused || x->answer->summary.find("AuthToken") == nullptr) {
            note(out, *x->answer, "HTTP 200 with AuthToken, empty when the password is wrong",
                 answer_text(*x), {x->request});
        }
    }
    out.reason = "no DigestResponse was answered";
    return out;
}

/// The token that a user's channel has been given and has seen; none: no log-in, or without one.
struct given {
    std::string token;
    const trace::event* by = nullptr;
};

/// Calls `look(exchange, given)` for each message of a user after a log-in that gave a token.
template <class Look>
void each_after_login(const trace_view& run, Look look) {
    std::map<std::string, given, std::less<>> channels;
    for (const auto* x : conversation(run)) {
        const auto& r = *x->request;
        if (message_type(*x) == "Authenticate") { // enrolled anew: log-ins begin anew
            std::erase_if(channels, [&](const auto& c) { return c.first.starts_with(r.actor); });
            continue;
        }
        if (!is_user_channel(r)) {
            continue;
        }
        auto& mine = channels[channel_of(r)];
        if (is_login(*x)) {
            mine = {};
            if (x->answered() && is_accepted(*x)) {
                mine = {std::string{x->answer->summary.text("AuthToken")}, x->answer};
            }
            continue;
        }
        // What left before the token came cannot have it.
        if (!mine.token.empty() && r.number > mine.by->number) {
            look(*x, mine);
        }
    }
}

// Apple, "User Authenticate": the token is in every later message, to both URLs.
observation token_is_in_every_message(const trace_view& run) {
    observation out;
    each_after_login(run, [&](const exchange& x, const given& g) {
        ++out.occasions;
        if (x.request->summary.text("AuthToken") != g.token) {
            note(out, *x.request, "the AuthToken of the last log-in",
                 x.request->summary.find("AuthToken") != nullptr ? "another" : "none", {g.by});
        }
    });
    out.reason = "no network user was given an AuthToken";
    return out;
}

// Derived: whoever lacks the token is not the user who logged in.
observation commands_need_the_token(const trace_view& run) {
    observation out;
    each_after_login(run, [&](const exchange& x, const given& g) {
        if (x.request->channel != "mdm" || !x.answered()) {
            return;
        }
        ++out.occasions;
        if (x.request->summary.text("AuthToken") != g.token && !uuid_of(*x.answer).empty()) {
            note(out, *x.answer, "no command for a message without the user's AuthToken",
                 "a command", {x.request, g.by});
        }
    });
    out.reason = "no network user was given an AuthToken";
    return out;
}

// Schema mdm/checkin: a user enrollment is known by its EnrollmentID alone.
observation user_enrollment_hides_the_device(const trace_view& run) {
    observation out;
    for (const auto* x : conversation(run)) {
        if (x->request->summary.text("EnrollmentID").empty()) {
            continue;
        }
        ++out.occasions;
        for (const auto* key : {"UDID", "SerialNumber"}) {
            if (x->request->summary.find(key) != nullptr) {
                note(out, *x->request, "EnrollmentID without UDID and SerialNumber", key);
            }
        }
    }
    out.reason = "no Mac enrolled as a user's own";
    return out;
}

} // namespace

void add_user_login_checks(std::vector<check>& to) {
    using enum level;
    constexpr auto page = "Apple, \"User Authenticate\"";
    to.push_back({"MDM-CHK-037",
                  "UserAuthenticate is answered with a DigestChallenge, or 410.",
                  must,
                  basis::documented,
                  page,
                  subject::server,
                  {},
                  first_step_gets_a_challenge});
    to.push_back({"MDM-CHK-038",
                  "A DigestResponse is answered 200 with an AuthToken, empty when it is wrong.",
                  must,
                  basis::documented,
                  page,
                  subject::server,
                  {},
                  second_step_gets_a_token});
    to.push_back({"MDM-CHK-039",
                  "A user's message without the AuthToken of its log-in gets no command.",
                  should,
                  basis::derived,
                  "derived from Apple, \"User Authenticate\"",
                  subject::server,
                  {},
                  commands_need_the_token});
    to.push_back({"MDM-CHK-072",
                  "Messages of a user enrollment have no UDID and no serial number.",
                  must,
                  basis::schema,
                  "mdm/checkin/authenticate.yaml, release 2024-10-21 (macOS 15.1)",
                  subject::device,
                  {},
                  user_enrollment_hides_the_device});
    to.push_back({"MDM-CHK-081",
                  "AuthToken is in every message of its user until the next UserAuthenticate.",
                  must,
                  basis::documented,
                  page,
                  subject::device,
                  {},
                  token_is_in_every_message});
}

} // namespace pomona::checks
