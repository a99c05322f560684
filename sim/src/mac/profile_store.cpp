#include "mac/profile_store.hpp"

#include "mac/error_codes.hpp"

#include <algorithm>

namespace pomona::sim::mac {
namespace {

using refusal = std::unexpected<mdm::error_chain_item>;

refusal mismatch(std::string_view key) {
    return refusal{mac_error(mdm_error_domain, code::replacement_mismatch,
                             "The new MDM payload changes " + std::string{key} +
                                 ", which an update may not change.")};
}

/// Schema com.apple.mdm: what may not change on update (MDM-CHK-083, ENR-103). Byte for byte, the
/// query string included (observed: F11).
std::expected<profile_store::change, mdm::error_chain_item>
check_update(const profile::payload& installed, const profile::payload& update) {
    const auto before = profile::read_mdm(installed);
    const auto after = profile::read_mdm(update);
    if (!before || !after) {
        return refusal{mac_error(mdm_error_domain, code::replacement_invalid,
                                 "The MDM payload is not valid: " +
                                     (after ? before.error() : after.error()).message())};
    }
    if (before->topic != after->topic) {
        return mismatch("Topic");
    }
    if (before->server_url != after->server_url) {
        return mismatch("ServerURL");
    }
    if (before->checkin_url != after->checkin_url) {
        return mismatch("CheckInURL");
    }
    if (has_user_channel(*before) != has_user_channel(*after)) {
        return mismatch("the capability com.apple.mdm.per-user-connections");
    }
    if ((after->access_rights & ~before->access_rights) != 0) {
        return refusal{mac_error(mdm_error_domain, code::replacement_mismatch,
                                 "The new MDM payload adds access rights.")};
    }
    return profile_store::change::enrollment_update;
}

} // namespace

bool has_user_channel(const profile::mdm_payload& m) {
    const auto& all = m.server_capabilities;
    return std::ranges::find(all, "com.apple.mdm.per-user-connections") != all.end();
}

std::expected<profile_store::change, mdm::error_chain_item>
profile_store::check_install(const profile::profile& p, origin from) const {
    const auto mdm_payloads = p.of_type(profile::mdm_type);
    const auto* current = enrollment();
    const auto* same = find(p.identifier);
    const bool replaces_enrollment = current != nullptr && same == current;
    if (mdm_payloads.size() > 1) {
        return refusal{mac_error(mdm_error_domain, code::second_mdm_payload,
                                 "A profile may have one MDM payload only.")};
    }
    if (replaces_enrollment && mdm_payloads.empty()) {
        return refusal{mac_error(installation_error_domain, code::replacement_lacks_mdm,
                                 "The replacement lacks the MDM payload.")};
    }
    if (!mdm_payloads.empty() && current != nullptr) {
        // ENR-102: by hand never, by MDM only as an update of the installed profile.
        if (from == origin::user || !replaces_enrollment) {
            return refusal{mac_error(mdm_error_domain, code::second_mdm_payload,
                                     "Another MDM payload is installed.")};
        }
        return check_update(*current->content.of_type(profile::mdm_type).front(),
                            *mdm_payloads.front());
    }
    return same == nullptr ? change::added : change::replaced;
}

std::expected<void, mdm::error_chain_item>
profile_store::check_remove_by_mdm(std::string_view identifier) const {
    const auto* found = find(identifier);
    if (found == nullptr) {
        return refusal{
            mac_error(mdm_error_domain, code::profile_not_installed,
                      "The profile \"" + std::string{identifier} + "\" is not installed.")};
    }
    if (found->from != origin::mdm && !found->is_enrollment()) {
        return refusal{
            mac_error(mdm_error_domain, code::profile_not_managed,
                      "The profile \"" + std::string{identifier} + "\" was not installed by MDM.")};
    }
    return {};
}

void profile_store::put(profile::profile p, origin from) {
    const auto place = std::ranges::find_if(
        all_, [&](const installed_profile& i) { return i.content.identifier == p.identifier; });
    if (place == all_.end()) {
        all_.push_back({std::move(p), from});
        return;
    }
    // An update of the enrollment profile by MDM leaves it what it was: installed by the user.
    const auto kept = place->is_enrollment() ? place->from : from;
    *place = {std::move(p), kept};
}

void profile_store::erase(std::string_view identifier) {
    std::erase_if(all_,
                  [&](const installed_profile& i) { return i.content.identifier == identifier; });
}

const installed_profile* profile_store::find(std::string_view identifier) const {
    const auto place = std::ranges::find_if(
        all_, [&](const installed_profile& i) { return i.content.identifier == identifier; });
    return place == all_.end() ? nullptr : &*place;
}

const installed_profile* profile_store::enrollment() const {
    const auto place = std::ranges::find_if(all_, &installed_profile::is_enrollment);
    return place == all_.end() ? nullptr : &*place;
}

} // namespace pomona::sim::mac
