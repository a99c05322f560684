#include "mac/profile_rules.hpp"

#include "mac/error_codes.hpp"
#include "pomona/protocol/schema/validate.hpp"

#include <algorithm>
#include <unordered_set>

namespace pomona::sim::mac {
namespace {

using verdict = std::expected<void, mdm::error_chain_item>;
using refusal = std::unexpected<mdm::error_chain_item>;

constexpr std::int64_t only_version = 1; ///< schema TopLevel, CommonPayloadKeys
constexpr std::int64_t any_device = 0;   ///< schema TopLevel, TargetDeviceType
constexpr std::int64_t a_mac = 5;

refusal wrong(std::string_view domain, std::int64_t number, std::string text) {
    return refusal{mac_error(domain, number, std::move(text))};
}

schema::context context_of(const install_facts& facts) {
    return {.os = schema::version::parse(facts.os_version),
            .channel = facts.user_channel ? schema::channel::user : schema::channel::device,
            .enrollment = facts.user_enrollment ? schema::enrollment_kind::user
                                                : schema::enrollment_kind::device,
            .supervised = std::nullopt, // no payload of macOS asks for it
            .ade = std::nullopt,
            .user_approved = facts.user_approved,
            .rights = std::nullopt};
}

/// Why a payload type is not for this Mac and this way of coming; the schema may have several forms
/// of one type, of which one that fits is enough.
verdict check_type(const profile::payload& p, const install_facts& facts) {
    const auto forms = schema::find_all(schema::area::profile, p.type);
    const auto context = context_of(facts);
    auto obstacle = schema::obstacle::none;
    for (const auto& form : forms) {
        obstacle = schema::obstacle_of(form, context);
        // A Mac takes a type that it does not know yet, or no more, for a preference domain.
        if (obstacle == schema::obstacle::none || obstacle == schema::obstacle::too_old ||
            obstacle == schema::obstacle::gone) {
            obstacle = schema::obstacle::none;
            break;
        }
    }
    const auto about = "The payload " + p.identifier + " (" + p.type + ") ";
    switch (obstacle) {
    case schema::obstacle::channel:
        return wrong(installation_error_domain, code::payload_not_acceptable,
                     about + (facts.user_channel ? "is not for users." : "is for users only."));
    case schema::obstacle::enrollment:
        return wrong(installation_error_domain, code::payload_not_acceptable,
                     about + "is not for a user enrollment.");
    case schema::obstacle::user_approval:
        return wrong(installation_error_domain, code::payload_not_acceptable,
                     about + "needs an enrollment that the user approved.");
    case schema::obstacle::supervision:
        return wrong(installation_error_domain, code::supervision_problem,
                     about + "needs a supervised Mac.");
    default:
        break;
    }
    const bool by_mdm_only = !forms.empty() && std::ranges::all_of(forms, [](const auto& f) {
        return f.root.allows_manual_install() == schema::mark::no;
    });
    if (facts.from == origin::user && by_mdm_only) {
        return wrong(installation_error_domain, code::must_come_by_mdm,
                     about + "has to come by MDM.");
    }
    return {};
}

/// Schema mdm/profiles, `multiple`: such a payload may be there once.
bool is_single(std::string_view type) {
    const auto forms = schema::find_all(schema::area::profile, type);
    // Where a type has several forms (com.apple.MCX), each of them may be there.
    return forms.size() == 1 && forms.front().root.allows_multiple() == schema::mark::no;
}

verdict check_payload(const profile::payload& p, const install_facts& facts) {
    if (p.version != only_version) {
        return wrong(payload_error_domain, code::payload_unsupported_value,
                     "PayloadVersion of the payload " + p.identifier + " is not 1.");
    }
    return check_type(p, facts);
}

/// Schema CommonPayloadKeys: PayloadIdentifier is unique within the profile. (So is PayloadUUID;
/// profile::parse sees to it.)
verdict check_identifiers(const profile::profile& p) {
    std::unordered_set<std::string_view> seen;
    for (const auto& one : p.payloads) {
        if (!seen.insert(one.identifier).second) {
            return wrong(profile_error_domain, code::profile_duplicate_identifier,
                         "Two payloads have the PayloadIdentifier " + one.identifier + '.');
        }
    }
    return {};
}

} // namespace

mdm::error_chain_item unreadable(const error& why) {
    const auto text = "The profile cannot be used: " + why.message();
    const bool inner = why.detail.starts_with(profile::in_payload);
    const auto say = [&](std::int64_t of_profile, std::int64_t of_payload) {
        return mac_error(inner ? payload_error_domain : profile_error_domain,
                         inner ? of_payload : of_profile, text);
    };
    if (why.code == profile::errc::bad_signature) {
        return mac_error(profile_error_domain, code::profile_bad_signature, text);
    }
    if (why.code == profile::errc::duplicate_uuid) {
        return mac_error(profile_error_domain, code::profile_duplicate_uuid, text);
    }
    if (why.code == profile::errc::missing_key) {
        return say(code::profile_missing_field, code::payload_missing_field);
    }
    if (why.code == profile::errc::wrong_type) {
        return say(code::profile_wrong_type, code::payload_wrong_type);
    }
    if (why.code == profile::errc::encrypted || why.code == profile::errc::decrypt_failed) {
        return mac_error(profile_error_domain, code::profile_install_failure, text);
    }
    return say(code::profile_malformed, code::payload_malformed);
}

verdict check_content(const profile::profile& p, const install_facts& facts) {
    if (p.version != only_version) {
        return wrong(profile_error_domain, code::profile_unsupported_version,
                     "PayloadVersion of the profile is not 1.");
    }
    if (p.target_device_type != any_device && p.target_device_type != a_mac) {
        return wrong(installation_error_domain, code::payload_not_acceptable,
                     "The profile is for another kind of device (TargetDeviceType).");
    }
    if (auto unique = check_identifiers(p); !unique) {
        return unique;
    }
    for (const auto& one : p.payloads) {
        if (auto fits = check_payload(one, facts); !fits) {
            return fits;
        }
    }
    return {};
}

verdict check_singles(const profile::profile& p, const profile_store& installed) {
    for (const auto& one : p.payloads) {
        // Of com.apple.mdm there are rules of its own (profile_store).
        if (one.type == profile::mdm_type || !is_single(one.type)) {
            continue;
        }
        if (p.of_type(one.type).size() > 1) {
            return wrong(installation_error_domain, code::payload_not_acceptable,
                         "A profile may have one payload of the type " + one.type + " only.");
        }
        for (const auto& other : installed.all()) {
            if (other.content->identifier != p.identifier &&
                !other.content->of_type(one.type).empty()) {
                return wrong(installation_error_domain, code::payload_not_acceptable,
                             "The profile " + other.content->identifier +
                                 " has a payload of the type " + one.type + " already.");
            }
        }
    }
    return {};
}

} // namespace pomona::sim::mac
