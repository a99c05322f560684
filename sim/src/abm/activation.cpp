#include "abm/activation.hpp"

#include "abm/dep_answer.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/sim/mac/activation.hpp"

#include <array>
#include <expected>

namespace pomona::sim::abm {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t max_question = 64U << 10U; ///< with its certificates about 4 KiB

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

/// The serial number that a device of an accepted authority asks for.
std::expected<std::string, dep_error>
question_in(const net::world& world, const std::vector<crypto::certificate>& authorities,
            bytes_view body) {
    if (body.size() > max_question) {
        return std::unexpected(errors::malformed_request_body);
    }
    const auto opened = crypto::verify_attached(world.crypto(), body);
    if (!opened) {
        return std::unexpected(errors::malformed_request_body);
    }
    // Observed (F23): whether a device's certificates have expired does not matter.
    if (!crypto::verify_chain_whenever(opened->signer, opened->certificates, authorities)) {
        return std::unexpected(errors::unauthorized);
    }
    const auto asked = json::parse(opened->content.begin(), opened->content.end(), nullptr, false);
    if (!asked.is_object() || asked.value("action", json{}) != activation_action ||
        !asked.value("sn", json{}).is_string()) {
        return std::unexpected(errors::malformed_request_body);
    }
    return asked["sn"].get<std::string>();
}

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

std::optional<std::string> give_record(organization& org, std::string_view serial, time_point now) {
    const auto device = org.find_device(serial);
    const auto* server = device ? org.find_server(device->server) : nullptr;
    if (server == nullptr || device->profile.empty()) {
        return std::nullopt;
    }
    const auto profile = server->profiles.find(device->profile);
    if (profile == server->profiles.end()) {
        return std::nullopt;
    }
    auto record = activation_record(json::parse(profile->second), org.details);
    org.modify(serial, now, [&](device_record& d) {
        d.status = profile_status::pushed;
        d.profile_pushed = now;
    });
    return record.dump();
}

net::reply answer_activation(organization& org, const net::world& world,
                             const std::vector<crypto::certificate>& authorities,
                             const net::request& what) {
    net::reply out;
    if (what.method != "POST") {
        out.what.status = 405;
        return out;
    }
    const auto asked = question_in(world, authorities, what.body);
    if (!asked) {
        return refuse(asked.error(), error_form::bare);
    }
    const auto record = give_record(org, *asked, world.now());
    if (!record) {
        out.what.status = 204;
        return out;
    }
    out.what.headers = {{"Content-Type", "application/json"}};
    out.what.body = to_bytes(*record);
    return out;
}

} // namespace pomona::sim::abm
