#include "mac/ddm/evaluation.hpp"

#include "mac/ddm/catalogue.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace pomona::sim::mac {
namespace {

using nlohmann::json;

/// State of one declaration (schema status/management.declarations).
struct state {
    bool active = false;
    std::string_view valid = "unknown";
    json reasons = json::array();
};

json identity_of(const held_declaration& d) {
    return {{"Identifier", d.identifier}, {"ServerToken", d.server_token}};
}

/// Lower-case keys, as inside status items (DDM-062).
void add_reason(state& s, std::string_view code, std::string description, json details) {
    s.reasons.push_back(
        {{"code", code}, {"description", std::move(description)}, {"details", std::move(details)}});
}

void invalidate(state& s, std::string_view code, std::string description, json details) {
    s.active = false;
    s.valid = "invalid";
    add_reason(s, code, std::move(description), std::move(details));
}

void invalidate_because(state& s, std::string_view code, std::string why) {
    json details{{"Error", why}};
    invalidate(s, code, std::move(why), std::move(details));
}

struct item {
    declaration_ptr what;
    state now;
};

bool is_bad(const item& i) {
    return i.now.valid == "invalid";
}

/// Type supported, payload of the type's shape: otherwise the reason stands in `now`.
void check_shape(item& i, const ddm_scope& where) {
    const auto& d = *i.what;
    if (support_of(d.type, where) != support::yes) {
        return invalidate(i.now, "Error.ConfigurationNotSupported",
                          "The type " + d.type + " is not supported here.", identity_of(d));
    }
    if (!d.payload.is_object()) {
        return invalidate(i.now, "Error.InvalidPayload", "The payload is not an object.",
                          identity_of(d));
    }
    auto problems = check_payload(d, where);
    if (!problems.unknown_keys.empty()) { // DDM-048
        return invalidate(i.now, "Error.UnknownPayloadKeys", "The payload has unknown keys.",
                          {{"UnknownPayloadKeys", std::move(problems.unknown_keys)}});
    }
    if (!problems.malformed.empty() || !problems.invalid.empty()) {
        const bool malformed = !problems.malformed.empty();
        auto why = malformed ? std::move(problems.malformed) : std::move(problems.invalid);
        if (d.kind == ddm::kind::configuration) {
            invalidate_because(i.now,
                               malformed ? "Error.ConfigurationCannotBeDeserialized"
                                         : "Error.ConfigurationIsInvalid",
                               std::move(why));
        } else if (d.kind == ddm::kind::asset) {
            invalidate_because(i.now, "Error.AssetCannotBeDeserialized", std::move(why));
        } else {
            invalidate(i.now, "Error.InvalidPayload", std::move(why), identity_of(d));
        }
    }
}

class evaluator {
  public:
    evaluator(const declaration_set& all, const circumstances& now) : all_{&all}, now_{&now} {
        for (const auto k : all_kinds) {
            for (const auto& d : all.of(k)) {
                item i{.what = d, .now = {}};
                check_shape(i, now.where);
                of(k).push_back(std::move(i));
            }
        }
    }

    evaluation run() {
        for (auto& a : of(ddm::kind::activation)) {
            if (!is_bad(a)) {
                judge_activation(a);
            }
        }
        for (auto& c : of(ddm::kind::configuration)) {
            judge_configuration(c);
        }
        for (auto& a : of(ddm::kind::asset)) {
            judge_asset(a);
        }
        for (auto& m : of(ddm::kind::management)) {
            if (!is_bad(m)) {
                m.now.valid = "valid"; // and never active (DDM-060)
            }
        }
        out_.declarations = {{"activations", list(ddm::kind::activation)},
                             {"configurations", list(ddm::kind::configuration)},
                             {"assets", list(ddm::kind::asset)},
                             {"management", list(ddm::kind::management)}};
        return std::move(out_);
    }

  private:
    std::vector<item>& of(ddm::kind k) { return items_[static_cast<std::size_t>(k)]; }

    void judge_activation(item& a) {
        std::vector<std::string> listed;
        for (const auto& one : a.what->payload["StandardConfigurations"]) {
            listed.push_back(one.get<std::string>());
        }
        listed_.insert(listed.begin(), listed.end());
        if (!judge_predicate(a)) {
            if (is_bad(a)) {
                fail_below(*a.what, listed);
            }
            return;
        }
        json missing = json::array();
        for (const auto& name : listed) {
            if (all_->find(ddm::kind::configuration, name) == nullptr) {
                missing.push_back(name);
            }
        }
        if (!missing.empty()) { // DDM-044
            auto details = identity_of(*a.what);
            details["ConfigurationIdentifiers"] = std::move(missing);
            fail_below(*a.what, listed);
            return invalidate(a.now, "Error.MissingConfigurations",
                              "Configurations of this activation are missing.", std::move(details));
        }
        a.now.active = true;
        a.now.valid = "valid";
        activated_.insert(listed.begin(), listed.end());
    }

    void fail_below(const held_declaration& activation, const std::vector<std::string>& listed) {
        for (const auto& name : listed) {
            failed_above_.emplace(name, &activation);
        }
    }

    /// DDM-046, DDM-047. Apple, "ActivationSimple": without a predicate it is as if it were true.
    bool judge_predicate(item& a) {
        const auto& d = *a.what;
        const auto found = d.payload.find("Predicate");
        if (found == d.payload.end()) {
            return true;
        }
        auto details = identity_of(d);
        details["Predicate"] = *found;
        if (!d.predicate) {
            invalidate(a.now, d.predicate_problem, "The predicate cannot be parsed.",
                       std::move(details));
            return false;
        }
        const auto is = d.predicate->evaluate(now_->values);
        switch (is.is) {
        case predicate::verdict::is_true:
            return true;
        case predicate::verdict::is_false:
            a.now.valid = "valid";
            add_reason(a.now, "Info.Predicate", "The predicate is false.", std::move(details));
            return false;
        case predicate::verdict::failed:
            // Choice: the error's domain and number; Apple names none.
            details["Domain"] = "NSCocoaErrorDomain";
            details["Code"] = "0";
            invalidate(a.now, "Error.PredicateFailed", is.why, std::move(details));
            return false;
        case predicate::verdict::not_evaluable:
            break;
        }
        invalidate(a.now, "Error.UnableToEvaluatePredicate", is.why, std::move(details));
        return false;
    }

    void judge_configuration(item& c) {
        const auto& d = *c.what;
        for (const auto& name : d.assets) {
            referenced_.insert(name);
        }
        if (is_bad(c)) {
            return;
        }
        if (!activated_.contains(d.identifier)) {
            return explain_inactive(c);
        }
        if (!assets_are_there(c) || !documents_are_there(c)) {
            return;
        }
        if (application_of(d.type) == application::single && !singles_.insert(d.type).second) {
            // Choice: the first of the manifest is the one that counts.
            return invalidate_because(c.now, "Error.ConfigurationCannotBeApplied",
                                      "Another configuration of this type is in effect.");
        }
        c.now.active = true;
        c.now.valid = "valid";
        out_.active.push_back(c.what);
        if (const auto failed = now_->results.find(d.identifier);
            failed != now_->results.end() && !failed->second.empty()) {
            c.now.valid = "invalid"; // applied, and it failed: it stays active
            add_reason(c.now, "Error.ConfigurationCannotBeApplied", failed->second,
                       {{"Error", failed->second}});
        } else {
            used_.insert(d.assets.begin(), d.assets.end());
        }
        if (d.is("configuration.management.test")) {
            apply_test(c);
        } else if (d.is("configuration.management.status-subscriptions")) {
            subscribe(d);
        }
    }

    void explain_inactive(item& c) {
        const auto& d = *c.what;
        if (const auto above = failed_above_.find(d.identifier); above != failed_above_.end()) {
            add_reason(c.now, "Error.ActivationFailed",
                       "An activation of this configuration failed.", identity_of(*above->second));
        } else if (!listed_.contains(d.identifier)) { // DDM-043
            add_reason(c.now, "Info.NotReferencedByActivation",
                       "No activation lists this configuration.", identity_of(d));
        }
    }

    bool assets_are_there(item& c) {
        json missing = json::array();
        for (const auto& name : c.what->assets) {
            const auto* asset = all_->find(ddm::kind::asset, name);
            if (asset == nullptr) {
                missing.push_back(name);
            } else if (!takes_asset(c.what->type, asset->type)) {
                invalidate_because(c.now, "Error.ConfigurationIsInvalid",
                                   "The asset " + name + " is of the type " + asset->type +
                                       ", which cannot be used here.");
                return false;
            }
        }
        if (missing.empty()) {
            return true;
        }
        auto details = identity_of(*c.what); // DDM-045
        details["AssetIdentifiers"] = std::move(missing);
        fail_assets(*c.what);
        invalidate(c.now, "Error.MissingAssets", "Assets of this configuration are missing.",
                   std::move(details));
        return false;
    }

    void fail_assets(const held_declaration& c) {
        for (const auto& name : c.assets) {
            failed_user_.emplace(name, &c);
        }
    }

    /// The configuration's own document and those of its assets: fetched, and good.
    bool documents_are_there(item& c) {
        bool there = true;
        for (const auto& name : c.what->assets) {
            const auto& assets = of(ddm::kind::asset);
            const auto asset = std::ranges::find_if(
                assets, [&](const item& one) { return one.what->identifier == name; });
            if (is_bad(*asset)) {
                fail_assets(*c.what);
                invalidate_because(c.now, "Error.ConfigurationCannotBeApplied",
                                   "The asset " + name + " is invalid.");
                return false;
            }
            there = check_document(c, asset->what, "The asset " + name) && there;
        }
        return check_document(c, c.what, "The profile") && there;
    }
    bool check_document(item& c, const declaration_ptr& of, const std::string& title) {
        if (!document_of(*of)) {
            return true;
        }
        const auto* got = now_->documents.find(*of);
        if (got == nullptr) {
            out_.wanted.push_back(of);
            return false;
        }
        if (got->problem.empty()) {
            return true;
        }
        if (!is_bad(c)) {
            fail_assets(*c.what);
            invalidate_because(c.now, "Error.ConfigurationCannotBeApplied",
                               title + " cannot be used: " + got->detail + ".");
        }
        return false;
    }

    /// DDM-055. Schema configurations/management.test: Echo comes back in a reason, ReturnStatus
    /// forces the result.
    void apply_test(item& c) {
        const auto& payload = c.what->payload;
        auto text = payload["Echo"].get<std::string>();
        if (const auto data = payload.find("EchoDataAssetReference"); data != payload.end()) {
            const auto* asset = all_->find(ddm::kind::asset, data->get_ref<const std::string&>());
            const auto* document = asset == nullptr ? nullptr : now_->documents.find(*asset);
            if (document != nullptr && document->content) {
                constexpr std::size_t longest = 4096; // Choice
                text = as_text(*document->content).substr(0, longest);
            }
        }
        if (payload.value("ReturnStatus", "Installed") == "Failed") {
            // A configuration that was applied and failed stays active and is not valid.
            c.now.valid = "invalid";
            add_reason(c.now, "Error.ConfigurationCannotBeApplied", text, {{"Error", text}});
        } else {
            // Choice: no code is defined for the echo alone.
            add_reason(c.now, "Info.Echo", text, json::object());
        }
    }

    void subscribe(const held_declaration& d) {
        for (const auto& one : d.payload["StatusItems"]) { // DDM-050: several merge as a set
            auto name = one["Name"].get<std::string>();
            if (std::ranges::find(out_.subscribed, name) == out_.subscribed.end()) {
                out_.subscribed.push_back(std::move(name));
            }
        }
    }

    void judge_asset(item& a) {
        const auto& d = *a.what;
        if (is_bad(a)) {
            return;
        }
        const auto* got = document_of(d) ? now_->documents.find(d) : nullptr;
        if (got != nullptr && !got->problem.empty() && referenced_.contains(d.identifier)) {
            return invalidate(a.now, got->problem, got->detail, {{"Error", got->detail}});
        }
        if (used_.contains(d.identifier)) {
            a.now.active = true;
            a.now.valid = "valid";
        } else if (const auto user = failed_user_.find(d.identifier); user != failed_user_.end()) {
            add_reason(a.now, "Error.ConfigurationFailed",
                       "A configuration that uses this asset failed.", identity_of(*user->second));
        } else if (!referenced_.contains(d.identifier)) {
            add_reason(a.now, "Info.NotReferencedByConfiguration",
                       "No configuration uses this asset.", identity_of(d));
        }
    }

    json list(ddm::kind k) {
        auto out = json::array();
        for (auto& i : of(k)) {
            json one{{"identifier", i.what->identifier},
                     {"server-token", i.what->server_token},
                     {"active", i.now.active},
                     {"valid", i.now.valid}};
            if (!i.now.reasons.empty()) {
                one["reasons"] = std::move(i.now.reasons);
            }
            out.push_back(std::move(one));
        }
        return out;
    }

    const declaration_set* all_;
    const circumstances* now_;
    std::array<std::vector<item>, 4> items_;
    evaluation out_;
    std::set<std::string> listed_;    // configurations that any activation lists
    std::set<std::string> activated_; // and that an active one lists
    std::map<std::string, const held_declaration*> failed_above_;
    std::set<std::string> referenced_, used_; // assets
    std::map<std::string, const held_declaration*> failed_user_;
    std::set<std::string> singles_; // types
};

} // namespace

evaluation evaluate(const declaration_set& all, const circumstances& now) {
    return evaluator{all, now}.run();
}

} // namespace pomona::sim::mac
