#include "abm/activation.hpp"

#include <array>

namespace pomona::sim::abm {
namespace {

using json = nlohmann::ordered_json;

/// Observed: the names in what `profiles show -type enrollment` prints.
constexpr std::array<std::pair<const char*, const char*>, 15> names{{
    {"url", "ConfigurationURL"},
    {"configuration_web_url", "ConfigurationWebURL"},
    {"anchor_certs", "AnchorCerts"},
    {"skip_setup_items", "SkipSetup"},
    {"is_supervised", "IsSupervised"},
    {"is_mandatory", "IsMandatory"},
    {"await_device_configured", "AwaitDeviceConfigured"},
    {"allow_pairing", "AllowPairing"},
    {"auto_advance_setup", "AutoAdvanceSetup"},
    {"is_multi_user", "IsMultiUser"},
    {"language", "Language"},
    {"region", "Region"},
    {"org_magic", "OrganizationMagic"},
    {"department", "OrganizationDepartment"},
    {"support_phone_number", "OrganizationSupportPhone"},
}};

} // namespace

json activation_record(const json& profile, const organisation_details& org) {
    json out = json::object();
    for (const auto& [from, to] : names) {
        if (const auto found = profile.find(from); found != profile.end()) {
            out[to] = *found;
        }
    }
    if (const auto mail = profile.find("support_email_address"); mail != profile.end()) {
        out["OrganizationSupportEmail"] = *mail;
    }
    // The inverse of is_mdm_removable.
    const auto removable = profile.find("is_mdm_removable");
    out["IsMDMUnremovable"] =
        removable != profile.end() && removable->is_boolean() && !removable->get<bool>();
    out["OrganizationName"] = org.name;
    out["OrganizationPhone"] = org.phone;
    out["OrganizationEmail"] = org.email;
    out["OrganizationAddress"] = org.address;
    return out;
}

} // namespace pomona::sim::abm
