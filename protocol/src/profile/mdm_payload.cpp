// com.apple.mdm (schema mdm/profiles/com.apple.mdm.yaml).
#include "keys.hpp"

namespace pomona::profile {
namespace {

// Schema com.apple.mdm.yaml, AccessRights.
constexpr std::int64_t inspect_profiles = 1;
constexpr std::int64_t change_profiles = 2;
constexpr std::int64_t inspect_provisioning = 64;
constexpr std::int64_t change_provisioning = 128;
constexpr std::int64_t all_rights = 8191;

bool is_https(std::string_view url) {
    constexpr std::string_view scheme = "https://";
    return url.starts_with(scheme) && url.size() > scheme.size();
}

/// ENR-004, MDM-CHK-055: absent (user enrollment), or 1 to 8191, 2 only with 1, 128 only with 64.
void check_rights(keys& k, std::int64_t rights) {
    if (rights < 1 || rights > all_rights) {
        return k.note(errc::unsupported_value, "AccessRights is not within 1 and 8191");
    }
    if ((rights & change_profiles) != 0 && (rights & inspect_profiles) == 0) {
        return k.note(errc::unsupported_value, "AccessRights has 2 without 1");
    }
    if ((rights & change_provisioning) != 0 && (rights & inspect_provisioning) == 0) {
        k.note(errc::unsupported_value, "AccessRights has 128 without 64");
    }
}

constexpr std::string_view server_pins = "ServerURLPinningCertificateUUIDs";
constexpr std::string_view checkin_pins = "CheckInURLPinningCertificateUUIDs";
constexpr std::string_view revocation_check = "PinningRevocationCheckRequired";

std::vector<std::string> read_texts(keys& k, std::string_view key) {
    std::vector<std::string> out;
    for (const auto& item : k.list_or_empty(key)) {
        if (const auto* text = item.get<std::string>()) {
            out.push_back(*text);
        } else {
            k.note(errc::wrong_type, std::string{key} + " holds something else than strings");
        }
    }
    return out;
}

void write_texts(plist::dict& d, std::string_view key, const std::vector<std::string>& texts) {
    if (texts.empty()) {
        return;
    }
    plist::array list;
    for (const auto& text : texts) {
        list.emplace_back(text);
    }
    d.set(key, std::move(list));
}

} // namespace

result<mdm_payload> read_mdm(const payload& p) {
    keys k{p.content, mdm_type};
    if (p.type != mdm_type) {
        k.note(errc::unsupported_value, "PayloadType is another");
    }
    mdm_payload out;
    out.identity_certificate_uuid = k.text("IdentityCertificateUUID");
    out.topic = topic{k.text("Topic")};
    out.server_url = k.text("ServerURL");
    out.checkin_url = k.text_or("CheckInURL");
    out.sign_message = k.flag("SignMessage");
    out.access_rights = k.integer_or("AccessRights", 0);
    out.check_out_when_removed = k.flag("CheckOutWhenRemoved");
    out.use_development_apns = k.flag("UseDevelopmentAPNS");
    out.server_capabilities = read_texts(k, "ServerCapabilities");
    out.server_pins = read_texts(k, server_pins);
    out.checkin_pins = read_texts(k, checkin_pins);
    out.revocation_check_required = k.flag(revocation_check);
    out.enrollment_mode = k.text_or("EnrollmentMode");
    out.assigned_managed_apple_id = k.text_or("AssignedManagedAppleID");
    if (!out.enrollment_mode.empty() && out.enrollment_mode != "BYOD" &&
        out.enrollment_mode != "ADDE") {
        k.note(errc::unsupported_value, "EnrollmentMode is neither BYOD nor ADDE");
    }
    // ENR-003, MDM-CHK-055. What is missing was noted before and is the error that is reported.
    if (!out.topic.value().starts_with("com.apple.mgmt.")) {
        k.note(errc::unsupported_value, "Topic does not begin with com.apple.mgmt.");
    }
    if (!is_https(out.server_url)) {
        k.note(errc::unsupported_value, "ServerURL is not https");
    }
    if (p.content.contains("CheckInURL") && !is_https(out.checkin_url)) {
        k.note(errc::unsupported_value, "CheckInURL is not https");
    }
    if (p.content.contains("AccessRights")) {
        check_rights(k, out.access_rights);
    }
    if (auto read = k.outcome(); !read) {
        return std::unexpected(read.error());
    }
    return out;
}

plist::dict write_mdm(const mdm_payload& m) {
    plist::dict d{{"IdentityCertificateUUID", m.identity_certificate_uuid},
                  {"Topic", m.topic.value()},
                  {"ServerURL", m.server_url}};
    if (!m.checkin_url.empty()) {
        d.set("CheckInURL", m.checkin_url);
    }
    d.set("SignMessage", m.sign_message);
    if (m.access_rights != 0) {
        d.set("AccessRights", m.access_rights);
    }
    d.set("CheckOutWhenRemoved", m.check_out_when_removed);
    if (m.use_development_apns) {
        d.set("UseDevelopmentAPNS", true);
    }
    write_texts(d, "ServerCapabilities", m.server_capabilities);
    write_texts(d, server_pins, m.server_pins);
    write_texts(d, checkin_pins, m.checkin_pins);
    if (m.revocation_check_required) {
        d.set(revocation_check, true);
    }
    if (!m.enrollment_mode.empty()) {
        d.set("EnrollmentMode", m.enrollment_mode);
    }
    if (!m.assigned_managed_apple_id.empty()) {
        d.set("AssignedManagedAppleID", m.assigned_managed_apple_id);
    }
    return d;
}

} // namespace pomona::profile
