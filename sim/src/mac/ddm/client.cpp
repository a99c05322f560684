#include "mac/ddm/client.hpp"

#include "mac/core.hpp"
#include "mac/ddm/status_values.hpp"
#include "mac/upkeep.hpp"
#include "pomona/protocol/profile/profile.hpp"

namespace pomona::sim::mac {
namespace {

declaration_cache& cache_of(environment& e) {
    if (!e.declarations) {
        e.declarations = std::make_shared<declaration_cache>();
    }
    return *e.declarations;
}

std::string joined(const std::vector<std::string>& list) {
    std::string out;
    for (const auto& one : list) {
        out += out.empty() ? one : ", " + one;
    }
    return out;
}

} // namespace

ddm_client::ddm_client(channel& of)
    : host{of}, engine{host, cache_of(*of.mac->env)}, idle{of.mac->world()} {}

time_point channel_host::now() const {
    return of_->mac->world().now();
}

ddm_scope channel_host::scope() const {
    const auto view = of_->view();
    return {.os_version = view.box.updates.installed().version,
            .user_channel = of_->user.has_value(),
            .supervised = view.supervised,
            .user_enrollment = false};
}

const crypto::context& channel_host::crypto() const {
    return of_->mac->world().crypto();
}

std::optional<nlohmann::json> channel_host::status(std::string_view item) const {
    return machine_status(item, *of_->mac);
}

std::expected<std::string, std::string> channel_host::install_profile(bytes_view document) {
    auto& mac = *of_->mac;
    const auto* own = mac.current ? mac.current->identity.get() : nullptr;
    auto parsed = mac.env->profiles->read(crypto(), document, own);
    if (!parsed) {
        return std::unexpected{parsed.error().message()};
    }
    auto content = *std::move(parsed);
    if (!content->of_type(profile::mdm_type).empty()) {
        return std::unexpected{"a profile of a declaration cannot have an MDM payload"};
    }
    if (auto change = of_->profiles.check_install(*content, origin::declaration); !change) {
        return std::unexpected{change.error().us_english_description};
    }
    const auto identifier = content->identifier;
    const auto event =
        of_->record("profile-installed",
                    {{"PayloadIdentifier", identifier}, {"PayloadUUID", content->uuid}}, cause);
    const auto gone_at = removal_of(*content, now());
    of_->profiles.put(
        {.content = std::move(content), .from = origin::declaration, .gone_at = gone_at});
    keep_up(mac, event);
    return identifier;
}

void channel_host::remove_profile(const std::string& identifier) {
    if (of_->profiles.find(identifier) != nullptr) {
        of_->profiles.erase(identifier);
        of_->record("profile-removed", {{"PayloadIdentifier", identifier}}, cause);
    }
}

void channel_host::enforce_updates(std::vector<update_enforcement> all) {
    for (auto& one : all) {
        one.at -= of_->mac->state.clock_offset; // the Mac's clock says when it is time
    }
    of_->mac->box.updates.enforce(std::move(all), now());
    keep_up(*of_->mac, cause);
}

void channel_host::use_settings(std::string_view type, const nlohmann::json& effective) {
    of_->record("declared-settings",
                {{"Type", std::string{type}},
                 {"effective",
                  effective.is_null()
                      ? std::string{}
                      : effective.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)}},
                cause);
}

void channel_host::note_applied(const std::vector<std::string>& applied,
                                const std::vector<std::string>& removed) {
    of_->record("configurations-applied",
                {{"applied", joined(applied)}, {"removed", joined(removed)}}, cause);
}

} // namespace pomona::sim::mac
