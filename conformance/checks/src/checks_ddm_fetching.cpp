// What a Mac fetches of declarative management, against what it has.
#include "ddm_reading.hpp"
#include "reading.hpp"
#include "registry.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace pomona::checks {
namespace {

/// What a channel holds, as far as a whole synchronisation proves it.
struct store {
    std::map<std::string, std::string, std::less<>> kept;    ///< of whole synchronisations
    std::map<std::string, std::string, std::less<>> fetched; ///< since the last manifest
    std::map<std::string, std::string, std::less<>> listed;
    std::string manifest_token;
    std::string stored_token;               ///< of a manifest all of whose items are there
    const exchange* equal_tokens = nullptr; ///< the last tokens answer, when it was the stored one
    const exchange* manifest = nullptr;

    /// All that is listed has been fetched or was kept.
    [[nodiscard]] bool is_complete() const {
        return std::ranges::all_of(listed, [this](const auto& item) {
            const auto has = [&](const auto& map) {
                const auto found = map.find(item.first);
                return found != map.end() && found->second == item.second;
            };
            return has(fetched) || has(kept);
        });
    }
    void settle() {
        if (manifest != nullptr && is_complete()) {
            kept = listed;
            stored_token = manifest_token;
        }
    }
};

void take_manifest(store& s, const trace_view& run, const exchange& x) {
    // What cannot be read here (it was altered on its way, or is none) the Mac cannot store either.
    const auto doc = decoded(run, *x.answer);
    s.manifest = doc.is_object() && doc.contains("Declarations") ? &x : nullptr;
    s.fetched.clear();
    s.listed = listed_by(run, *x.answer);
    // What is no longer listed goes; a later listing makes it new again.
    std::erase_if(s.kept, [&](const auto& item) { return !s.listed.contains(item.first); });
    s.manifest_token = x.answer->summary.text("DeclarationsToken");
    s.stored_token.clear();
    std::int64_t listed = 0;
    for (const auto* kind : {"activations", "configurations", "assets", "management"}) {
        listed += x.answer->summary.number(kind).value_or(0);
    }
    if (static_cast<std::size_t>(listed) != s.listed.size()) {
        s.manifest = nullptr; // the body was not kept
    }
    s.settle();
}

void take_declaration(store& s, const exchange& x) {
    const auto [kind, identifier] = asked_for(*x.request);
    if (is_accepted(x) && x.answer->summary.text("Identifier") == identifier) {
        s.fetched.insert_or_assign(identifier, std::string{x.answer->summary.text("ServerToken")});
    } else {
        s.kept.erase(identifier); // Apple, "Declarative Management": 404 drops the copy
        s.stored_token.clear();
    }
    s.settle();
}

/// Where an answer was altered on its way nobody knows what the Mac made of it.
std::set<std::string, std::less<>> altered_exchanges(const trace_view& run) {
    std::set<std::string, std::less<>> out;
    for (const auto* e : run.events()) {
        if (e->kind == trace::kind::fault && !e->exchange.empty()) {
            out.insert(e->exchange);
        }
    }
    return out;
}

void forget_answer(store& s, const exchange& x, ddm_target target) {
    if (target == ddm_target::tokens) {
        return; // it led to a manifest, or to nothing
    }
    if (target == ddm_target::declaration_items) { // what it does not list goes, too
        s.kept.clear();
        s.listed.clear();
        s.fetched.clear();
        s.manifest = nullptr;
    } else if (target == ddm_target::declaration) {
        const auto identifier = asked_for(*x.request).second;
        s.kept.erase(identifier);
        s.fetched.erase(identifier);
    } else {
        return;
    }
    s.stored_token.clear();
}

/// Keeps the stores of all channels; `see` gets each synchronisation request with its channel's
/// store before it, but for one whose exchange was altered.
template <class F>
void follow(const trace_view& run, F see) {
    const auto altered = altered_exchanges(run);
    std::map<std::string, std::map<std::string, store, std::less<>>, std::less<>> macs;
    for (const auto* x : conversation(run)) {
        const auto& mac = x->request->actor;
        const auto type = message_type(*x);
        if (type == "CheckOut" || type == "Authenticate") {
            macs.erase(mac);
            continue;
        }
        auto& s = macs[mac][channel_of(*x->request)];
        const auto target = target_of(*x);
        if (target == ddm_target::none) {
            if (switches_on(*x)) {
                s.equal_tokens = nullptr; // its Data may have another token
            }
            continue;
        }
        const bool is_altered = altered.contains(x->request->exchange);
        if (!is_altered) {
            see(*x, target, s);
        }
        const bool good = x->answered() && x->answer->status == 200;
        if (target != ddm_target::status) {
            s.equal_tokens = nullptr;
        }
        if (is_altered) {
            forget_answer(s, *x, target);
            continue;
        }
        if (target == ddm_target::tokens && good && !s.stored_token.empty() &&
            x->answer->summary.text("DeclarationsToken") == s.stored_token) {
            s.equal_tokens = x;
        } else if (target == ddm_target::declaration_items && good) {
            take_manifest(s, run, *x);
        } else if (target == ddm_target::declaration) {
            take_declaration(s, *x);
        }
    }
}

// Apple, "Integrating declarative management": an equal token ends the synchronisation. Judged only
// when everything the stored manifest lists had arrived.
observation equal_token_ends_it(const trace_view& run) {
    observation out;
    follow(run, [&](const exchange& x, ddm_target target, const store& s) {
        if (s.equal_tokens == nullptr) {
            return;
        }
        ++out.occasions;
        if (target == ddm_target::declaration_items) {
            note(out, *x.request, "nothing, as the token is the stored one", "declaration-items",
                 {s.manifest->answer, s.equal_tokens->answer});
        }
    });
    out.reason = "no Mac was told an equal token and said more";
    return out;
}

// Apple, "Integrating declarative management": fetched is what is new or has another ServerToken.
observation only_changes_are_fetched(const trace_view& run) {
    observation out;
    follow(run, [&](const exchange& x, ddm_target target, const store& s) {
        if (target != ddm_target::declaration || s.manifest == nullptr) {
            return;
        }
        ++out.occasions;
        const auto identifier = asked_for(*x.request).second;
        const auto have = s.kept.find(identifier);
        const auto item = s.listed.find(identifier);
        if (have != s.kept.end() && item != s.listed.end() && have->second == item->second) {
            note(out, *x.request, "no fetch of what is there unchanged",
                 identifier + " with ServerToken " + have->second, {s.manifest->answer});
        }
    });
    out.reason = "no Mac fetched a declaration";
    return out;
}

} // namespace

void add_ddm_fetching_checks(std::vector<check>& to) {
    using enum level;
    constexpr auto device = subject::device;
    constexpr std::string_view integrating = "Apple, \"Integrating declarative management\"";
    to.push_back({"DDM-036",
                  "An equal token is not followed by declaration-items.",
                  must,
                  basis::documented,
                  integrating,
                  device,
                  {},
                  equal_token_ends_it});
    to.push_back({"DDM-037",
                  "Only new and changed declarations are fetched.",
                  must,
                  basis::documented,
                  integrating,
                  device,
                  {},
                  only_changes_are_fetched});
}

} // namespace pomona::checks
