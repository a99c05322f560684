#include "pomona/protocol/profile/profile.hpp"

#include <gmock/gmock.h>

namespace pomona::profile {
namespace {

using namespace std::chrono_literals;

const crypto::context& ctx() {
    static const auto shared = crypto::context::system();
    return shared;
}

constexpr auto scep_uuid = "5B1C7C4E-0000-4000-8000-000000000001";

mdm_payload mdm() {
    return {.identity_certificate_uuid = scep_uuid,
            .topic = topic{"com.apple.mgmt.External.1"},
            .server_url = "https://mdm.example:8443/mdm?ref=1",
            .checkin_url = "https://mdm.example/checkin",
            .sign_message = true,
            .access_rights = 8191,
            .check_out_when_removed = true,
            .use_development_apns = true,
            .server_capabilities = {"com.apple.mdm.per-user-connections"}};
}
payload mdm_item(plist::dict content = write_mdm(mdm())) {
    return {.type = std::string{mdm_type},
            .identifier = "org.example.mdm",
            .uuid = "5B1C7C4E-0000-4000-8000-000000000002",
            .display_name = "MDM",
            .organization = {},
            .description = {},
            .content = std::move(content)};
}
payload scep_item(plist::dict inside) {
    return {.type = std::string{scep_type},
            .identifier = "org.example.scep",
            .uuid = scep_uuid,
            .display_name = {},
            .organization = {},
            .description = {},
            .content = {{"PayloadContent", std::move(inside)}}};
}
profile enrollment() {
    profile out;
    out.identifier = "org.example.enroll";
    out.uuid = "5B1C7C4E-0000-4000-8000-000000000003";
    out.display_name = "Enrolment";
    out.organization = "Example";
    out.payloads = {mdm_item(), scep_item({{"URL", "https://ca.example/scep"}})};
    return out;
}
plist::dict written(const profile& p) {
    return *plist::parse_dict(write(p));
}
/// An array of one array: braces alone would copy the inner one.
plist::array list_of(plist::array inner) {
    plist::array out;
    out.emplace_back(std::move(inner));
    return out;
}
std::error_code refusal(const plist::dict& d) {
    const auto parsed = parse(ctx(), plist::to_xml(d));
    return parsed ? std::error_code{} : parsed.error().code;
}
error mdm_refusal(std::string_view key, std::optional<plist::value> item) {
    auto p = mdm_item();
    if (item) {
        p.content.set(key, *item);
    } else {
        p.content.erase(key);
    }
    const auto read = read_mdm(p);
    return read ? error{} : read.error();
}

TEST(Profile, RoundTripFindsPayloadsByType) {
    auto p = enrollment();
    p.removal_disallowed = true;
    p.description = "What it does";
    const auto back = parse(ctx(), write(p));
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(back->identifier, p.identifier);
    EXPECT_EQ(back->uuid, p.uuid);
    EXPECT_EQ(back->version, 1);
    EXPECT_EQ(back->organization, "Example");
    EXPECT_EQ(back->description, "What it does");
    EXPECT_TRUE(back->removal_disallowed);
    EXPECT_FALSE(back->is_signed);
    ASSERT_EQ(back->of_type(mdm_type).size(), 1U);
    EXPECT_EQ(back->of_type(mdm_type)[0]->display_name, "MDM");
    EXPECT_TRUE(back->of_type("com.apple.wifi").empty());
    ASSERT_NE(back->by_uuid(scep_uuid), nullptr);
    EXPECT_EQ(back->by_uuid(scep_uuid)->type, scep_type);
    EXPECT_EQ(back->by_uuid("none"), nullptr);
    EXPECT_EQ(back->payloads[0].content.string("PayloadIdentifier")[0], "org.example.mdm");
}

TEST(Profile, NamesWithMarkupRoundTrip) { // BUG-19
    for (const std::string name :
         {"A & B", "<b>\"quoted\"</b> 'x'", "]]>", "&amp;", "\xc3\x89mile \xf0\x9f\x8d\x8e"}) {
        auto p = enrollment();
        p.organization = name;
        p.payloads[0].display_name = name;
        const auto back = parse(ctx(), write(p));
        ASSERT_TRUE(back) << name << ": " << back.error().message();
        EXPECT_EQ(back->organization, name);
        EXPECT_EQ(back->payloads[0].display_name, name);
    }
    auto p = enrollment();
    p.organization = "bell\x07"; // XML 1.0 has no way to say this: the profile stays readable
    EXPECT_EQ(parse(ctx(), write(p))->organization, "bell\xef\xbf\xbd");
}

TEST(Profile, EveryRequiredKeyIsNamed) {
    for (const auto* key : {"PayloadType", "PayloadIdentifier", "PayloadUUID", "PayloadVersion"}) {
        auto d = written(enrollment());
        d.erase(key);
        const auto outer = parse(ctx(), plist::to_xml(d));
        ASSERT_FALSE(outer) << key;
        EXPECT_EQ(outer.error().code, errc::missing_key);
        EXPECT_THAT(outer.error().detail, testing::HasSubstr(key));

        d = written(enrollment());
        auto* content = d.find("PayloadContent")->get<plist::array>();
        (*content)[0].get<plist::dict>()->erase(key);
        const auto inner = parse(ctx(), plist::to_xml(d));
        ASSERT_FALSE(inner) << key;
        EXPECT_EQ(inner.error().code, errc::missing_key);
        EXPECT_THAT(inner.error().detail, testing::HasSubstr(key));
    }
}

TEST(Profile, WrongTypesAndOtherDocuments) {
    const auto with = [](std::string_view key, plist::value v) {
        auto d = written(enrollment());
        d.set(key, std::move(v));
        return refusal(d);
    };
    EXPECT_EQ(with("PayloadVersion", "1"), errc::wrong_type);
    EXPECT_EQ(with("PayloadIdentifier", 1), errc::wrong_type);
    EXPECT_EQ(with("PayloadContent", plist::dict{}), errc::wrong_type);
    EXPECT_EQ(with("PayloadContent", plist::array{"x"}), errc::wrong_type);
    EXPECT_EQ(with("PayloadType", "Profile Service"), errc::unsupported_value);
    EXPECT_EQ(with("IsEncrypted", true), errc::encrypted);
    EXPECT_EQ(with("EncryptedPayloadContent", bytes{1}), errc::encrypted);
    EXPECT_FALSE(with("ConsentText", plist::dict{}));
    EXPECT_EQ(parse(ctx(), as_bytes("<html/>")).error().code, errc::malformed);
    EXPECT_EQ(parse(ctx(), {}).error().code, errc::malformed);
}

crypto::identity rsa_identity(std::string_view who) {
    const auto key = *crypto::private_key::generate_rsa(ctx());
    const time_point from{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
    crypto::certificate_spec spec;
    spec.subject = {{"CN", std::string{who}}};
    spec.serial = {2};
    spec.not_before = from;
    spec.not_after = from + 24h * 365;
    return {*crypto::self_sign(spec, key), key, {}};
}

crypto::identity signer() {
    const auto key = *crypto::private_key::generate_p256(ctx());
    const time_point from{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
    crypto::certificate_spec spec;
    spec.subject = {{"CN", "Profile signer"}};
    spec.serial = {1};
    spec.not_before = from;
    spec.not_after = from + 24h * 365;
    return {*crypto::self_sign(spec, key), key, {}};
}

TEST(Profile, ASignedOneIsVerifiedAndNamesItsSigner) { // ENR-007
    const auto id = signer();
    const auto signed_profile =
        crypto::sign_attached(write(enrollment()), id, id.cert.not_before() + 1h);
    ASSERT_TRUE(signed_profile) << signed_profile.error().message();
    const auto read = parse(ctx(), *signed_profile);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_TRUE(read->is_signed);
    ASSERT_TRUE(read->signer);
    EXPECT_EQ(read->signer->sha256(), id.cert.sha256());
    EXPECT_EQ(read->signer_chain.size(), 1U);
    EXPECT_EQ(read->of_type(mdm_type).size(), 1U);
}

TEST(Profile, AChangedSignedOneIsRefused) { // ENR-007
    const auto id = signer();
    auto data = *crypto::sign_attached(write(enrollment()), id, id.cert.not_before() + 1h);
    const auto inside = as_text(data).find("Enrolment");
    ASSERT_NE(inside, std::string_view::npos);
    data[inside] ^= 1U;
    EXPECT_EQ(parse(ctx(), data).error().code, errc::bad_signature);
    data[inside] ^= 1U;
    ASSERT_TRUE(parse(ctx(), data));
    for (std::size_t size = 0; size < data.size(); size += 7) {
        EXPECT_FALSE(parse(ctx(), bytes_view{data}.first(size))) << size;
    }
}

TEST(Profile, WhatTheWrapperSaysRoundTrips) {
    auto p = enrollment();
    p.scope = profile_scope::user;
    p.removal_date = time_point{std::chrono::sys_days{std::chrono::year{2027} / 1 / 1}};
    p.duration_until_removal = 90min;
    p.target_device_type = 5;
    const auto back = parse(ctx(), write(p)).value();
    EXPECT_EQ(back.scope, profile_scope::user);
    EXPECT_EQ(back.removal_date, p.removal_date);
    EXPECT_EQ(back.duration_until_removal, p.duration_until_removal);
    EXPECT_EQ(back.target_device_type, 5);
    const auto with = [&](std::string_view key, plist::value v) {
        auto d = written(enrollment());
        d.set(key, std::move(v));
        return refusal(d);
    };
    EXPECT_FALSE(with("DurationUntilRemoval", 60));
    EXPECT_EQ(with("DurationUntilRemoval", "60"), errc::wrong_type);
    EXPECT_EQ(with("DurationUntilRemoval", -1.0), errc::unsupported_value);
    EXPECT_EQ(with("DurationUntilRemoval", 1e300), errc::unsupported_value);
    EXPECT_EQ(with("RemovalDate", "tomorrow"), errc::wrong_type);
    EXPECT_EQ(with("PayloadScope", "Room"), errc::unsupported_value);
}

TEST(Profile, AnEncryptedOneIsForItsIdentityOnly) {
    const auto own = rsa_identity("own");
    const auto other = rsa_identity("other");
    const auto data = write_encrypted(ctx(), enrollment(), own.cert);
    ASSERT_TRUE(data) << data.error().message();
    EXPECT_EQ(as_text(*data).find("com.apple.mdm"), std::string_view::npos);
    EXPECT_EQ(parse(ctx(), *data).error().code, errc::encrypted);
    const auto read = parse(ctx(), *data, &own);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_TRUE(read->is_encrypted);
    EXPECT_EQ(read->of_type(mdm_type).size(), 1U);
    EXPECT_EQ(parse(ctx(), *data, &other).error().code, errc::decrypt_failed);
    EXPECT_FALSE(write_encrypted(ctx(), enrollment(), signer().cert)) << "an EC key";

    const auto with = [&](plist::value inside) {
        auto d = plist::parse_dict(*data).value();
        d.set("EncryptedPayloadContent", std::move(inside));
        return parse(ctx(), plist::to_xml(d), &own).error().code;
    };
    EXPECT_EQ(with("text"), errc::wrong_type);
    EXPECT_EQ(with(bytes(40, 0x30)), errc::decrypt_failed);
    EXPECT_EQ(with(*crypto::seal_enveloped(ctx(), as_bytes("junk"), own.cert)),
              errc::decrypt_failed);
    EXPECT_EQ(with(*crypto::seal_enveloped(ctx(), plist::to_xml(plist::dict{}), own.cert)),
              errc::decrypt_failed);
    // A profile inside instead of its array, as the phases of over-the-air enrollment have it.
    const auto whole = *crypto::seal_enveloped(ctx(), write(enrollment()), own.cert);
    auto d = plist::parse_dict(*data).value();
    d.set("EncryptedPayloadContent", whole);
    EXPECT_EQ(parse(ctx(), plist::to_xml(d), &own)->payloads.size(), read->payloads.size());
}

TEST(CertificatePayload, DerAndPem) {
    const auto id = signer();
    auto p = scep_item({});
    for (const auto type : {root_type, pkcs1_type}) {
        p.type = std::string{type};
        p.content.set("PayloadContent", id.cert.der());
        const auto read = read_certificates(ctx(), p);
        ASSERT_TRUE(read) << read.error().message();
        ASSERT_EQ(read->size(), 1U);
        EXPECT_EQ((*read)[0].sha256(), id.cert.sha256());
    }
    p.type = std::string{pem_type};
    p.content.set("PayloadContent", to_bytes(id.cert.pem() + signer().cert.pem()));
    ASSERT_TRUE(read_certificates(ctx(), p));
    EXPECT_EQ(read_certificates(ctx(), p)->size(), 2U);
}

TEST(Profile, TwoPayloadsWithOneUuidAreRefused) {
    auto p = enrollment();
    p.payloads[1].uuid = p.payloads[0].uuid;
    EXPECT_EQ(refusal(written(p)), errc::duplicate_uuid);
}

TEST(MdmPayload, RoundTrip) {
    const auto read = read_mdm(mdm_item());
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(write_mdm(*read), write_mdm(mdm()));
    EXPECT_EQ(read->server_url, "https://mdm.example:8443/mdm?ref=1");
    EXPECT_TRUE(read->sign_message);
    EXPECT_TRUE(read->use_development_apns);
    EXPECT_THAT(read->server_capabilities,
                testing::ElementsAre("com.apple.mdm.per-user-connections"));
}

TEST(MdmPayload, PinnedCertificatesRoundTrip) { // ENR-111
    auto m = mdm();
    EXPECT_TRUE(m.server_pins.empty() && m.checkin_pins.empty());
    EXPECT_FALSE(m.revocation_check_required);
    m.server_pins = {"A", "B"};
    m.checkin_pins = {"B"};
    m.revocation_check_required = true;
    auto p = mdm_item();
    p.content = write_mdm(m);
    const auto read = read_mdm(p).value();
    EXPECT_EQ(read.server_pins, m.server_pins);
    EXPECT_EQ(read.checkin_pins, m.checkin_pins);
    EXPECT_TRUE(read.revocation_check_required);
    p.content.set("ServerURLPinningCertificateUUIDs", plist::array{std::int64_t{5}});
    EXPECT_FALSE(read_mdm(p));
}

TEST(MdmPayload, RequiredKeys) { // MDM-CHK-055, ENR-003
    for (const auto* key : {"IdentityCertificateUUID", "Topic", "ServerURL"}) {
        EXPECT_EQ(mdm_refusal(key, {}).code, errc::missing_key) << key;
        EXPECT_THAT(mdm_refusal(key, {}).detail, testing::HasSubstr(key));
        EXPECT_EQ(mdm_refusal(key, 1).code, errc::wrong_type) << key;
    }
    EXPECT_FALSE(mdm_refusal("CheckInURL", {}).code);
    EXPECT_FALSE(mdm_refusal("AccessRights", {}).code); // user enrollment has none
}

TEST(MdmPayload, UrlsAreHttpsAndTheTopicHasItsPrefix) { // MDM-CHK-055, ENR-003
    EXPECT_EQ(mdm_refusal("ServerURL", "http://mdm.example").code, errc::unsupported_value);
    EXPECT_EQ(mdm_refusal("ServerURL", "https://").code, errc::unsupported_value);
    EXPECT_EQ(mdm_refusal("CheckInURL", "http://mdm.example").code, errc::unsupported_value);
    EXPECT_EQ(mdm_refusal("CheckInURL", "").code, errc::unsupported_value);
    EXPECT_EQ(mdm_refusal("Topic", "com.example.push").code, errc::unsupported_value);
}

TEST(MdmPayload, AccessRightsRules) { // MDM-CHK-055, ENR-004
    for (const int rights : {1, 3, 64, 192, 8191, 8191 - 128, 8191 - 2}) {
        EXPECT_FALSE(mdm_refusal("AccessRights", rights).code) << rights;
    }
    for (const int rights : {0, -1, 8192, 2, 128, 8191 - 1, 8191 - 64}) {
        EXPECT_EQ(mdm_refusal("AccessRights", rights).code, errc::unsupported_value) << rights;
    }
}

TEST(ScepPayload, EveryKeyIsRead) {
    const auto read = read_scep(scep_item(
        {{"URL", "https://ca.example/scep"},
         {"Name", "ca"},
         {"Subject",
          plist::array{list_of({"O", "X"}), plist::array{plist::array{"CN", "%SerialNumber%"},
                                                         plist::array{"1.2.5.3", "bar"}}}},
         {"Challenge", "secret"},
         {"Keysize", 2048},
         {"Key Type", "RSA"},
         {"Key Usage", 5},
         {"CAFingerprint", bytes(20, 1)},
         {"Retries", 5},
         {"RetryDelay", 7},
         {"SubjectAltName", plist::dict{{"dNSName", plist::array{"a.example", "b.example"}},
                                        {"ntPrincipalName", "x"}}}}));
    ASSERT_TRUE(read) << read.error().message();
    const auto& c = read->client;
    EXPECT_EQ(c.url, "https://ca.example/scep");
    EXPECT_EQ(c.name, "ca");
    EXPECT_THAT(c.subject, testing::ElementsAre(crypto::name_part{"O", "X"},
                                                crypto::name_part{"CN", "%SerialNumber%"},
                                                crypto::name_part{"1.2.5.3", "bar"}));
    EXPECT_EQ(c.challenge, "secret");
    EXPECT_TRUE(c.usage->digital_signature);
    EXPECT_TRUE(c.usage->key_encipherment);
    EXPECT_EQ(c.ca_fingerprint, bytes(20, 1));
    EXPECT_EQ(c.retries, 5);
    EXPECT_EQ(c.retry_delay, 7s);
    EXPECT_THAT(c.dns_names, testing::ElementsAre("a.example", "b.example"));
    EXPECT_EQ(read->key_size, 2048);
    // What is written reads as the same.
    auto again = scep_item({});
    again.content = write_scep(*read);
    const auto back = read_scep(again);
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(write_scep(*back), write_scep(*read));
    EXPECT_EQ(back->client.subject, c.subject);
}

TEST(ScepPayload, DefaultsAreApples) { // F25
    const auto read = read_scep(scep_item({{"URL", "u"}}));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->key_size, 1024);
    EXPECT_EQ(read->key_type, "RSA");
    EXPECT_EQ(read->key_usage, 0);
    EXPECT_TRUE(read->client.usage->digital_signature);
    EXPECT_FALSE(read->client.usage->key_encipherment);
    EXPECT_EQ(read->client.retries, 3);
    EXPECT_EQ(read->client.retry_delay, 10s);
    EXPECT_FALSE(read->client.challenge);
    EXPECT_FALSE(read->client.name);
    EXPECT_TRUE(read->client.ca_fingerprint.empty());
}

TEST(ScepPayload, KeyUsageBits) {
    const auto usage = [](int bits) {
        return *read_scep(scep_item({{"URL", "u"}, {"Key Usage", bits}}))->client.usage;
    };
    EXPECT_TRUE(usage(1).digital_signature);
    EXPECT_FALSE(usage(1).key_encipherment);
    EXPECT_FALSE(usage(4).digital_signature);
    EXPECT_TRUE(usage(4).key_encipherment);
}

TEST(ScepPayload, OneDnsNameMayBeAString) {
    const auto read = read_scep(
        scep_item({{"URL", "u"}, {"SubjectAltName", plist::dict{{"dNSName", "a.example"}}}}));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_THAT(read->client.dns_names, testing::ElementsAre("a.example"));
}

TEST(ScepPayload, BadValuesAreNamed) {
    const auto with = [](std::string_view key, plist::value v) {
        plist::dict d{{"URL", "u"}};
        d.set(key, std::move(v));
        const auto read = read_scep(scep_item(std::move(d)));
        EXPECT_FALSE(read) << key;
        return read ? std::error_code{} : read.error().code;
    };
    EXPECT_EQ(with("URL", 1), errc::wrong_type);
    EXPECT_EQ(with("Subject", "CN=x"), errc::wrong_type);
    EXPECT_EQ(with("Subject", plist::array{"CN"}), errc::wrong_type);
    EXPECT_EQ(with("Subject", list_of(list_of({"CN"}))), errc::wrong_type);
    EXPECT_EQ(with("Subject", list_of(list_of({"CN", 1}))), errc::wrong_type);
    EXPECT_EQ(with("Keysize", 512), errc::unsupported_value);
    EXPECT_EQ(with("Key Type", "EC"), errc::unsupported_value);
    EXPECT_EQ(with("Key Usage", 2), errc::unsupported_value);
    EXPECT_EQ(with("CAFingerprint", bytes(5)), errc::unsupported_value);
    EXPECT_EQ(with("Retries", -1), errc::unsupported_value);
    EXPECT_EQ(with("RetryDelay", std::int64_t{1} << 40), errc::unsupported_value);
    EXPECT_EQ(with("SubjectAltName", plist::dict{{"dNSName", 1}}), errc::wrong_type);
    auto none = scep_item({});
    EXPECT_EQ(read_scep(none).error().code, errc::missing_key);
    none.content.erase("PayloadContent");
    EXPECT_EQ(read_scep(none).error().code, errc::missing_key);
    EXPECT_EQ(read_scep(mdm_item()).error().code, errc::unsupported_value);
}

TEST(CertificatePayload, OtherThanCertificatesIsRefused) {
    auto p = scep_item({});
    EXPECT_EQ(read_certificates(ctx(), p).error().code, errc::unsupported_value);
    p.type = std::string{root_type};
    EXPECT_EQ(read_certificates(ctx(), p).error().code, errc::wrong_type);
    p.content.set("PayloadContent", bytes{0x30, 3, 2, 1, 5});
    EXPECT_EQ(read_certificates(ctx(), p).error().code, errc::malformed);
    p.content.erase("PayloadContent");
    EXPECT_EQ(read_certificates(ctx(), p).error().code, errc::missing_key);
}

} // namespace
} // namespace pomona::profile
