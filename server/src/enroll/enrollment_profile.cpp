#include "enroll/enrollment_profile.hpp"

#include "pomona/protocol/profile/profile.hpp"

namespace pomona::server {
namespace {

// Identifiers stay the same in every build: a Mac replaces a profile only by one of the same
// identifier (ENR-080).
constexpr std::string_view identifier = "pomona.enrollment";

profile::payload payload_of(std::string_view type, std::string_view part, const std::string& uuid,
                            std::string_view display_name, plist::dict content) {
    profile::payload out;
    out.type = type;
    out.identifier = std::string{identifier} + '.' + std::string{part};
    out.uuid = uuid;
    out.display_name = display_name;
    out.content = std::move(content);
    return out;
}

plist::dict scep_content(const enrollment_profile_facts& f) {
    profile::scep_payload s;
    s.client.url = f.scep_url;
    // ENR-107: a user enrollment tells no serial number, in its certificate neither.
    s.client.subject = {{"O", f.organization},
                        {"CN", f.enrollment_mode == "BYOD" ? f.uuids[0] : "%SerialNumber%"}};
    if (!f.challenge.empty()) {
        s.client.challenge = f.challenge;
    }
    s.client.ca_fingerprint = f.scep_ca_sha1; // what every release of macOS checks
    s.key_size = 2048;                        // Apple's default is 1024 (ENR-006)
    s.key_usage = 5;
    return profile::write_scep(s);
}

plist::dict mdm_content(const enrollment_profile_facts& f) {
    profile::mdm_payload m;
    m.identity_certificate_uuid = f.uuids[2];
    m.topic = f.topic;
    m.server_url = f.base_url + "/mdm" + f.server_query;
    m.checkin_url = f.base_url + "/checkin" + f.server_query;
    m.sign_message = f.sign_message;
    m.access_rights = f.access_rights;
    m.check_out_when_removed = f.check_out_when_removed;
    m.enrollment_mode = f.enrollment_mode;
    m.assigned_managed_apple_id = f.managed_account;
    m.server_capabilities = {"com.apple.mdm.per-user-connections"};
    if (f.enrollment_mode != "BYOD") { // no bootstrap token there
        m.server_capabilities.emplace_back("com.apple.mdm.bootstraptoken");
    }
    return profile::write_mdm(m);
}

} // namespace

bytes write_enrollment_profile(const enrollment_profile_facts& f) {
    profile::profile p;
    p.identifier = identifier;
    p.uuid = f.uuids[0];
    p.display_name = f.organization + " enrollment";
    p.organization = f.organization;
    p.description = "Lets " + f.organization + " manage this Mac.";
    p.payloads.push_back(payload_of(profile::root_type, "root", f.uuids[1], "Certificate authority",
                                    plist::dict{{"PayloadContent", f.root.der()}}));
    p.payloads.push_back(
        payload_of(profile::scep_type, "scep", f.uuids[2], "Device identity", scep_content(f)));
    p.payloads.push_back(
        payload_of(profile::mdm_type, "mdm", f.uuids[3], "Device management", mdm_content(f)));
    return profile::write(p);
}

} // namespace pomona::server
