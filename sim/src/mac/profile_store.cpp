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

std::string_view text_of(const profile::payload& p, std::string_view key) {
    const auto* text = p.content.string(key);
    return text != nullptr ? *text : std::string_view{};
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
    for (const auto* key : {"AssignedManagedAppleID", "EnrollmentMode"}) {
        if (text_of(installed, key) != text_of(update, key)) {
            return mismatch(key);
        }
    }
    if ((after->access_rights & ~before->access_rights) != 0) {
        return refusal{mac_error(mdm_error_domain, code::replacement_mismatch,
                                 "The new MDM payload adds access rights.")};
    }
    return profile_store::change::enrollment_update;
}

} // namespace

std::optional<time_point> removal_of(const profile::profile& p, time_point now) {
    // Schema TopLevel: of the two whichever comes first.
    auto out = p.removal_date;
    if (p.duration_until_removal) {
        const auto then = now + *p.duration_until_removal;
        out = out ? std::min(*out, then) : then;
    }
    return out;
}

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
        return check_update(*current->content->of_type(profile::mdm_type).front(),
                            *mdm_payloads.front());
    }
    // Derived: a PayloadUUID names one profile; under another identifier it is a duplicate.
    const auto taken = std::ranges::any_of(all_, [&](const installed_profile& i) {
        return i.content->uuid == p.uuid && i.content->identifier != p.identifier;
    });
    if (taken) {
        return refusal{mac_error(profile_error_domain, code::profile_duplicate_uuid,
                                 "Another profile has the PayloadUUID " + p.uuid + '.')};
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

std::expected<void, mdm::error_chain_item>
profile_store::check_remove_by_user(std::string_view identifier, std::string_view password) const {
    const auto* found = find(identifier);
    const auto no = [&](std::string_view why) {
        return refusal{
            mac_error(installation_error_domain, code::cannot_remove,
                      "The profile \"" + std::string{identifier} + "\" " + std::string{why} + '.')};
    };
    if (found == nullptr) {
        return refusal{
            mac_error(installation_error_domain, code::profile_not_found,
                      "The profile \"" + std::string{identifier} + "\" is not installed.")};
    }
    // Schema TopLevel, PayloadRemovalDisallowed: since macOS 10.15 a user removes no profile that
    // came by MDM, whatever it says.
    if (found->from != origin::user) {
        return no("was installed by MDM and goes with it only");
    }
    if (const auto* wanted = found->content->removal_password()) {
        return crypto::equal_constant_time(as_bytes(*wanted), as_bytes(password))
                   ? std::expected<void, mdm::error_chain_item>{}
                   : no("needs its removal password");
    }
    // An administrator may, and who sits at a virtual Mac is one; but not so the enrollment
    // profile of a supervised Mac (enrollment by hand supervises since macOS 11).
    if (found->content->removal_disallowed && found->is_enrollment()) {
        return no("may not be removed");
    }
    return {};
}

void profile_store::put(installed_profile p) {
    const auto place = std::ranges::find_if(all_, [&](const installed_profile& i) {
        return i.content->identifier == p.content->identifier;
    });
    if (place == all_.end()) {
        all_.push_back(std::move(p));
        return;
    }
    // An update of the enrollment profile by MDM leaves it what it was: installed by the user.
    p.from = place->is_enrollment() ? place->from : p.from;
    *place = std::move(p);
}

void profile_store::forget_managed() {
    std::erase_if(all_, &installed_profile::is_managed);
}

std::optional<time_point> profile_store::next_removal() const {
    std::optional<time_point> out;
    for (const auto& i : all_) {
        if (i.gone_at && (!out || *i.gone_at < *out)) {
            out = i.gone_at;
        }
    }
    return out;
}

std::vector<std::string> profile_store::due(time_point now) const {
    std::vector<std::string> out;
    for (const auto& i : all_) {
        if (i.gone_at && *i.gone_at <= now) {
            out.push_back(i.content->identifier);
        }
    }
    return out;
}

void profile_store::erase(std::string_view identifier) {
    std::erase_if(all_,
                  [&](const installed_profile& i) { return i.content->identifier == identifier; });
}

const installed_profile* profile_store::find(std::string_view identifier) const {
    const auto place = std::ranges::find_if(
        all_, [&](const installed_profile& i) { return i.content->identifier == identifier; });
    return place == all_.end() ? nullptr : &*place;
}

const installed_profile* profile_store::enrollment() const {
    const auto place = std::ranges::find_if(all_, &installed_profile::is_enrollment);
    return place == all_.end() ? nullptr : &*place;
}

std::vector<const profile::payload*> profile_store::payloads_of(std::string_view type) const {
    std::vector<const profile::payload*> out;
    for (const auto& i : all_) {
        for (const auto& p : i.content->payloads) {
            if (p.type == type) {
                out.push_back(&p);
            }
        }
    }
    return out;
}

const plist::value* profile_store::setting(std::string_view type, std::string_view key) const {
    for (const auto* p : payloads_of(type)) {
        if (const auto* found = p->content.find(key)) {
            return found;
        }
    }
    return nullptr;
}

} // namespace pomona::sim::mac
