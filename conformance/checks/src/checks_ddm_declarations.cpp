// Declarations as a server lists and hands them out.
#include "ddm_reading.hpp"
#include "registry.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <set>

namespace pomona::checks {
namespace {

/// What a manifest lists, by identifier.
using listing = std::map<std::string, std::string, std::less<>>;

struct fetch {
    const exchange* x = nullptr;
    std::string kind, identifier;
    const exchange* manifest = nullptr; ///< the last one before, of the channel
    listing listed;                     ///< by it
    listing listed_next;                ///< by the next one; empty: none
    bool same_again = false;            ///< the next one has the same DeclarationsToken
};

/// All fetches with the manifests around them.
std::vector<fetch> fetches(const trace_view& run) {
    struct state {
        const exchange* manifest = nullptr;
        listing listed;
        std::vector<std::size_t> since; ///< places in `out`
    };
    std::vector<fetch> out;
    std::map<std::string, state, std::less<>> channels;
    for (const auto* x : conversation(run)) {
        auto& s = channels[channel_of(*x->request)];
        const auto target = target_of(*x);
        if (target == ddm_target::declaration_items && x->answered() && x->answer->status == 200) {
            auto listed = listed_by(run, *x->answer);
            for (const auto i : s.since) {
                out[i].listed_next = listed;
                out[i].same_again = s.manifest->answer->summary.text("DeclarationsToken") ==
                                    x->answer->summary.text("DeclarationsToken");
            }
            s = {x, std::move(listed), {}};
        } else if (target == ddm_target::declaration && s.manifest != nullptr && x->answered()) {
            auto [kind, identifier] = asked_for(*x->request);
            s.since.push_back(out.size());
            out.push_back({x, kind, identifier, s.manifest, s.listed, {}, false});
        }
    }
    return out;
}

constexpr std::string_view no_fetch = "no Mac fetched a declaration that a manifest listed";

// Apple, "Declarative Management": the endpoint of every listed item answers. The list may have
// changed meanwhile; when the next one has the same token and still lists it, it had not.
observation listed_is_fetchable(const trace_view& run) {
    observation out;
    for (const auto& f : fetches(run)) {
        const auto item = f.listed.find(f.identifier);
        if (item == f.listed.end()) {
            continue;
        }
        ++out.occasions;
        const auto status = f.x->answer->status;
        const auto next = f.listed_next.find(f.identifier);
        if (status >= 400 && status < 500 && status != 401 && status != 429 && f.same_again &&
            next != f.listed_next.end() && next->second == item->second) {
            note(out, *f.x->answer, "200 for a listed declaration", answer_text(*f.x),
                 {f.x->request, f.manifest->answer});
        }
    }
    out.reason = no_fetch;
    return out;
}

std::string declaration_problem(const fetch& f) {
    const auto& s = f.x->answer->summary;
    const auto type = s.text("Type");
    if (s.text("Identifier") != f.identifier) {
        return "Identifier " + std::string{s.text("Identifier")};
    }
    if (!type.starts_with("com.apple." + f.kind + '.')) {
        return "Type " + std::string{type};
    }
    const auto item = f.listed.find(f.identifier);
    const auto next = f.listed_next.find(f.identifier);
    // A newer ServerToken than the manifest's is lawful, unless the next manifest has the old one.
    if (item != f.listed.end() && s.text("ServerToken") != item->second &&
        next != f.listed_next.end() && next->second == item->second && f.same_again) {
        return "ServerToken " + std::string{s.text("ServerToken")} + ", listed as " + item->second;
    }
    return s.text("ServerToken").empty() ? "no ServerToken" : std::string{};
}

// Apple, "Declarative Management" and schema declarationbase: what comes is what was asked for.
observation fetched_is_what_was_listed(const trace_view& run) {
    observation out;
    for (const auto& f : fetches(run)) {
        if (f.x->answer->status != 200) {
            continue;
        }
        ++out.occasions;
        if (auto problem = declaration_problem(f); !problem.empty()) {
            note(out, *f.x->answer,
                 "the " + f.kind + ' ' + f.identifier + " with the manifest's ServerToken",
                 std::move(problem), {f.x->request, f.manifest->answer});
        }
    }
    out.reason = no_fetch;
    return out;
}

// Schema declarationbase: Identifier and ServerToken have at most 64 octets; an Identifier is
// unique within an enrollment.
observation identifiers_are_short_and_unique(const trace_view& run) {
    constexpr std::size_t max_octets = 64;
    observation out;
    for (const auto* x : answered_syncs(run, ddm_target::declaration_items)) {
        const auto items = items_of(run, *x->answer);
        if (!items.empty()) {
            ++out.occasions;
        }
        std::set<std::string, std::less<>> seen;
        for (const auto& [identifier, server_token] : items) {
            if (identifier.size() > max_octets || server_token.size() > max_octets) {
                note(out, *x->answer, "at most 64 octets",
                     escape(identifier.size() > max_octets ? identifier : server_token),
                     {x->request});
            } else if (!seen.insert(identifier).second) {
                note(out, *x->answer, "each Identifier once", identifier + " twice", {x->request});
            }
        }
    }
    out.reason = no_manifest;
    return out;
}

// Derived: an activation that lists what is not there cannot be carried out.
observation activations_name_what_is_listed(const trace_view& run) {
    observation out;
    for (const auto& f : fetches(run)) {
        if (f.kind != "activation" || f.x->answer->status != 200 || f.listed.empty()) {
            continue;
        }
        const auto doc = decoded(run, *f.x->answer);
        const auto names =
            doc.is_object() ? trace_path(doc, "Payload.StandardConfigurations") : nlohmann::json{};
        if (!names.is_array()) {
            continue;
        }
        ++out.occasions;
        for (const auto& name : names) {
            const auto text = name.is_string() ? name.get<std::string>() : std::string{};
            if (!f.listed.contains(text) && !f.listed_next.contains(text)) {
                note(out, *f.x->answer, "configurations that the manifest lists", escape(text),
                     {f.manifest->answer});
            }
        }
    }
    out.reason = "no Mac fetched an activation with StandardConfigurations";
    return out;
}

} // namespace

void add_ddm_declaration_checks(std::vector<check>& to) {
    using enum level;
    constexpr auto server = subject::server;
    constexpr std::string_view checkin = "Apple, \"Declarative Management\"";
    constexpr std::string_view base =
        "declarative/declarations/declarationbase.yaml, release 2024-10-21 (macOS 15.1)";
    to.push_back({"DDM-009",
                  "Every listed declaration can be fetched.",
                  must,
                  basis::documented,
                  checkin,
                  server,
                  {"zentralopensource/zentral#1540"},
                  listed_is_fetchable});
    to.push_back({"DDM-010",
                  "A fetched declaration is the one asked for and listed.",
                  must,
                  basis::documented,
                  checkin,
                  server,
                  {},
                  fetched_is_what_was_listed});
    to.push_back({"DDM-013",
                  "Identifiers and tokens have at most 64 octets; identifiers are unique.",
                  must,
                  basis::schema,
                  base,
                  server,
                  {},
                  identifiers_are_short_and_unique});
    to.push_back({"DDM-015",
                  "An activation's configurations are listed.",
                  must,
                  basis::derived,
                  "derived from Apple, \"Leveraging the declarative management data model\"",
                  server,
                  {},
                  activations_name_what_is_listed});
}

} // namespace pomona::checks
