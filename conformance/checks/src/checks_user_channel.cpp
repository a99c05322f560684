// The device's channel and those of users, side by side on one Mac.
#include "pomona/protocol/mdm/checkin.hpp"
#include "pomona/protocol/schema/tables.hpp"
#include "reading.hpp"
#include "registry.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace pomona::checks {
namespace {

/// What marks a request as of a user's channel, UserID or not.
bool names_a_user(const trace::event& request) {
    return is_user_channel(request) || !request.summary.text("UserShortName").empty() ||
           !request.summary.text("UserLongName").empty();
}

std::string missing_keys(const trace::event& request) {
    const auto& s = request.summary;
    std::vector<std::string> missing;
    const bool user_enrollment = s.text("UDID").empty() && !s.text("EnrollmentID").empty();
    if (!is_user_channel(request)) {
        missing.emplace_back(user_enrollment ? "EnrollmentUserID" : "UserID");
    }
    // A user enrollment's user has names only where they are known.
    const auto type = s.text("MessageType");
    if (!user_enrollment && (type == "TokenUpdate" || type == "DeclarativeManagement") &&
        s.find("UserLongName") == nullptr) {
        missing.emplace_back("UserLongName");
    }
    const auto status = s.text("Status");
    const bool is_result = !status.empty() && status != "Idle";
    if ((is_result || type == "TokenUpdate") && !s.flag("NotOnConsole")) {
        missing.emplace_back("NotOnConsole");
    }
    return missing.empty() ? std::string{} : "missing: " + joined(missing);
}

// Schema mdm/checkin/tokenupdate.yaml: UserLongName and NotOnConsole are required on the user
// channel; Apple, "DeclarativeManagementResponse" and its like: so is NotOnConsole in responses.
// UserAuthenticate comes before there is a channel.
observation user_messages_have_their_keys(const trace_view& run) {
    observation out;
    for (const auto* x : conversation(run)) {
        if (!names_a_user(*x->request) || message_type(*x) == "UserAuthenticate") {
            continue;
        }
        ++out.occasions;
        if (auto problem = missing_keys(*x->request); !problem.empty()) {
            note(out, *x->request, "UserID, and UserLongName and NotOnConsole where required",
                 std::move(problem));
        }
    }
    out.reason = "no user channel was used";
    return out;
}

// Apple, "DeclarativeManagement": on the user channel each message says whose it is.
observation user_reports_say_whose(const trace_view& run) {
    observation out;
    for (const auto& x : run.of_channel("checkin")) {
        const auto& s = x.request->summary;
        if (message_type(x) != "DeclarativeManagement" || s.text("Endpoint") != "status" ||
            !names_a_user(*x.request) || s.text("UDID").empty()) {
            continue;
        }
        ++out.occasions;
        if (!is_user_channel(*x.request) || s.text("UserLongName").empty()) {
            note(out, *x.request, "UserID and UserLongName", missing_keys(*x.request));
        }
    }
    out.reason = "no status report was sent on a user channel";
    return out;
}

/// The push behind each session: request event → the Token it was for.
std::string_view token_behind(const std::unordered_map<std::uint64_t, const trace::event*>& events,
                              const trace::event& request) {
    constexpr int max_steps = 8;
    const auto* e = &request;
    for (int i = 0; i < max_steps; ++i) {
        const auto found = events.find(e->cause);
        if (found == events.end()) {
            return {};
        }
        e = found->second;
        if (e->kind == trace::kind::message && e->channel == "apns-device") {
            return e->summary.text("Token");
        }
        if (e->kind != trace::kind::state) {
            return {};
        }
    }
    return {};
}

// Apple, "Token Update": each channel has a token and a magic of its own, and the token that is
// pushed to decides who connects. A token may wander between Macs (a restored one keeps it) but not
// between the channels of one Mac.
observation channels_have_their_own_tokens(const trace_view& run) {
    observation out;
    std::unordered_map<std::uint64_t, const trace::event*> events;
    for (const auto* e : run.events()) {
        events.emplace(e->number, e);
    }
    struct owner {
        std::string channel;
        const trace::event* said = nullptr;
    };
    std::map<std::pair<std::string, std::string>, owner> owners; // Mac and token, or Mac and magic
    std::map<std::string, bool, std::less<>> has_users;
    for (const auto* x : conversation(run)) {
        const auto& r = *x->request;
        auto& users = has_users[r.actor];
        users = users || is_user_channel(r);
        const auto channel = channel_of(r);
        if (message_type(*x) == "TokenUpdate") {
            out.occasions += users ? 1 : 0;
            for (const auto* key : {"Token", "PushMagic"}) {
                const std::string value{r.summary.text(key)};
                if (value.empty()) {
                    continue;
                }
                auto [place, is_new] =
                    owners.try_emplace({r.actor, key + (' ' + value)}, owner{channel, &r});
                if (!is_new && place->second.channel != channel) {
                    note(out, r, std::string{"a "} + key + " of the channel's own",
                         "that of another channel of this Mac", {place->second.said});
                }
            }
        } else if (r.channel == "mdm") {
            const std::string token{token_behind(events, r)};
            const auto found = owners.find({r.actor, "Token " + token});
            if (token.empty() || found == owners.end() || !users) {
                continue;
            }
            ++out.occasions;
            if (found->second.channel != channel) {
                note(out, r, "a session of the channel that was pushed",
                     "a session of another channel", {found->second.said});
            }
        }
    }
    out.reason = "no Mac with a user channel announced tokens";
    return out;
}

/// What the operator's own calls say about a command: queued for the enrollment `id`, for others
/// only, or nothing.
enum class queued { unknown, for_it, for_others };

queued how_queued(const trace_view& run, std::string_view uuid, std::string_view id) {
    constexpr std::string_view enqueue = "/v1/enqueue/";
    auto out = queued::unknown;
    for (const auto* e : run.events()) {
        if (e->kind != trace::kind::request || e->channel != "api" || uuid_of(*e) != uuid) {
            continue;
        }
        if (!e->target.starts_with(enqueue)) {
            return queued::unknown; // an API that is not known here
        }
        auto ids = e->target.substr(enqueue.size());
        for (auto at = ids.find("%3A"); at != std::string::npos; at = ids.find("%3A", at)) {
            ids.replace(at, 3, ":");
        }
        if (ids.find(id) != std::string::npos) {
            return queued::for_it;
        }
        out = queued::for_others;
    }
    return out;
}

// Schema mdm/commands: which channels a command is for. One that the operator queued for this very
// channel is the operator's, not the server's.
observation commands_keep_to_their_channel(const trace_view& run) {
    observation out;
    for (const auto& x : run.of_channel("mdm")) {
        if (!x.answered() || uuid_of(*x.answer).empty()) {
            continue;
        }
        const auto type = x.answer->summary.text("RequestType");
        const auto* known = schema::find_command(type);
        const auto where = known == nullptr ? schema::channels::inherited : known->root.channel;
        if (where != schema::channels::device && where != schema::channels::user) {
            continue;
        }
        ++out.occasions;
        const bool user = is_user_channel(*x.request);
        if (user == (where == schema::channels::user)) {
            continue;
        }
        const auto udid = x.request->summary.text("UDID");
        const auto id =
            user ? std::string{udid} + ':' +
                       std::string{mdm::user_key(x.request->summary.text("UserID"),
                                                 x.request->summary.text("UserShortName"))}
                 : std::string{udid};
        if (how_queued(run, uuid_of(*x.answer), id) != queued::for_it) {
            note(out, *x.answer, user ? "no command of the device channel" : "no command of users",
                 std::string{type}, {x.request});
        }
    }
    out.reason = "no Mac was given a command that is for one kind of channel only";
    return out;
}

// Apple, "User Authenticate": 410 leaves the user unmanaged until the next log-in, which asks anew.
observation unmanaged_user_is_silent(const trace_view& run) {
    observation out;
    std::map<std::string, const exchange*, std::less<>> refused;
    for (const auto* x : conversation(run)) {
        if (!is_user_channel(*x->request)) {
            continue;
        }
        auto& by = refused[channel_of(*x->request)];
        const bool asks = message_type(*x) == "UserAuthenticate";
        if (by != nullptr && by->answer != nullptr && x->request->number > by->answer->number &&
            (!asks || x->request->summary.find("DigestResponse") != nullptr)) {
            note(out, *x->request, "nothing for a user answered 410 but a new UserAuthenticate",
                 asks ? "a DigestResponse" : "a request", {by->request, by->answer});
        }
        if (asks) {
            by = x->answered() && x->answer->status == 410 ? x : nullptr;
            out.occasions += by != nullptr ? 1 : 0;
        }
    }
    out.reason = "no UserAuthenticate was answered 410";
    return out;
}

} // namespace

void add_user_channel_checks(std::vector<check>& to) {
    using enum level;
    constexpr auto device = subject::device;
    to.push_back({"MDM-CHK-041",
                  "A command is not delivered on a channel that it is not for.",
                  must,
                  basis::schema,
                  "mdm/commands, release 2024-10-21 (macOS 15.1)",
                  subject::server,
                  {},
                  commands_keep_to_their_channel});
    to.push_back(
        {"MDM-CHK-071",
         "A user channel's messages have UserID, UserLongName and NotOnConsole where required.",
         must,
         basis::schema,
         "mdm/checkin/tokenupdate.yaml, release 2024-10-21 (macOS 15.1)",
         device,
         {},
         user_messages_have_their_keys});
    to.push_back({"MDM-CHK-080",
                  "After 410 to UserAuthenticate nothing comes for that user until a new log-in.",
                  must,
                  basis::documented,
                  "Apple, \"User Authenticate\"",
                  device,
                  {},
                  unmanaged_user_is_silent});
    to.push_back({"DDM-057",
                  "A status report of a user channel says whose it is.",
                  must,
                  basis::schema,
                  "mdm/checkin/declarativemanagement.yaml, release 2024-10-21 (macOS 15.1)",
                  device,
                  {},
                  user_reports_say_whose});
    to.push_back(
        {"APNS-064",
         "Each channel has its own Token and PushMagic, and a push wakes only its channel.",
         must,
         basis::documented,
         "Apple, \"Token Update\"",
         device,
         {},
         channels_have_their_own_tokens});
}

} // namespace pomona::checks
