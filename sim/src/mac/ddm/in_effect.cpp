#include "mac/ddm/in_effect.hpp"

#include "mac/ddm/catalogue.hpp"
#include "pomona/foundation/time.hpp"

#include <algorithm>

namespace pomona::sim::mac {
namespace {

using nlohmann::json;

constexpr std::string_view enforcement = "configuration.softwareupdate.enforcement.specific";

bool is_legacy(const held_declaration& d) {
    return d.is("configuration.legacy") || d.is("configuration.legacy.interactive");
}

/// The very same revision of it.
bool is_among(const std::vector<declaration_ptr>& list, const declaration_ptr& d) {
    return std::ranges::any_of(list, [&](const declaration_ptr& one) {
        return one->identifier == d->identifier && one->server_token == d->server_token;
    });
}
bool has_identifier(const std::vector<declaration_ptr>& list, const std::string& identifier) {
    return std::ranges::any_of(
        list, [&](const declaration_ptr& one) { return one->identifier == identifier; });
}

bool has_settings(const held_declaration& d) {
    return application_of(d.type) != application::multiple &&
           !d.is("configuration.management.status-subscriptions");
}

} // namespace

bool in_effect::is_applied(const declaration_ptr& d) const {
    return is_among(applied_, d);
}

bool in_effect::follow(const std::vector<declaration_ptr>& active, const document_store& documents,
                       ddm_host& host) {
    const auto before = results_;
    std::vector<std::string> in;
    std::vector<std::string> out;
    std::vector<std::string> types;
    const auto note = [&](std::vector<std::string>& list, const held_declaration& d) {
        list.push_back(d.identifier);
        if (has_settings(d) && std::ranges::find(types, d.type) == types.end()) {
            types.push_back(d.type);
        }
    };
    for (const auto& d : applied_) {
        if (!is_among(active, d)) {
            note(out, *d);
            withdraw(d, active, host);
        }
    }
    std::erase_if(out, [&](const std::string& name) { return has_identifier(active, name); });
    for (const auto& d : active) {
        if (!is_applied(d)) {
            note(in, *d);
            apply(d, documents, host);
        }
    }
    applied_ = active;
    applied_.shrink_to_fit();
    tell_settings(types, host);
    tell_updates(host);
    if (!in.empty() || !out.empty()) {
        host.note_applied(in, out);
    }
    return !in.empty() || !out.empty() || results_ != before;
}

void in_effect::clear(ddm_host& host) {
    follow({}, {}, host);
}

void in_effect::withdraw(const declaration_ptr& d, const std::vector<declaration_ptr>& active,
                         ddm_host& host) {
    results_.erase(d->identifier);
    // A new revision of a profile takes the old one's place when it is applied.
    const auto profile = profiles_.find(d->identifier);
    if (profile != profiles_.end() && !has_identifier(active, d->identifier)) {
        host.remove_profile(profile->second);
        profiles_.erase(profile);
    }
}

void in_effect::apply(const declaration_ptr& d, const document_store& documents, ddm_host& host) {
    if (!is_legacy(*d)) {
        return;
    }
    const auto* document = documents.find(*d);
    if (document == nullptr || !document->content) {
        return;
    }
    auto done = host.install_profile(*document->content);
    const auto before = profiles_.find(d->identifier);
    const bool had = before != profiles_.end();
    if (had && done && before->second != *done) { // the revision has another profile in it
        host.remove_profile(before->second);
    }
    if (done) {
        profiles_[d->identifier] = *std::move(done);
    } else {
        results_[d->identifier] = std::move(done.error());
    }
}

bool in_effect::has(std::string_view type) const {
    return std::ranges::any_of(applied_, [&](const auto& d) { return d->type == type; });
}

json in_effect::settings(std::string_view type) const {
    const auto found = settings_.find(type);
    return found == settings_.end() ? json{} : found->second;
}

json in_effect::combined(std::string_view type) const {
    std::vector<const json*> payloads;
    for (const auto& d : applied_) {
        if (d->type == type) {
            payloads.push_back(&d->payload);
        }
    }
    return payloads.empty() ? json{} : combine(type, payloads);
}

void in_effect::tell_settings(const std::vector<std::string>& types, ddm_host& host) {
    for (const auto& type : types) {
        auto now = combined(type);
        if (now == settings(type)) {
            continue;
        }
        host.use_settings(type, now);
        if (now.is_null()) {
            settings_.erase(type);
        } else {
            settings_[type] = std::move(now);
        }
    }
}

std::optional<time_point> read_local_time(const std::string& text) {
    // Schema: the time zone is left out; Apple's examples have whole seconds.
    auto with_zone = text;
    if (!with_zone.ends_with('Z')) {
        with_zone += 'Z';
    }
    return from_rfc3339(with_zone);
}

std::vector<update_enforcement> in_effect::enforcements() {
    std::vector<update_enforcement> all;
    for (const auto& d : applied_) {
        if (!d->is(enforcement)) {
            continue;
        }
        const auto at = read_local_time(d->payload.value("TargetLocalDateTime", ""));
        if (!at) {
            results_[d->identifier] = "TargetLocalDateTime is no time";
            continue;
        }
        all.push_back({.declaration = d->identifier,
                       .version = d->payload.value("TargetOSVersion", ""),
                       .build = d->payload.value("TargetBuildVersion", ""),
                       .at = *at});
    }
    return all;
}

void in_effect::tell_updates(ddm_host& host) {
    auto all = enforcements();
    if (all != updates_) {
        host.enforce_updates(all);
        updates_ = std::move(all);
    }
}

plist::dict in_effect::save() const {
    plist::array applied;
    for (const auto& d : applied_) {
        plist::dict one{{"identifier", d->identifier}};
        if (const auto failed = results_.find(d->identifier); failed != results_.end()) {
            one.set("failed", failed->second);
        }
        if (const auto profile = profiles_.find(d->identifier); profile != profiles_.end()) {
            one.set("profile", profile->second);
        }
        applied.emplace_back(std::move(one));
    }
    return {{"applied", std::move(applied)}};
}

result<in_effect> in_effect::load(const plist::dict& saved, const declaration_set& all) {
    in_effect out;
    const auto* applied = saved.list("applied");
    if (applied == nullptr) {
        return fail(ddm::errc::missing_key, "applied");
    }
    for (const auto& one : *applied) {
        const auto* d = one.get<plist::dict>();
        const auto* identifier = d == nullptr ? nullptr : d->string("identifier");
        if (identifier == nullptr) {
            return fail(ddm::errc::missing_key, "identifier");
        }
        for (const auto& held : all.of(ddm::kind::configuration)) {
            if (held->identifier == *identifier) {
                out.applied_.push_back(held);
            }
        }
        if (const auto* failed = d->string("failed")) {
            out.results_[*identifier] = *failed;
        }
        if (const auto* profile = d->string("profile")) {
            out.profiles_[*identifier] = *profile;
        }
    }
    for (const auto& d : out.applied_) {
        if (has_settings(*d)) {
            out.settings_.try_emplace(d->type, out.combined(d->type));
        }
    }
    out.updates_ = out.enforcements();
    return out;
}

} // namespace pomona::sim::mac
