#include "messages.hpp"
#include "pomona/trace/decode.hpp"
#include "pomona/trace/redaction.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace pomona::trace {
namespace {

const redactor plain{to_bytes("key of the run"), false};
const redactor lab{to_bytes("key of the run"), true};
constexpr std::string_view secret = "s3cr3t-value-1234";

std::string text(const bytes& b) {
    return pomona::to_text(b);
}
bool has_secret(const bytes& b) {
    return text(b).find(secret) != std::string::npos;
}

TEST(placeholder, keeps_type_length_and_equality_under_the_key_of_the_run) {
    const auto p = plain.placeholder("challenge", as_bytes(secret));
    EXPECT_TRUE(p.starts_with("{{challenge:")) << p;
    EXPECT_TRUE(p.ends_with(":17}}")) << p;
    EXPECT_EQ(p, plain.placeholder("challenge", as_bytes(secret)));
    EXPECT_NE(p, plain.placeholder("challenge", as_bytes("s3cr3t-value-1235")));
    EXPECT_NE(p,
              redactor(to_bytes("another run"), false).placeholder("challenge", as_bytes(secret)));
}

TEST(redaction, every_secret_key_of_a_plist_at_any_depth_and_of_any_scalar_type) {
    for (const auto* key :
         {"Challenge", "CHALLENGE", "BootstrapToken", "UnlockToken", "Password", "PIN", "AuthToken",
          "DigestResponse", "TokenData", "NewPassword", "CurrentPassword", "passwordHash",
          "Passcode", "SharedSecret", "PersonalRecoveryKey"}) {
        const plist::dict inner{{key, secret}, {"Keep", "kept"}};
        const plist::dict d{{"List", plist::array{plist::dict{{key, to_bytes(secret)}}, inner}},
                            {"Command", inner}};
        for (const auto& raw : {plist::to_xml(d), plist::to_binary(d)}) {
            const auto out = plain.body(raw, "application/xml");
            EXPECT_TRUE(out.changed) << key;
            EXPECT_FALSE(has_secret(out.body)) << key;
            EXPECT_EQ(text(out.body).find(to_base64(as_bytes(secret))), std::string::npos) << key;
            const auto back = plist::parse_dict(out.body);
            ASSERT_TRUE(back) << key;
            EXPECT_EQ(*back->dictionary("Command")->string("Keep"), "kept");
            // Data stays data: a check of types must not see a difference.
            const auto* data = back->list("List")->front().get<plist::dict>()->data(key);
            ASSERT_NE(data, nullptr) << key;
            EXPECT_EQ(pomona::to_text(*data), *back->dictionary("Command")->string(key));
        }
    }
}

TEST(redaction, numbers_go_and_flags_empty_values_and_containers_stay) {
    const plist::dict d{{"PIN", 123456},
                        {"AuthToken", ""},
                        {"Password", true},
                        {"VerifyFirmwarePassword", plist::dict{{"PasswordVerified", true}}}};
    const auto back = plist::parse_dict(plain.body(plist::to_xml(d), "").body);
    ASSERT_TRUE(back);
    EXPECT_TRUE(back->string("PIN")->starts_with("{{pin:"));
    EXPECT_EQ(*back->string("AuthToken"), "");
    EXPECT_EQ(*back->boolean("Password"), true);
    EXPECT_EQ(*back->dictionary("VerifyFirmwarePassword")->boolean("PasswordVerified"), true);
}

TEST(redaction, what_holds_no_secret_stays_byte_for_byte) {
    const plist::dict d{{"MessageType", "TokenUpdate"},
                        {"Token", to_bytes("token")},
                        {"PushMagic", "magic"},
                        {"CommandUUID", "u"}};
    for (const auto& raw :
         {plist::to_xml(d), to_bytes(R"( {"b":1,"a":2, "Identifier":"x"} )"), to_bytes("<plist"),
          to_bytes("AES\nSHA-1\n"), bytes{0x30, 0x80, 0x00}, bytes{}}) {
        const auto out = plain.body(raw, "application/xml");
        EXPECT_FALSE(out.changed);
        EXPECT_EQ(out.body, raw);
    }
}

TEST(redaction, the_push_magic_goes_only_in_lab_runs_and_equally_at_both_ends) {
    const auto update = plist::to_xml(plist::dict{{"PushMagic", secret}});
    const auto push = to_bytes(R"({"mdm":")" + std::string{secret} + "\"}");
    EXPECT_FALSE(plain.body(update, "").changed);
    EXPECT_FALSE(plain.body(push, "").changed);
    const auto a = plist::parse_dict(lab.body(update, "").body).value();
    const auto b = nlohmann::json::parse(text(lab.body(push, "application/json").body));
    EXPECT_TRUE(a.string("PushMagic")->starts_with("{{push-magic:"));
    EXPECT_EQ(b["mdm"], *a.string("PushMagic"));
}

TEST(redaction, a_signed_profile_with_a_challenge_is_stored_as_plain_plist) {
    const auto time = *from_rfc3339("2026-01-05T00:00:00Z");
    const auto signer = make_identity("signer");
    auto cms =
        crypto::sign_attached(plist::to_xml(enrollment_profile(std::string{secret})), signer, time)
            .value();
    ASSERT_TRUE(has_secret(cms));
    auto out = plain.body(cms, "application/x-apple-aspen-config");
    EXPECT_TRUE(out.changed);
    EXPECT_FALSE(has_secret(out.body));
    EXPECT_TRUE(text(out.body).starts_with("<?xml"));
    // Also when the signature does not hold: the secret is there all the same.
    cms.back() ^= 1U;
    EXPECT_FALSE(has_secret(plain.body(cms, "application/x-apple-aspen-config").body));
    // Without a secret the signed bytes are the evidence and stay.
    const auto harmless =
        crypto::sign_attached(plist::to_xml(plist::dict{{"PayloadType", "Configuration"}}), signer,
                              time)
            .value();
    out = plain.body(harmless, "application/x-apple-aspen-config");
    EXPECT_FALSE(out.changed);
    EXPECT_EQ(out.body, harmless);
}

TEST(redaction, documents_inside_data_are_reached) {
    const auto profile = plist::to_xml(enrollment_profile(std::string{secret}));
    const auto cms = crypto::sign_attached(profile, make_identity("signer"),
                                           *from_rfc3339("2026-01-05T00:00:00Z"))
                         .value();
    const auto status = to_bytes(R"({"StatusItems":{"password":")" + std::string{secret} + "\"}}");
    for (const auto& inner :
         {profile, cms, status, plist::to_binary(enrollment_profile(std::string{secret}))}) {
        const plist::dict command{
            {"CommandUUID", "u"},
            {"Command", plist::dict{{"RequestType", "InstallProfile"}, {"Payload", inner}}}};
        const auto out = plain.body(plist::to_xml(command), "application/xml");
        EXPECT_TRUE(out.changed);
        const auto back = plist::parse_dict(out.body).value();
        EXPECT_FALSE(has_secret(*back.dictionary("Command")->data("Payload")));
        // A webhook carries the same message in base64 inside JSON.
        const auto hook =
            to_bytes(R"({"raw_payload":")" + to_base64(plist::to_xml(command)) + "\"}");
        const auto hooked = plain.body(hook, "application/json");
        EXPECT_TRUE(hooked.changed);
        const auto raw =
            from_base64(nlohmann::json::parse(text(hooked.body))["raw_payload"].get<std::string>())
                .value();
        EXPECT_FALSE(
            has_secret(*plist::parse_dict(raw).value().dictionary("Command")->data("Payload")));
    }
}

TEST(redaction, keys_and_containers_of_keys_never_stay) {
    const std::string pem =
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        "-----BEGIN RSA PRIVATE KEY-----\nS0VZS0VZ\n-----END RSA PRIVATE KEY-----\nrest";
    const auto out = plain.body(as_bytes(pem), "text/plain");
    EXPECT_TRUE(out.changed);
    EXPECT_EQ(text(out.body).find("S0VZ"), std::string::npos);
    EXPECT_NE(text(out.body).find("-----BEGIN CERTIFICATE-----\nAAAA"), std::string::npos);
    EXPECT_TRUE(text(out.body).ends_with("rest"));
    // Cut off before its end.
    EXPECT_EQ(
        text(plain.body(as_bytes("x-----BEGIN PRIVATE KEY-----\nS0VZS0VZ"), "").body).find("S0VZ"),
        std::string::npos);
    const auto quoted =
        to_bytes(R"({"k":"-----BEGIN PRIVATE KEY-----\nS0VZS0VZ\n-----END PRIVATE KEY-----"})");
    EXPECT_EQ(text(plain.body(quoted, "application/json").body).find("S0VZ"), std::string::npos);
    const plist::dict p12{{"PayloadType", "com.apple.security.pkcs12"},
                          {"PayloadContent", to_bytes("S0VZS0VZ")}};
    const auto back = plist::parse_dict(plain.body(plist::to_xml(p12), "").body).value();
    EXPECT_TRUE(pomona::to_text(*back.data("PayloadContent")).starts_with("{{pkcs12:"));
}

TEST(redaction, json_and_form_bodies) {
    for (const auto* key :
         {"access_token", "refresh_token", "client_assertion", "auth_session_token", "Password"}) {
        const auto raw = to_bytes(R"({"outer":[{")" + std::string{key} + R"(":")" +
                                  std::string{secret} + R"("}],"keep":1})");
        const auto out = plain.body(raw, "application/json");
        EXPECT_TRUE(out.changed) << key;
        EXPECT_FALSE(has_secret(out.body)) << key;
        EXPECT_EQ(nlohmann::json::parse(text(out.body))["keep"], 1);
    }
    const auto form =
        plain.body(as_bytes("grant_type=authorization_code&code=s3cr3t-value-1234&client_id=a"),
                   "application/x-www-form-urlencoded");
    EXPECT_TRUE(text(form.body).starts_with("grant_type=authorization_code&code={{code:"))
        << text(form.body);
    EXPECT_TRUE(text(form.body).ends_with("&client_id=a"));
}

TEST(redaction, a_profile_that_cannot_be_read_is_not_stored) {
    const auto out = plain.body(as_bytes("<plist>Challenge s3cr3t-value-1234"),
                                "application/x-apple-aspen-config");
    EXPECT_TRUE(out.changed);
    EXPECT_FALSE(has_secret(out.body));
}

TEST(redaction, values_of_other_events) {
    const fields raw{{"PushMagic", "m"},
                     {"Challenge", "c"},
                     {"AuthToken", ""},
                     {"pin", true},
                     {"BootstrapToken", "{{x:1:2}}"},
                     {"UDID", "U"}};
    const auto out = plain.values(raw);
    EXPECT_EQ(out.text("PushMagic"), "m");
    EXPECT_EQ(out.text("Challenge"), plain.placeholder("challenge", as_bytes("c")));
    EXPECT_EQ(out.text("BootstrapToken"), "{{x:1:2}}");
    EXPECT_EQ(out.flag("pin"), true);
    EXPECT_EQ(out.text("UDID"), "U");
    EXPECT_EQ(lab.values(raw).text("PushMagic"), lab.placeholder("push-magic", as_bytes("m")));
}

TEST(redaction, headers_and_targets) {
    const net::headers raw{
        {"Authorization", "Bearer s3cr3t-value-1234"},
        {"authorization", "Basic s3cr3t-value-1234"},
        {"Authorization",
         R"(OAuth realm="ADM", oauth_token="s3cr3t-value-1234", oauth_nonce="n1")"},
        {"Cookie", "a=s3cr3t-value-1234"},
        {"Set-Cookie", "sid=s3cr3t-value-1234; Path=/"},
        {"X-ADM-Auth-Session", "s3cr3t-value-1234"},
        {"Location", "app://results?access-token=s3cr3t-value-1234"},
        {"WWW-Authenticate", R"(Bearer realm="x")"},
        {"Mdm-Signature", "MIIB"}};
    const auto out = plain.headers(raw);
    ASSERT_EQ(out.size(), raw.size());
    for (const auto& h : out) {
        EXPECT_EQ(h.value.find(secret), std::string::npos) << h.name << ": " << h.value;
    }
    EXPECT_TRUE(out[0].value.starts_with("Bearer {{bearer:")) << out[0].value;
    EXPECT_TRUE(out[1].value.starts_with("Basic {{basic:")) << out[1].value;
    EXPECT_NE(out[2].value.find(R"(oauth_nonce="n1")"), std::string::npos) << out[2].value;
    EXPECT_TRUE(out[4].value.starts_with("sid={{cookie:") && out[4].value.ends_with("; Path=/"))
        << out[4].value;
    EXPECT_EQ(out[7], raw[7]);
    EXPECT_EQ(out[8], raw[8]);
    EXPECT_EQ(plain.target("/a?operation=GetCACaps&message=x"), "/a?operation=GetCACaps&message=x");
    EXPECT_TRUE(plain.target("/cb?code=s3cr3t-value-1234&state=1").starts_with("/cb?code={{code:"));
    EXPECT_EQ(plain.target("/plain"), "/plain");
}

} // namespace
} // namespace pomona::trace
