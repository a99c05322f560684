#include "messages.hpp"
#include "pomona/trace/decode.hpp"

#include <gtest/gtest.h>

namespace pomona::trace {
namespace {

const crypto::context ctx = test_crypto();
const time_point signing_time = *from_rfc3339("2026-01-05T00:00:00Z");

net::request signed_request(const crypto::identity& signer) {
    auto r = put({{"UDID", "U-1"}, {"Status", "Idle"}});
    r.headers.push_back(
        {"Mdm-Signature", to_base64(crypto::sign_detached(r.body, signer, signing_time).value())});
    return r;
}

// MDM-CHK-069: whether the signature is there, and verifies over the exact body.
TEST(facts, signature_valid_invalid_malformed_absent) {
    const auto signer = make_identity("mac");
    auto r = signed_request(signer);
    auto f = facts_of_request(ctx, on("mdm"), r);
    EXPECT_EQ(f.text("signature"), "valid");
    EXPECT_EQ(f.text("signer_certificate"), to_hex(signer.cert.sha256()));
    EXPECT_EQ(f.number("body_bytes"), static_cast<std::int64_t>(r.body.size()));
    r.body.push_back('\n'); // one byte more, and the plist still means the same
    f = facts_of_request(ctx, on("mdm"), r);
    EXPECT_EQ(f.text("signature"), "invalid");
    EXPECT_EQ(f.find("signer_certificate"), nullptr);
    for (const std::string& bad : {std::string{"no base64!"}, to_base64(as_bytes("no CMS")),
                                   std::string(1U << 20U, 'A'), std::string{}}) {
        r.headers.back().value = bad;
        EXPECT_EQ(facts_of_request(ctx, on("mdm"), r).text("signature"), "malformed")
            << bad.substr(0, 20);
    }
    r.headers.pop_back();
    EXPECT_EQ(facts_of_request(ctx, on("checkin"), r).text("signature"), "absent");
    EXPECT_EQ(facts_of_request(ctx, on("scep"), r).find("signature"), nullptr);
}

TEST(facts, client_certificate_at_either_end) {
    const auto mac = make_identity("mac");
    auto info = std::make_shared<net::connection_info>();
    auto where = on("mdm");
    info->own_chain = {mac.cert};
    where.connection = info;
    EXPECT_EQ(facts_of_request(ctx, where, put({})).text("client_certificate"),
              to_hex(mac.cert.sha256()));
    where.at = net::side::server;
    EXPECT_EQ(facts_of_request(ctx, where, put({})).find("client_certificate"), nullptr);
}

// MDM-CHK-004 and MDM-CHK-005 need the number of bytes and the top-level keys.
TEST(facts, answers) {
    auto f = facts_of_response(ctx, on("mdm"), {}, answer({}));
    EXPECT_EQ(f.number("body_bytes"), 0);
    EXPECT_EQ(f.find("top_level_keys"), nullptr);
    f = facts_of_response(ctx, on("mdm"), {},
                          answer(plist::to_xml(plist::dict{
                              {"Command", plist::dict{}}, {"CommandUUID", "c"}, {"x", 1}})));
    EXPECT_EQ(std::get<std::vector<std::string>>(*f.find("top_level_keys")),
              (std::vector<std::string>{"Command", "CommandUUID", "x"}));
    EXPECT_EQ(facts_of_response(ctx, on("checkin"), {}, answer(to_bytes("{}"), "application/json"))
                  .flag("json_valid"),
              true);
    EXPECT_EQ(facts_of_response(ctx, on("checkin"), {}, answer(to_bytes("{,}"), "application/json"))
                  .flag("json_valid"),
              false);
}

// ENR-007: is the profile signed, and does it hold?
TEST(facts, profile_signature) {
    const auto xml = plist::to_xml(enrollment_profile("x"));
    const auto signer = make_identity("signer");
    auto cms = crypto::sign_attached(xml, signer, signing_time).value();
    const auto fact = [&](const bytes& body) {
        return facts_of_response(ctx, on("enroll"), {},
                                 answer(body, "application/x-apple-aspen-config"));
    };
    EXPECT_EQ(fact(xml).text("profile_signature"), "absent");
    EXPECT_EQ(fact(cms).text("profile_signature"), "valid");
    EXPECT_EQ(fact(cms).text("signer_certificate"), to_hex(signer.cert.sha256()));
    cms[cms.size() - 1] ^= 1U;
    EXPECT_NE(fact(cms).text("profile_signature"), "valid");
}

} // namespace
} // namespace pomona::trace
