// How a Mac conducts its sessions: what opens them, what it reports, what ends them.
#include "reading.hpp"
#include "registry.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

namespace pomona::checks {
namespace {

bool is_report(const trace::event& request) {
    const auto status = request.summary.text("Status");
    return !status.empty() && status != "Idle";
}

/// Command loop exchanges of each channel in order.
std::map<std::string, std::vector<const exchange*>, std::less<>> loops(const trace_view& run) {
    std::map<std::string, std::vector<const exchange*>, std::less<>> out;
    for (const auto& x : run.of_channel("mdm")) {
        out[channel_of(*x.request)].push_back(&x);
    }
    return out;
}

// Schema mdm/commands (response envelope): CommandUUID is required but for Idle; it is the
// command's own. What a Mac was given before the trace began is not known.
observation reports_name_their_command(const trace_view& run) {
    observation out;
    std::map<std::string, std::set<std::string, std::less<>>, std::less<>> offered;
    std::map<std::string, bool, std::less<>> is_whole;
    for (const auto* x : conversation(run)) {
        const auto& mac = x->request->actor;
        const bool whole =
            is_whole.try_emplace(mac, message_type(*x) == "Authenticate").first->second;
        const auto status = x->request->summary.text("Status");
        const auto uuid = uuid_of(*x->request);
        if (x->request->channel == "mdm" && !status.empty()) {
            ++out.occasions;
            if (status == "Idle" && !uuid.empty()) {
                note(out, *x->request, "Idle without CommandUUID", std::string{uuid});
            } else if (status != "Idle" && uuid.empty()) {
                note(out, *x->request, "the CommandUUID of the command", "none");
            } else if (status != "Idle" && whole && !offered[mac].contains(uuid)) {
                note(out, *x->request, "the CommandUUID of a command that was given",
                     std::string{uuid});
            }
        }
        if (x->answered() && !uuid_of(*x->answer).empty()) {
            offered[mac].emplace(uuid_of(*x->answer));
        }
    }
    out.reason = "no Mac used the command loop";
    return out;
}

// Schema mdm/commands (response envelope): the entries of ErrorChain.
observation errors_have_a_chain(const trace_view& run) {
    observation out;
    for (const auto& x : run.of_channel("mdm")) {
        if (x.request->summary.text("Status") != "Error") {
            continue;
        }
        ++out.occasions;
        const auto& s = x.request->summary;
        std::vector<std::string> missing;
        if (s.number("error_chain_length").value_or(0) < 1) {
            missing.emplace_back("ErrorChain");
        } else {
            for (const auto* key : {"ErrorCode", "ErrorDomain", "LocalizedDescription"}) {
                if (s.find(key) == nullptr) {
                    missing.emplace_back(key);
                }
            }
        }
        if (!missing.empty()) {
            note(out, *x.request, "ErrorChain with ErrorCode, ErrorDomain, LocalizedDescription",
                 "missing: " + joined(missing));
        }
    }
    out.reason = "no Mac reported Error";
    return out;
}

bool is_empty_answer(const exchange& x) {
    return x.answered() && x.answer->status == 200 && !x.answer->body;
}

// Apple, "Sending MDM commands": the empty answer ends the session. A Mac may connect again for
// reasons of its own; a breach is a request that the empty answer itself led to. After NotNow it
// polls by itself.
observation empty_answer_ends_session(const trace_view& run) {
    observation out;
    for (const auto& [channel, loop] : loops(run)) {
        bool refused = false;
        for (std::size_t i = 0; i < loop.size(); ++i) {
            const auto status = loop[i]->request->summary.text("Status");
            refused = status == "NotNow" || (refused && status == "Idle");
            if (!is_empty_answer(*loop[i])) {
                continue;
            }
            ++out.occasions;
            if (i + 1 < loop.size() && !refused &&
                loop[i + 1]->request->cause == loop[i]->answer->number) {
                note(out, *loop[i + 1]->request, "no request after an empty answer",
                     "Status " + std::string{loop[i + 1]->request->summary.text("Status")},
                     {loop[i]->answer});
            }
        }
    }
    out.reason = "no session ended with an empty answer";
    return out;
}

// Apple, "Sending MDM commands": a result that was not taken is kept and sent again. The next thing
// a Mac says on that channel is that result.
observation refused_result_is_repeated(const trace_view& run) {
    observation out;
    std::map<std::string, const exchange*, std::less<>> kept;
    for (const auto* x : conversation(run)) {
        const auto type = message_type(*x);
        if (type == "Authenticate" || type == "CheckOut") {
            std::erase_if(kept, [&](const auto& k) {
                return k.second == nullptr || k.second->request->actor == x->request->actor;
            });
        }
        if (x->request->channel != "mdm" || x->request->summary.text("Status").empty()) {
            continue;
        }
        auto& last = kept[channel_of(*x->request)];
        if (last != nullptr) {
            ++out.occasions;
            const auto& before = *last->request;
            if (uuid_of(before) != uuid_of(*x->request) ||
                before.summary.text("Status") != x->request->summary.text("Status")) {
                note(out, *x->request, "the report that was answered " + answer_text(*last),
                     "Status " + std::string{x->request->summary.text("Status")} + ' ' +
                         std::string{uuid_of(*x->request)},
                     {last->request, last->answer});
            }
        }
        const bool server_error = x->answered() && x->answer->status >= 500;
        last = is_report(*x->request) && server_error ? x : nullptr;
    }
    out.reason = "no report was answered with a server error and followed by another request";
    return out;
}

// Apple, "Handling NotNow status responses": the device does not keep the refused command.
observation refused_command_is_forgotten(const trace_view& run) {
    observation out;
    for (const auto& [channel, loop] : loops(run)) {
        std::map<std::string, const exchange*, std::less<>> refused;
        for (const auto* x : loop) {
            const std::string uuid{uuid_of(*x->request)};
            const auto status = x->request->summary.text("Status");
            if (status == "NotNow" && !uuid.empty()) {
                ++out.occasions;
                refused.insert_or_assign(uuid, x);
            } else if (const auto old = refused.find(uuid); old != refused.end()) {
                note(out, *x->request, "no result for a refused command that was not sent again",
                     std::string{status} + ' ' + uuid, {old->second->request});
            }
            if (x->answered()) {
                refused.erase(std::string{uuid_of(*x->answer)});
            }
        }
    }
    out.reason = "no Mac answered NotNow";
    return out;
}

/// Events by number, and the push that a request goes back to.
class causes {
  public:
    explicit causes(const trace_view& run) {
        for (const auto* e : run.events()) {
            by_number_.emplace(e->number, e);
        }
    }
    /// The delivered push behind `request`, through the Mac's own states; null when there is none.
    [[nodiscard]] const trace::event* push_behind(const trace::event& request) const {
        constexpr int max_steps = 8;
        const auto* e = &request;
        for (int i = 0; i < max_steps && e != nullptr; ++i) {
            const auto found = by_number_.find(e->cause);
            e = found == by_number_.end() ? nullptr : found->second;
            if (e != nullptr && e->kind == trace::kind::message && e->channel == "apns-device") {
                return e;
            }
            if (e != nullptr && e->kind != trace::kind::state) {
                return nullptr;
            }
        }
        return nullptr;
    }

  private:
    std::unordered_map<std::uint64_t, const trace::event*> by_number_;
};

/// The PushMagics that a Mac announced for a token before `e`.
std::set<std::string, std::less<>> magics_before(const trace_view& run, std::string_view mac,
                                                 std::string_view token, const trace::event& e) {
    std::set<std::string, std::less<>> out;
    for (const auto* own : run.of_mac(mac)) {
        if (own->number < e.number && own->kind == trace::kind::request &&
            own->summary.text("Token") == token && own->channel == "checkin") {
            out.emplace(own->summary.text("PushMagic"));
        }
    }
    return out;
}

// Apple, "Token Update": a push whose magic is not that of the enrollment is ignored.
observation wrong_magic_is_ignored(const trace_view& run) {
    observation out;
    std::unordered_map<std::uint64_t, std::string> wrong; // messages, and the Mac
    for (const auto* e : run.events()) {
        if (e->kind != trace::kind::message || e->channel != "apns-device" ||
            e->at != trace::end::client) {
            continue;
        }
        const auto token = e->summary.text("Token");
        const auto mac = run.mac_of_token(token);
        const auto known = magics_before(run, mac, token, *e);
        if (!known.empty() && !known.contains(e->summary.text("PushMagic"))) {
            wrong.emplace(e->number, mac);
        }
    }
    out.occasions = wrong.size();
    const causes chain{run};
    for (const auto& x : run.of_channel("mdm")) {
        const auto* push = chain.push_behind(*x.request);
        if (push != nullptr && wrong.contains(push->number)) {
            note(out, *x.request, "no request for a push with a wrong PushMagic", "a request",
                 {push});
        }
    }
    out.reason = "no push with a wrong PushMagic was delivered";
    return out;
}

// Apple, "Sending MDM commands": after a push the device connects with its identity and says Idle.
// A result that was not taken before comes first.
observation push_opens_with_idle(const trace_view& run) {
    observation out;
    const causes chain{run};
    for (const auto& [channel, loop] : loops(run)) {
        const exchange* before = nullptr;
        for (const auto* x : loop) {
            const auto* push = chain.push_behind(*x->request);
            const bool owes =
                before != nullptr && is_report(*before->request) && !is_accepted(*before);
            before = x;
            if (push == nullptr || owes) {
                continue;
            }
            ++out.occasions;
            const auto status = x->request->summary.text("Status");
            if (status != "Idle" || x->request->method != "PUT") {
                note(out, *x->request, "PUT with Status Idle",
                     x->request->method + " with Status " + std::string{status}, {push});
            } else if (x->request->client_certificate.empty() &&
                       x->request->facts.text("signature") != "valid") {
                note(out, *x->request, "the Mac's identity",
                     "neither a client certificate nor a valid signature", {push});
            }
        }
    }
    out.reason = "no session of this run goes back to a push that was recorded";
    return out;
}

} // namespace

void add_session_checks(std::vector<check>& to) {
    using enum level;
    constexpr auto device = subject::device;
    constexpr std::string_view sending = "Apple, \"Sending MDM commands to a device\"";
    constexpr std::string_view envelope = "mdm/commands, release 2024-10-21 (macOS 15.1)";
    to.push_back({"MDM-CHK-061",
                  "Idle has no CommandUUID, each report that of its command.",
                  must,
                  basis::schema,
                  envelope,
                  device,
                  {},
                  reports_name_their_command});
    to.push_back({"MDM-CHK-062",
                  "Error comes with an ErrorChain that says code, domain and text.",
                  must,
                  basis::schema,
                  envelope,
                  device,
                  {},
                  errors_have_a_chain});
    to.push_back({"MDM-CHK-063",
                  "An empty answer ends the session.",
                  must,
                  basis::documented,
                  sending,
                  device,
                  {},
                  empty_answer_ends_session});
    to.push_back({"MDM-CHK-064",
                  "A report answered with a server error is sent again.",
                  must,
                  basis::documented,
                  sending,
                  device,
                  {},
                  refused_result_is_repeated});
    to.push_back({"MDM-CHK-068",
                  "A refused command is not carried out unless it is sent again.",
                  must,
                  basis::documented,
                  "Apple, \"Handling NotNow status responses\"",
                  device,
                  {},
                  refused_command_is_forgotten});
    to.push_back({"MDM-CHK-070",
                  "A push with a wrong PushMagic leads to no request.",
                  must,
                  basis::documented,
                  "Apple, \"Token Update\"",
                  device,
                  {},
                  wrong_magic_is_ignored});
    to.push_back({"APNS-060",
                  "A wrong PushMagic makes the Mac contact nobody.",
                  must,
                  basis::documented,
                  "Apple, \"Token Update\"",
                  device,
                  {},
                  wrong_magic_is_ignored});
    to.push_back({"APNS-061",
                  "A push is followed by PUT with Status Idle, under the identity.",
                  must,
                  basis::documented,
                  sending,
                  device,
                  {},
                  push_opens_with_idle});
}

} // namespace pomona::checks
