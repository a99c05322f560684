// What a Mac puts into its check-ins, where it sends them, and how it leaves.
#include "reading.hpp"
#include "registry.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace pomona::checks {
namespace {

/// The profiles a Mac had downloaded before `e`, when nothing else could have changed its
/// configuration: no renewal by command, no redirect.
std::vector<fetched_profile> profiles_before(const trace_view& run, const trace::event& e) {
    auto all = fetched_profiles(run, e.actor);
    std::erase_if(all, [&](const auto& p) { return p.fetch->answer->number > e.number; });
    for (const auto* other : run.of_mac(e.actor)) {
        const bool redirect = other->kind == trace::kind::response && other->status >= 300 &&
                              other->status < 400 && other->channel != "enroll";
        if (other->number < e.number && (renews_enrollment(*other) || redirect)) {
            return {};
        }
    }
    return all;
}

bool is_sent_to(const trace::event& request, std::string_view url) {
    const auto parsed = net::parse_url(url);
    return parsed && net::to_text(parsed->server) == request.peer &&
           net::path_of(parsed->target) == net::path_of(request.target);
}

// Apple, "Check-in": CheckInURL, or ServerURL without one. A Mac that downloaded several profiles
// may have any of them installed.
observation check_in_goes_to_its_url(const trace_view& run) {
    observation out;
    for (const auto& x : run.of_channel("checkin")) {
        const auto known = profiles_before(run, *x.request);
        if (known.empty()) {
            continue;
        }
        ++out.occasions;
        const bool good = std::ranges::any_of(
            known, [&](const auto& p) { return is_sent_to(*x.request, p.checkin_url); });
        if (!good) {
            note(out, *x.request, std::string{known.back().checkin_url},
                 x.request->peer + x.request->target, {known.back().fetch->answer});
        }
    }
    out.reason = "no Mac checked in with a profile that it had downloaded";
    return out;
}

// Apple, "Authenticate": any answer but 200 refuses. A Mac that was enrolled before (and failed to
// renew) may go on with what it had; observed: some replace the profile without Authenticate.
observation token_update_needs_authenticate(const trace_view& run) {
    observation out;
    struct state {
        bool was_enrolled = false;
        const exchange* authenticate = nullptr;
    };
    std::map<std::string, state, std::less<>> macs;
    for (const auto* x : conversation(run)) {
        const auto type = message_type(*x);
        auto [place, first] = macs.try_emplace(x->request->actor);
        auto& s = place->second;
        s.was_enrolled = s.was_enrolled || (first && type != "Authenticate");
        if (type == "Authenticate") {
            s.authenticate = x;
        } else if (type == "TokenUpdate" && !s.was_enrolled && s.authenticate != nullptr) {
            ++out.occasions;
            if (!is_accepted(*s.authenticate)) {
                note(out, *x->request, "no TokenUpdate after an Authenticate that was not accepted",
                     "TokenUpdate after " + answer_text(*s.authenticate),
                     {s.authenticate->request, s.authenticate->answer});
            }
            s.was_enrolled = is_accepted(*x);
        }
    }
    out.reason = "no Mac enrolled";
    return out;
}

// Schema mdm/checkin/authenticate.yaml: what is required on macOS.
observation authenticate_has_its_keys(const trace_view& run) {
    observation out;
    for (const auto& x : run.of_channel("checkin")) {
        if (message_type(x) != "Authenticate") {
            continue;
        }
        ++out.occasions;
        const auto& s = x.request->summary;
        std::vector<std::string> missing;
        for (const auto* key : {"Topic", "DeviceName", "Model", "ModelName"}) {
            if (s.find(key) == nullptr) {
                missing.emplace_back(key);
            }
        }
        if (s.text("UDID").empty() && s.text("EnrollmentID").empty()) {
            missing.emplace_back("UDID or EnrollmentID");
        }
        if (!missing.empty()) {
            note(out, *x.request, "Topic, DeviceName, Model, ModelName, UDID",
                 "missing: " + joined(missing));
        }
    }
    out.reason = "no Mac sent Authenticate";
    return out;
}

/// "": in order.
std::string signature_problem(const trace::event& request,
                              const std::vector<fetched_profile>& known) {
    const auto state = request.facts.text("signature");
    if (state != "absent" && state != "valid") {
        return "a signature that is " + std::string{state};
    }
    const bool all = std::ranges::all_of(known, &fetched_profile::sign_message);
    const bool none = std::ranges::none_of(known, &fetched_profile::sign_message);
    if (known.empty() || (!all && !none)) {
        return {};
    }
    return all && state == "absent"   ? "no Mdm-Signature, though the profile asks for it"
           : none && state == "valid" ? "an Mdm-Signature that the profile does not ask for"
                                      : "";
}

// Apple, "Managing certificates for MDM servers and devices": a detached signature over the exact
// body, on every message, if the profile has SignMessage.
// A Mac that was told to show its identity in another way (a state says so) is not judged by the
// profile, but what it signs has to be right.
observation messages_are_signed(const trace_view& run) {
    observation out;
    std::set<std::string, std::less<>> told;
    for (const auto* e : run.events()) {
        if (e->kind == trace::kind::state && e->name == "identity-presented") {
            told.insert(e->actor);
        }
    }
    for (const auto* x : conversation(run)) {
        if (x->request->facts.text("signature").empty()) {
            continue;
        }
        const auto known = profiles_before(run, *x->request);
        if (known.empty() && x->request->facts.text("signature") == "absent") {
            continue;
        }
        if (told.contains(x->request->actor) && x->request->facts.text("signature") != "invalid") {
            continue;
        }
        ++out.occasions;
        if (auto problem = signature_problem(*x->request, known); !problem.empty()) {
            note(out, *x->request, "a valid Mdm-Signature if and only if SignMessage is true",
                 std::move(problem), {known.empty() ? nullptr : known.back().fetch->answer});
        }
    }
    out.reason = "no message of a Mac with a known SignMessage";
    return out;
}

/// Connections that carried a request of this Mac, by the part of the exchange's id that names
/// them.
std::string connection_of(const trace::event& e) {
    return e.actor + ' ' + e.exchange.substr(0, e.exchange.rfind('/'));
}

// Apple, "Check Out": best effort, one attempt. The attempt may have to be made again only on a
// connection that never came about, and on one that had been kept and was found closed (RFC 9112
// section 9.3.1: that is the HTTP client's doing, beneath the attempt).
observation check_out_is_sent_once(const trace_view& run) {
    observation out;
    std::map<std::string, std::uint64_t> first_on; // a connection's first request
    std::map<std::string, const exchange*, std::less<>> left;
    for (const auto* x : conversation(run)) {
        auto& before = left[x->request->actor];
        const auto type = message_type(*x);
        first_on.try_emplace(connection_of(*x->request), x->request->number);
        if (type == "Authenticate" || type == "TokenUpdate") {
            before = nullptr;
        } else if (type == "CheckOut") {
            ++out.occasions;
            const bool failed =
                before != nullptr && before->answer != nullptr && !before->answered();
            const bool unsent = failed && !before->answer->after_send;
            const bool found_closed =
                failed && before->answer->failure == "reset" &&
                first_on[connection_of(*before->request)] < before->request->number;
            if (before != nullptr && !unsent && !found_closed) {
                note(out, *x->request, "one CheckOut", "another one", {before->request});
            }
            before = x;
        }
    }
    out.reason = "no Mac sent CheckOut";
    return out;
}

// Schema com.apple.mdm: CheckOutWhenRemoved, default false.
observation check_out_is_asked_for(const trace_view& run) {
    observation out;
    for (const auto& x : run.of_channel("checkin")) {
        if (message_type(x) != "CheckOut") {
            continue;
        }
        const auto known = profiles_before(run, *x.request);
        if (known.empty()) {
            continue;
        }
        ++out.occasions;
        if (std::ranges::none_of(known, &fetched_profile::check_out)) {
            note(out, *x.request, "no CheckOut without CheckOutWhenRemoved", "a CheckOut",
                 {known.back().fetch->answer});
        }
    }
    out.reason = "no Mac with a downloaded profile sent CheckOut";
    return out;
}

// Observed: a Mac's token has 32 octets. Apple, "Token Update": PushMagic ties a push to one
// enrollment, so a new one needs a new value.
observation token_and_magic(const trace_view& run) {
    constexpr std::size_t hex_of_32_octets = 64;
    observation out;
    for (const auto& mac : run.macs()) {
        std::map<std::string, const trace::event*, std::less<>>
            earlier; // magics of past enrollments
        std::map<std::string, const trace::event*, std::less<>> now;
        for (const auto* e : run.of_mac(mac)) {
            if (is_leaving(*e)) {
                earlier.merge(now);
                now.clear();
            } else if (e->kind == trace::kind::request && e->channel == "checkin" &&
                       e->summary.text("MessageType") == "TokenUpdate") {
                ++out.occasions;
                const auto token = e->summary.text("Token");
                const std::string magic{e->summary.text("PushMagic")};
                now.emplace(magic, e);
                if (token.size() != hex_of_32_octets) {
                    note(out, *e, "a Token of 32 octets", std::to_string(token.size() / 2));
                } else if (const auto old = earlier.find(magic); old != earlier.end()) {
                    note(out, *e, "a PushMagic of its own for each enrollment", "the former one",
                         {old->second});
                }
            }
        }
    }
    out.reason = "no Mac sent TokenUpdate";
    return out;
}

} // namespace

void add_mdm_device_checks(std::vector<check>& to) {
    using enum level;
    constexpr auto device = subject::device;
    to.push_back({"MDM-CHK-058",
                  "Check-ins go to CheckInURL, or to ServerURL without one.",
                  must,
                  basis::documented,
                  "Apple, \"Check-in\"",
                  device,
                  {},
                  check_in_goes_to_its_url});
    to.push_back({"MDM-CHK-059",
                  "TokenUpdate comes only after an accepted Authenticate.",
                  must,
                  basis::documented,
                  "Apple, \"Authenticate\"",
                  device,
                  {},
                  token_update_needs_authenticate});
    to.push_back({"MDM-CHK-060",
                  "Authenticate has the keys that macOS requires.",
                  must,
                  basis::schema,
                  "mdm/checkin/authenticate.yaml, release 2024-10-21 (macOS 15.1)",
                  device,
                  {},
                  authenticate_has_its_keys});
    to.push_back({"MDM-CHK-069",
                  "Mdm-Signature is there exactly with SignMessage, and valid.",
                  must,
                  basis::documented,
                  "Apple, \"Managing certificates for MDM servers and devices\"",
                  device,
                  {},
                  messages_are_signed});
    to.push_back({"MDM-CHK-073",
                  "CheckOut is sent once.",
                  must,
                  basis::documented,
                  "Apple, \"Check Out\"",
                  device,
                  {},
                  check_out_is_sent_once});
    to.push_back({"ENR-105",
                  "CheckOut is sent only with CheckOutWhenRemoved.",
                  must,
                  basis::schema,
                  "mdm/profiles/com.apple.mdm.yaml, release 2024-10-21 (macOS 15.1)",
                  device,
                  {},
                  check_out_is_asked_for});
    to.push_back({"ENR-114",
                  "Token has 32 octets; each enrollment has its own PushMagic.",
                  must,
                  basis::observed,
                  "observed: tokens of Macs; Apple, \"Token Update\"",
                  device,
                  {},
                  token_and_magic});
}

} // namespace pomona::checks
