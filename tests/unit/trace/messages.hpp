// Messages as they stand on the wire, for the tests of summaries, facts and redaction.
#pragma once

#include "pomona/foundation/encoding.hpp"
#include "pomona/net/observer.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/protocol/plist/codec.hpp"

namespace pomona::trace {

inline net::exchange_context on(std::string channel, net::side at = net::side::client,
                                std::string who = "mac-0001") {
    net::exchange_context where;
    where.id = "c1/1";
    where.at = at;
    where.note = {actor{std::move(who)}, std::move(channel), 0};
    where.peer = {"mdm.example", 8443};
    return where;
}

inline net::request put(const plist::dict& body) {
    return {
        "PUT", "/mdm", {{"Content-Type", "application/x-apple-aspen-mdm"}}, plist::to_xml(body)};
}

inline net::response answer(bytes body, std::string type = "application/xml") {
    return {200, {{"Content-Type", std::move(type)}}, std::move(body)};
}

inline crypto::context test_crypto() {
    return crypto::context::seeded(as_bytes("messages of the trace tests"));
}

/// A self-signed P-256 or RSA identity, made once per name.
inline crypto::identity make_identity(const std::string& common_name, bool rsa = false) {
    const auto ctx = test_crypto();
    auto key =
        rsa ? crypto::private_key::generate_rsa(ctx) : crypto::private_key::generate_p256(ctx);
    crypto::certificate_spec spec;
    spec.subject = {{"CN", common_name}};
    spec.serial = {0x42};
    spec.not_before = *from_rfc3339("2026-01-01T00:00:00Z");
    spec.not_after = *from_rfc3339("2027-01-01T00:00:00Z");
    auto cert = crypto::self_sign(spec, key.value());
    return {cert.value(), key.value(), {}};
}

/// An enrollment profile with the secret in its SCEP payload.
inline plist::dict enrollment_profile(const std::string& challenge) {
    const plist::dict scep{{"PayloadType", "com.apple.security.scep"},
                           {"PayloadIdentifier", "example.scep"},
                           {"PayloadUUID", "5D1A4C8E-0000-4000-8000-000000000002"},
                           {"PayloadVersion", 1},
                           {"PayloadContent", plist::dict{{"URL", "https://mdm.example/scep"},
                                                          {"Keysize", 2048},
                                                          {"Key Type", "RSA"},
                                                          {"Key Usage", 5},
                                                          {"Challenge", challenge}}}};
    const plist::dict mdm{
        {"PayloadType", "com.apple.mdm"},
        {"PayloadIdentifier", "example.mdm"},
        {"PayloadUUID", "5D1A4C8E-0000-4000-8000-000000000003"},
        {"PayloadVersion", 1},
        {"Topic", "com.apple.mgmt.External.x"},
        {"ServerURL", "https://mdm.example/mdm"},
        {"CheckInURL", "https://mdm.example/checkin"},
        {"SignMessage", true},
        {"AccessRights", 8191},
        {"ServerCapabilities", plist::array{"com.apple.mdm.per-user-connections"}}};
    return {{"PayloadType", "Configuration"},
            {"PayloadIdentifier", "example.enroll"},
            {"PayloadUUID", "5D1A4C8E-0000-4000-8000-000000000001"},
            {"PayloadVersion", 1},
            {"PayloadContent", plist::array{scep, mdm}}};
}

} // namespace pomona::trace
