// Declarative management as a server answers it.
#include "ddm_reading.hpp"
#include "reading.hpp"
#include "registry.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>

namespace pomona::checks {
namespace {

/// A full-date, "T", partial-time and an offset (RFC 3339 section 5.6), by shape.
bool is_rfc3339(std::string_view t) {
    constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd";
    if (t.size() <= shape.size()) {
        return false;
    }
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const bool good = shape[i] == 'd'   ? is_digit(t[i])
                          : shape[i] == 'T' ? t[i] == 'T' || t[i] == 't' || t[i] == ' '
                                            : t[i] == shape[i];
        if (!good) {
            return false;
        }
    }
    t.remove_prefix(shape.size());
    if (t.front() == '.') {
        const auto end = std::min(t.find_first_not_of("0123456789", 1), t.size());
        if (end == 1) {
            return false;
        }
        t.remove_prefix(end);
    }
    return t == "Z" || t == "z" ||
           (t.size() == 6 && (t[0] == '+' || t[0] == '-') && is_digit(t[1]) && is_digit(t[2]) &&
            t[3] == ':' && is_digit(t[4]) && is_digit(t[5]));
}

// Apple, "SynchronizationTokens": DeclarationsToken inside SyncTokens, 1 to 256 octets.
observation tokens_have_a_token(const trace_view& run) {
    constexpr std::size_t max_token = 256;
    observation out;
    for (const auto* x : answered_syncs(run, ddm_target::tokens)) {
        ++out.occasions;
        const auto token = x->answer->summary.text("DeclarationsToken");
        const auto doc = decoded(run, *x->answer);
        const bool nested = doc.is_null() || (doc.is_object() && doc.contains("SyncTokens"));
        if (token.empty() || token.size() > max_token || !nested) {
            note(out, *x->answer, "JSON with SyncTokens.DeclarationsToken of 1 to 256 octets",
                 token.empty() ? "none"
                 : nested      ? std::to_string(token.size()) + " octets"
                               : "a DeclarationsToken outside SyncTokens",
                 {x->request});
        }
    }
    out.reason = "no Mac asked for tokens and was answered 200";
    return out;
}

// Apple, "SynchronizationTokens": Timestamp, RFC 3339.
observation tokens_have_a_time(const trace_view& run) {
    observation out;
    for (const auto* x : answered_syncs(run, ddm_target::tokens)) {
        ++out.occasions;
        const auto time = x->answer->summary.text("Timestamp");
        if (!is_rfc3339(time)) {
            note(out, *x->answer, "a Timestamp of RFC 3339",
                 time.empty() ? "none" : std::string{time}, {x->request});
        }
    }
    out.reason = "no Mac asked for tokens and was answered 200";
    return out;
}

// Schema declarative/protocol: the four arrays and the token are required.
observation manifest_is_whole(const trace_view& run) {
    observation out;
    for (const auto* x : answered_syncs(run, ddm_target::declaration_items)) {
        ++out.occasions;
        std::vector<std::string> missing;
        for (const auto* name : {"activations", "configurations", "assets", "management"}) {
            if (!x->answer->summary.number(name)) {
                missing.emplace_back(name);
            }
        }
        if (x->answer->summary.text("DeclarationsToken").empty()) {
            missing.emplace_back("DeclarationsToken");
        }
        if (!missing.empty()) {
            note(out, *x->answer, "four arrays and DeclarationsToken",
                 "missing: " + joined(missing), {x->request});
        }
    }
    out.reason = no_manifest;
    return out;
}

/// Whether anybody used a server's API between two events: then what is declared may have changed.
bool is_touched_between(const trace_view& run, const trace::event& from, const trace::event& to) {
    return std::ranges::any_of(run.events(), [&](const trace::event* e) {
        return e->kind == trace::kind::request && e->channel == "api" && e->number > from.number &&
               e->number < to.number;
    });
}

// Apple, "Integrating declarative management": the token belongs to exactly this list. A change
// between two requests is lawful, so only a token that came, differed from the manifest's, and came
// back unchanged is a breach.
observation tokens_agree(const trace_view& run) {
    struct round {
        const exchange* tokens = nullptr;
        const exchange* manifest = nullptr; ///< after `tokens`
    };
    observation out;
    std::map<std::string, round, std::less<>> channels;
    for (const auto* x : conversation(run)) {
        const auto target = target_of(*x);
        if (target == ddm_target::none || !x->answered() || x->answer->status != 200) {
            continue;
        }
        auto& r = channels[channel_of(*x->request)];
        const auto token = x->answer->summary.text("DeclarationsToken");
        if (target == ddm_target::declaration_items && r.tokens != nullptr) {
            r.manifest = x;
        } else if (target == ddm_target::tokens) {
            if (r.manifest != nullptr) {
                ++out.occasions;
                const auto before = r.tokens->answer->summary.text("DeclarationsToken");
                const auto listed = r.manifest->answer->summary.text("DeclarationsToken");
                if (token == before && token != listed &&
                    !is_touched_between(run, *r.tokens->request, *x->answer)) {
                    note(out, *r.manifest->answer, std::string{token} + ", as before and after",
                         std::string{listed}, {r.tokens->answer, x->answer});
                }
            }
            r = {x, nullptr};
        }
    }
    out.reason = "no Mac asked for tokens, declaration-items and tokens again";
    return out;
}

// Apple, "Declarative Management": a status report is answered 200 with an empty body. What an
// unknown or unwanted Mac, or a busy server, is answered is another matter.
observation status_is_taken(const trace_view& run) {
    constexpr std::array<unsigned, 4> refusals{400, 405, 415, 422};
    observation out;
    for (const auto& x : run.of_channel("checkin")) {
        const auto& s = x.request->summary;
        if (target_of(x) != ddm_target::status || !x.answered() ||
            list_of(s, "status.items") == nullptr || !s.number("status.errors")) {
            continue;
        }
        const bool refused = std::ranges::find(refusals, x.answer->status) != refusals.end();
        if (!is_accepted(x) && !refused) {
            continue;
        }
        ++out.occasions;
        if (x.answer->status != 200 || x.answer->body) {
            note(out, *x.answer, "200 without a body",
                 answer_text(x) + (x.answer->body ? " with a body" : ""), {x.request});
        }
    }
    out.reason = "no status report was answered";
    return out;
}

// Derived from what servers do: JSON answers say so.
observation json_has_its_type(const trace_view& run) {
    observation out;
    for (const auto target :
         {ddm_target::tokens, ddm_target::declaration_items, ddm_target::declaration}) {
        for (const auto* x : answered_syncs(run, target)) {
            ++out.occasions;
            const auto type = net::media_type(x->answer->headers);
            if (type != "application/json") {
                note(out, *x->answer, "application/json", type.empty() ? "no Content-Type" : type,
                     {x->request});
            }
        }
    }
    out.reason = "no declarative management request was answered 200";
    return out;
}

// Schema mdm/commands/declarativemanagement.yaml: Data is data, its octets JSON with SyncTokens.
observation command_data_is_tokens(const trace_view& run) {
    observation out;
    for (const auto& x : run.of_channel("mdm")) {
        if (!x.answered() || x.answer->summary.text("RequestType") != "DeclarativeManagement") {
            continue;
        }
        const auto doc = decoded(run, *x.answer);
        const auto data = doc.is_object() ? trace_path(doc, "Command.Data") : nlohmann::json{};
        if (data.is_null()) {
            continue;
        }
        ++out.occasions;
        const auto token = data.is_object() && data.contains("$decoded")
                               ? trace_path(data["$decoded"], "SyncTokens.DeclarationsToken")
                               : nlohmann::json{};
        if (!token.is_string()) {
            note(out, *x.answer, "Data: data with JSON, SyncTokens.DeclarationsToken in it",
                 data.is_object() ? "other octets" : "no data", {x.request});
        }
    }
    out.reason = "no DeclarativeManagement command had Data";
    return out;
}

} // namespace

void add_ddm_server_checks(std::vector<check>& to) {
    using enum level;
    constexpr auto server = subject::server;
    constexpr std::string_view checkin = "Apple, \"Declarative Management\"";
    constexpr std::string_view integrating = "Apple, \"Integrating declarative management\"";
    constexpr std::string_view sync = "Apple, \"SynchronizationTokens\"";
    to.push_back({"DDM-001",
                  "tokens is answered with SyncTokens.DeclarationsToken.",
                  must,
                  basis::documented,
                  sync,
                  server,
                  {},
                  tokens_have_a_token});
    to.push_back({"DDM-002",
                  "SyncTokens has a Timestamp of RFC 3339.",
                  should,
                  basis::documented,
                  sync,
                  server,
                  {},
                  tokens_have_a_time});
    to.push_back(
        {"DDM-003",
         "declaration-items has its four arrays and DeclarationsToken.",
         must,
         basis::schema,
         "declarative/protocol/declarationitemsresponse.yaml, release 2024-10-21 (macOS 15.1)",
         server,
         {},
         manifest_is_whole});
    to.push_back({"DDM-004",
                  "tokens and declaration-items have one token while nothing changes.",
                  must,
                  basis::documented,
                  integrating,
                  server,
                  {"fleetdm/fleet#27979"},
                  tokens_agree});
    to.push_back({"DDM-017",
                  "A status report is answered 200 without a body.",
                  must,
                  basis::documented,
                  checkin,
                  server,
                  {"zentralopensource/zentral#1287"},
                  status_is_taken});
    to.push_back({"DDM-025",
                  "JSON answers have application/json.",
                  should,
                  basis::derived,
                  "derived from what servers send (KMFDDM)",
                  server,
                  {},
                  json_has_its_type});
    to.push_back({"DDM-029",
                  "Data of the DeclarativeManagement command is JSON with SyncTokens.",
                  must,
                  basis::schema,
                  "mdm/commands/declarativemanagement.yaml, release 2024-10-21 (macOS 15.1)",
                  server,
                  {},
                  command_data_is_tokens});
}

} // namespace pomona::checks
