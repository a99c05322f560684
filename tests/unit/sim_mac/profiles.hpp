// Profiles for tests, and a Mac they are for.
#pragma once

#include "pomona/protocol/profile/profile.hpp"
#include "pomona/sim/mac/persona.hpp"

#include <string>
#include <vector>

namespace pomona::sim::mac {

inline const topic test_topic{"com.apple.mgmt.External.0D5E3A2C-8B1F-4C7D-9E6A-1F2B3C4D5E6F"};

inline hardware test_hardware(std::string_view persona_name = "macos-15-apple-silicon") {
    hardware out;
    out.kind = *find_persona(persona_name);
    out.device = udid{"11111111-2222-4333-8444-555555555555"};
    out.serial = serial_number{"C02TEST123"};
    out.computer_name = "mac-0001";
    out.wifi_mac = "A0:78:17:00:00:01";
    out.bluetooth_mac = "A0:78:17:00:00:02";
    return out;
}

inline profile::payload payload_of(std::string type, std::string uuid, plist::dict content) {
    profile::payload p;
    p.type = std::move(type);
    p.identifier = "org.example." + uuid;
    p.uuid = std::move(uuid);
    p.version = 1;
    p.content = std::move(content);
    p.content.set("PayloadType", p.type);
    p.content.set("PayloadIdentifier", p.identifier);
    p.content.set("PayloadUUID", p.uuid);
    p.content.set("PayloadVersion", std::int64_t{1});
    return p;
}

inline profile::profile profile_of(std::string identifier, std::vector<profile::payload> payloads) {
    profile::profile p;
    p.uuid = "UUID-OF-" + identifier;
    p.identifier = std::move(identifier);
    p.display_name = "Test";
    p.payloads = std::move(payloads);
    return p;
}

inline const std::string identity_uuid = "AAAAAAAA-0000-4000-8000-000000000001";

inline profile::mdm_payload mdm_settings() {
    profile::mdm_payload m;
    m.identity_certificate_uuid = identity_uuid;
    m.topic = test_topic;
    m.server_url = "https://mdm.example:8443/mdm";
    m.checkin_url = "https://mdm.example:8443/checkin";
    m.sign_message = true;
    m.access_rights = 8191;
    m.check_out_when_removed = true;
    return m;
}

inline profile::payload mdm_payload_of(const profile::mdm_payload& m) {
    return payload_of(std::string{profile::mdm_type}, "AAAAAAAA-0000-4000-8000-000000000002",
                      profile::write_mdm(m));
}

inline profile::profile wifi_profile(std::string identifier = "org.example.wifi") {
    return profile_of(std::move(identifier),
                      {payload_of("com.apple.wifi.managed", "AAAAAAAA-0000-4000-8000-000000000009",
                                  {{"SSID_STR", "x"}})});
}

} // namespace pomona::sim::mac
