#include "mac/ddm_evaluation.hpp"

#include "mac/ddm_catalogue.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
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

json identity_of(const ddm::declaration& d) {
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

/// The declaration with its payload read once.
struct item {
    const ddm::declaration* what = nullptr;
    json payload;
    state now;
};

/// Type known, payload an object with no key but the type's: otherwise the reason stands in `now`.
void check_shape(item& i, const persona& kind) {
    const auto& d = *i.what;
    i.payload = json::parse(d.payload, nullptr, false);
    const auto* type = find_declaration_type(d.type, kind);
    if (type == nullptr) {
        return invalidate(i.now, "Error.ConfigurationNotSupported",
                          "The type " + d.type + " is not supported.", identity_of(d));
    }
    if (!i.payload.is_object()) {
        return invalidate(i.now, "Error.InvalidPayload", "The payload is not an object.",
                          identity_of(d));
    }
    if (type->keys.empty()) {
        return;
    }
    json unknown = json::array();
    for (const auto& [key, value] : i.payload.items()) {
        if (std::ranges::find(type->keys, key) == type->keys.end()) {
            unknown.push_back(key);
        }
    }
    if (!unknown.empty()) { // DDM-048
        invalidate(i.now, "Error.UnknownPayloadKeys", "The payload has unknown keys.",
                   {{"UnknownPayloadKeys", std::move(unknown)}});
    }
}

bool is_bad(const item& i) {
    return i.now.valid == "invalid";
}

std::optional<std::vector<std::string>> strings(const json& list) {
    std::vector<std::string> out;
    if (!list.is_array()) {
        return std::nullopt;
    }
    for (const auto& one : list) {
        if (!one.is_string()) {
            return std::nullopt;
        }
        out.push_back(one.get<std::string>());
    }
    return out;
}

/// Every asset a payload names: schema, keys with asset types all end so.
void collect_assets(const json& node, std::vector<std::string>& out, std::size_t depth = 0) {
    constexpr std::size_t deepest = 64;
    if (depth > deepest || !node.is_structured()) {
        return;
    }
    for (const auto& [key, value] : node.items()) {
        if (value.is_string() && key.ends_with("AssetReference")) {
            out.push_back(value.get<std::string>());
        } else {
            collect_assets(value, out, depth + 1);
        }
    }
}

class evaluator {
  public:
    evaluator(const declaration_set& all, const persona& kind) : all_{&all} {
        for (const auto k : {ddm::kind::activation, ddm::kind::configuration, ddm::kind::asset,
                             ddm::kind::management}) {
            for (const auto& d : all.of(k)) {
                item i{.what = &d, .payload = {}, .now = {}};
                check_shape(i, kind);
                of(k).push_back(std::move(i));
            }
        }
    }

    evaluation run() {
        for (auto& a : activations_) {
            if (!is_bad(a)) {
                judge_activation(a);
            }
        }
        for (auto& c : configurations_) {
            if (!is_bad(c)) {
                judge_configuration(c);
            }
        }
        for (auto& a : assets_) {
            if (!is_bad(a)) {
                judge_asset(a);
            }
        }
        for (auto& m : management_) {
            if (!is_bad(m)) {
                m.now.valid = "valid"; // and never active (DDM-060)
            }
        }
        return conclude();
    }

  private:
    std::vector<item>& of(ddm::kind k) {
        switch (k) {
        case ddm::kind::activation:
            return activations_;
        case ddm::kind::configuration:
            return configurations_;
        case ddm::kind::asset:
            return assets_;
        case ddm::kind::management:
            break;
        }
        return management_;
    }

    void judge_activation(item& a) {
        const auto listed = strings(a.payload.value("StandardConfigurations", json{}));
        if (!listed) {
            return invalidate(a.now, "Error.InvalidPayload",
                              "StandardConfigurations is not an array of strings.",
                              identity_of(*a.what));
        }
        for (const auto& name : *listed) {
            listed_.insert(name);
        }
        if (!judge_predicate(a)) {
            return;
        }
        json missing = json::array();
        for (const auto& name : *listed) {
            if (all_->find(ddm::kind::configuration, name) == nullptr) {
                missing.push_back(name);
            }
        }
        if (!missing.empty()) { // DDM-044
            auto details = identity_of(*a.what);
            details["ConfigurationIdentifiers"] = std::move(missing);
            for (const auto& name : *listed) {
                failed_above_.emplace(name, a.what);
            }
            return invalidate(a.now, "Error.MissingConfigurations",
                              "Configurations of this activation are missing.", std::move(details));
        }
        a.now.active = true;
        a.now.valid = "valid";
        activated_.insert(listed->begin(), listed->end());
    }

    /// Choice: only the two constants are understood so far; every other text is reported as one
    /// that cannot be parsed (DDM-047), and false ones are told apart from that (DDM-046).
    bool judge_predicate(item& a) {
        const auto found = a.payload.find("Predicate");
        if (found == a.payload.end() || *found == "TRUEPREDICATE") {
            return true;
        }
        auto details = identity_of(*a.what);
        details["Predicate"] = found->is_string() ? *found : json(found->dump());
        if (*found == "FALSEPREDICATE") {
            a.now.valid = "valid";
            add_reason(a.now, "Info.Predicate", "The predicate is false.", std::move(details));
        } else {
            invalidate(a.now, "Error.UnableToParsePredicate", "The predicate cannot be parsed.",
                       std::move(details));
        }
        return false;
    }

    void judge_configuration(item& c) {
        const auto& d = *c.what;
        std::vector<std::string> assets;
        collect_assets(c.payload, assets);
        for (const auto& name : assets) {
            referenced_assets_.insert(name);
        }
        if (!activated_.contains(d.identifier)) {
            if (const auto above = failed_above_.find(d.identifier); above != failed_above_.end()) {
                return add_reason(c.now, "Error.ActivationFailed",
                                  "An activation of this configuration failed.",
                                  identity_of(*above->second));
            }
            if (!listed_.contains(d.identifier)) { // DDM-043
                add_reason(c.now, "Info.NotReferencedByActivation",
                           "No activation lists this configuration.", identity_of(d));
            }
            return;
        }
        json missing = json::array();
        for (const auto& name : assets) {
            if (all_->find(ddm::kind::asset, name) == nullptr) {
                missing.push_back(name);
            }
        }
        if (!missing.empty()) { // DDM-045
            auto details = identity_of(d);
            details["AssetIdentifiers"] = std::move(missing);
            return invalidate(c.now, "Error.MissingAssets",
                              "Assets of this configuration are missing.", std::move(details));
        }
        c.now.active = true;
        c.now.valid = "valid";
        active_assets_.insert(assets.begin(), assets.end());
        apply(c);
    }

    void apply(item& c) {
        if (c.what->type == "com.apple.configuration.management.test") {
            apply_test(c);
        } else if (c.what->type == "com.apple.configuration.management.status-subscriptions") {
            apply_subscriptions(c);
        }
    }

    /// DDM-055. Schema configurations/management.test: Echo comes back in a reason, ReturnStatus
    /// forces the result.
    static void apply_test(item& c) {
        const auto echo = c.payload.find("Echo");
        if (echo == c.payload.end() || !echo->is_string()) {
            return invalidate(c.now, "Error.ConfigurationIsInvalid", "Echo is missing.",
                              {{"Error", "Echo is missing"}});
        }
        const auto text = echo->get<std::string>();
        const auto wanted = c.payload.value("ReturnStatus", json("Installed"));
        if (wanted == "Failed") {
            // A configuration that was applied and failed stays active and is not valid.
            c.now.valid = "invalid";
            add_reason(c.now, "Error.ConfigurationCannotBeApplied", text, {{"Error", text}});
        } else {
            // Choice: no code is defined for the echo alone.
            add_reason(c.now, "Info.Echo", text, json::object());
        }
    }

    void apply_subscriptions(item& c) {
        const auto list = c.payload.value("StatusItems", json{});
        const bool sound = list.is_array() && std::ranges::all_of(list, [](const json& one) {
                               return one.is_object() && one.value("Name", json{}).is_string();
                           });
        if (!sound) {
            return invalidate(c.now, "Error.ConfigurationIsInvalid",
                              "StatusItems is not an array of objects with a Name.",
                              {{"Error", "StatusItems"}});
        }
        for (const auto& one : list) { // DDM-050: several merge as a set
            auto name = one["Name"].get<std::string>();
            if (std::ranges::find(subscribed_, name) == subscribed_.end()) {
                subscribed_.push_back(std::move(name));
            }
        }
    }

    void judge_asset(item& a) {
        if (active_assets_.contains(a.what->identifier)) {
            a.now.active = true;
            a.now.valid = "valid";
        } else if (!referenced_assets_.contains(a.what->identifier)) {
            add_reason(a.now, "Info.NotReferencedByConfiguration",
                       "No configuration uses this asset.", identity_of(*a.what));
        }
    }

    static json list(const std::vector<item>& items) {
        auto out = json::array();
        for (const auto& i : items) {
            json one{{"identifier", i.what->identifier},
                     {"server-token", i.what->server_token},
                     {"active", i.now.active},
                     {"valid", i.now.valid}};
            if (!i.now.reasons.empty()) {
                one["reasons"] = i.now.reasons;
            }
            out.push_back(std::move(one));
        }
        return out;
    }

    evaluation conclude() {
        return {.declarations =
                    std::make_shared<const json>(json{{"activations", list(activations_)},
                                                      {"configurations", list(configurations_)},
                                                      {"assets", list(assets_)},
                                                      {"management", list(management_)}}),
                .subscribed = std::move(subscribed_)};
    }

    const declaration_set* all_;
    std::vector<item> activations_, configurations_, assets_, management_;
    std::set<std::string> listed_;    // configurations that any activation lists
    std::set<std::string> activated_; // and that an active one lists
    std::map<std::string, const ddm::declaration*> failed_above_;
    std::set<std::string> referenced_assets_, active_assets_;
    std::vector<std::string> subscribed_;
};

} // namespace

const std::vector<ddm::declaration>& declaration_set::of(ddm::kind k) const {
    switch (k) {
    case ddm::kind::activation:
        return activations;
    case ddm::kind::configuration:
        return configurations;
    case ddm::kind::asset:
        return assets;
    case ddm::kind::management:
        break;
    }
    return management;
}

std::vector<ddm::declaration>& declaration_set::of(ddm::kind k) {
    return const_cast<std::vector<ddm::declaration>&>(std::as_const(*this).of(k));
}

const ddm::declaration* declaration_set::find(ddm::kind k, std::string_view identifier) const {
    const auto& list = of(k);
    const auto found = std::ranges::find(list, identifier, &ddm::declaration::identifier);
    return found == list.end() ? nullptr : &*found;
}

evaluation evaluate(const declaration_set& all, const persona& kind) {
    return evaluator{all, kind}.run();
}

} // namespace pomona::sim::mac
