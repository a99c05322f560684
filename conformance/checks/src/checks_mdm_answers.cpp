// The form of a server's answers to check-ins and to the command loop.
#include "reading.hpp"
#include "registry.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace pomona::checks {
namespace {

// Apple, "Authenticate": a response other than 200 refuses the enrollment. Whether the device was
// an allowed one is the server's business; an answer that accepts it has to be the right one.
observation accepted_is_200(const trace_view& run) {
    observation out;
    for (const auto& x : run.of_channel("checkin")) {
        if (message_type(x) == "Authenticate" && is_accepted(x)) {
            ++out.occasions;
            if (x.answer->status != 200) {
                note(out, *x.answer, "200", answer_text(x), {x.request});
            }
        }
    }
    out.reason = "no Authenticate was accepted";
    return out;
}

/// Command loop exchanges that were answered with 200.
std::vector<const exchange*> loop_answers(const trace_view& run) {
    std::vector<const exchange*> out;
    for (const auto& x : run.of_channel("mdm")) {
        if (x.answered() && x.answer->status == 200) {
            out.push_back(&x);
        }
    }
    return out;
}

bool is_dictionary(const trace::event& answer) {
    return answer.facts.find("top_level_keys") != nullptr;
}

constexpr std::string_view no_commands = "no Mac was given a command";

// Apple, "Sending MDM commands": with nothing to do the body has zero octets.
observation nothing_is_zero_octets(const trace_view& run) {
    observation out;
    for (const auto* x : loop_answers(run)) {
        const auto& a = *x->answer;
        if (!a.body) {
            ++out.occasions;
        } else if (is_dictionary(a) && !looks_like_command(a)) {
            ++out.occasions;
            note(out, a, "a body of zero octets",
                 std::to_string(a.body->size) + " octets, a property list that is no command",
                 {x->request});
        }
    }
    out.reason = "no answer of the command loop was without a command";
    return out;
}

// Apple, "Sending MDM commands": a dictionary with CommandUUID and Command, and in that
// RequestType.
observation command_is_complete(const trace_view& run) {
    observation out;
    for (const auto* x : loop_answers(run)) {
        const auto& a = *x->answer;
        if (!a.body || (is_dictionary(a) && !looks_like_command(a))) {
            continue;
        }
        ++out.occasions;
        std::string problem;
        if (!is_dictionary(a)) {
            problem = "a body that is no property list with a dictionary";
        } else if (uuid_of(a).empty()) {
            problem = has_key(a, "CommandUUID") ? "an empty CommandUUID, or one that is no string"
                                                : "no CommandUUID";
        } else if (a.summary.text("RequestType").empty()) {
            problem = has_key(a, "Command") ? "no RequestType in Command" : "no Command";
        }
        if (!problem.empty()) {
            note(out, a, "CommandUUID, and Command with RequestType", std::move(problem),
                 {x->request});
        }
    }
    out.reason = no_commands;
    return out;
}

bool is_xml(std::string_view type) {
    return type == "application/xml" || type == "text/xml" || type.ends_with("+xml");
}

// Apple, "Sending MDM commands": the example has application/xml.
observation command_type_is_xml(const trace_view& run) {
    observation out;
    for (const auto* x : loop_answers(run)) {
        if (!looks_like_command(*x->answer)) {
            continue;
        }
        ++out.occasions;
        const auto type = net::media_type(x->answer->headers);
        if (!is_xml(type)) {
            note(out, *x->answer, "an XML media type", type.empty() ? "no Content-Type" : type,
                 {x->request});
        }
    }
    out.reason = no_commands;
    return out;
}

// Schema mdm/commands: a command's keys are members of Command.
observation keys_are_inside_command(const trace_view& run) {
    observation out;
    for (const auto* x : loop_answers(run)) {
        const auto& a = *x->answer;
        if (!has_key(a, "Command")) {
            continue;
        }
        ++out.occasions;
        std::vector<std::string> stray;
        for (const auto& key : *list_of(a.facts, "top_level_keys")) {
            if (key != "CommandUUID" && key != "Command") {
                stray.push_back(key);
            }
        }
        if (!stray.empty()) {
            note(out, a, "all keys of the command inside Command", "beside it: " + joined(stray),
                 {x->request});
        }
    }
    out.reason = no_commands;
    return out;
}

// Apple, "Managing connections to MDM servers": 401 makes a device remove its enrollment. Derived:
// so a server that means it would not have accepted the Mac's identity just before; it may mean it
// all the same, hence a warning.
observation identity_is_not_answered_401(const trace_view& run) {
    observation out;
    std::map<std::string, bool, std::less<>> enrolled;
    for (const auto* x : conversation(run)) {
        auto& known = enrolled[x->request->actor];
        const auto type = message_type(*x);
        const bool has_identity = !x->request->client_certificate.empty() ||
                                  x->request->facts.text("signature") == "valid";
        if (known && has_identity && x->answered()) {
            ++out.occasions;
            // With a challenge it asks an account-driven enrollment to sign in again.
            if (x->answer->status == 401 &&
                !net::find_header(x->answer->headers, "WWW-Authenticate")) {
                note(out, *x->answer, "no 401 to an enrolled Mac with its identity", "HTTP 401",
                     {x->request});
            }
        }
        if (type == "TokenUpdate" && is_accepted(*x)) {
            known = true;
        } else if (type == "CheckOut" || type == "Authenticate") {
            known = false;
        }
    }
    out.reason = "no enrolled Mac was answered";
    return out;
}

/// What is wrong with a 403 document; empty: nothing, or it is none.
std::string error_document_problem(const trace::event& e) {
    const auto type = net::media_type(e.headers);
    const bool is_plist = is_dictionary(e);
    const auto code = e.summary.text("code");
    const bool says_json = type.find("json") != type.npos;
    const bool says_plist = is_xml(type) || type.find("plist") != type.npos;
    if (code.empty()) {
        return "a property list without code";
    }
    if (is_plist ? !says_plist : !says_json) {
        return std::string{is_plist ? "a property list" : "JSON"} + " with Content-Type " +
               (type.empty() ? "absent" : type);
    }
    if (code == "com.apple.softwareupdate.required" && e.summary.text("OSVersion").empty()) {
        return "no OSVersion in details";
    }
    return {};
}

// Schema mdm/errors: code, details where the code requires them, and a media type that says whether
// it is JSON or a property list. A 403 whose body is neither with a code (a proxy's page) is no
// error document.
observation error_documents_are_whole(const trace_view& run) {
    observation out;
    for (const auto* channel : {"enroll", "checkin", "mdm"}) {
        for (const auto& x : run.of_channel(channel)) {
            if (!x.answered() || x.answer->status != 403 ||
                (!is_dictionary(*x.answer) && x.answer->summary.text("code").empty())) {
                continue;
            }
            ++out.occasions;
            if (auto problem = error_document_problem(*x.answer); !problem.empty()) {
                note(out, *x.answer, "code, its details, and the right Content-Type",
                     std::move(problem), {x.request});
            }
        }
    }
    out.reason = "no error document was sent";
    return out;
}

// Apple, "Check-in": Authenticate and TokenUpdate are answered without data. Derived that the body
// should be empty then: devices do not read it.
observation check_in_answer_is_empty(const trace_view& run) {
    observation out;
    for (const auto& x : run.of_channel("checkin")) {
        const auto type = message_type(x);
        if ((type == "Authenticate" || type == "TokenUpdate") && is_accepted(x)) {
            ++out.occasions;
            if (x.answer->status != 200 || x.answer->body) {
                note(out, *x.answer, "200 without a body",
                     answer_text(x) + (x.answer->body ? " with a body" : ""), {x.request});
            }
        }
    }
    out.reason = "no Authenticate or TokenUpdate was accepted";
    return out;
}

constexpr std::string_view sending = "Apple, \"Sending MDM commands to a device\"";

} // namespace

void add_mdm_answer_checks(std::vector<check>& to) {
    using enum level;
    constexpr auto server = subject::server;
    to.push_back({"MDM-CHK-001",
                  "An accepted Authenticate is answered 200.",
                  must,
                  basis::documented,
                  "Apple, \"Authenticate\"",
                  server,
                  {},
                  accepted_is_200});
    to.push_back({"MDM-CHK-004",
                  "With no command to send the answer is 200 with zero octets.",
                  must,
                  basis::documented,
                  sending,
                  server,
                  {},
                  nothing_is_zero_octets});
    to.push_back({"MDM-CHK-005",
                  "A command has CommandUUID, and Command with RequestType.",
                  must,
                  basis::documented,
                  sending,
                  server,
                  {"fleetdm/fleet#44934"},
                  command_is_complete});
    to.push_back({"MDM-CHK-006",
                  "A command has an XML media type.",
                  should,
                  basis::documented,
                  sending,
                  server,
                  {},
                  command_type_is_xml});
    to.push_back({"MDM-CHK-007",
                  "A command's keys stand inside Command.",
                  must,
                  basis::schema,
                  "mdm/commands, release 2024-10-21 (macOS 15.1)",
                  server,
                  {},
                  keys_are_inside_command});
    to.push_back({"MDM-CHK-026",
                  "A Mac that is enrolled and shows its identity gets no 401.",
                  must,
                  basis::derived,
                  "derived from Apple, \"Managing connections to MDM servers\"",
                  server,
                  {},
                  identity_is_not_answered_401});
    to.push_back({"MDM-CHK-052",
                  "A 403 document has its code, details and media type.",
                  must,
                  basis::schema,
                  "mdm/errors, release 2024-10-21 (macOS 15.1)",
                  server,
                  {},
                  error_documents_are_whole});
    to.push_back({"ENR-010",
                  "Authenticate and TokenUpdate are accepted with 200 and no body.",
                  must,
                  basis::derived,
                  "derived from Apple, \"Check-in\"",
                  server,
                  {},
                  check_in_answer_is_empty});
}

} // namespace pomona::checks
