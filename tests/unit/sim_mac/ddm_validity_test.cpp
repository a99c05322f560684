// Declarations that a Mac does not take: not for its release or channel, or not as their type has
// it.
#include "ddm_bench.hpp"

namespace pomona::sim::mac {
namespace {

using nlohmann::json;

class ddm_validity : public ddm_bench {};

// Not here: by channel, by release, by kind of enrollment.
TEST_F(ddm_validity, what_this_channel_or_release_does_not_have_is_not_supported) {
    declare("configuration.account.caldav", "user-only", {{"HostName", "cal.example"}});
    activate("A1", {"user-only"});
    subscribe("S1", {"account.list.caldav"});
    activate("A2", {"S1"});
    sync();
    EXPECT_EQ(code_of("configurations", "user-only"), "Error.ConfigurationNotSupported");
    EXPECT_EQ(report["Errors"][0]["StatusItem"], "account.list.caldav");
    const auto payloads =
        report["StatusItems"]["management"]["client-capabilities"]["supported-payloads"];
    const auto lists = [&](const char* kind, const char* type) {
        const auto& list = payloads["declarations"][kind];
        return std::ranges::find(list, type) != list.end();
    };
    EXPECT_FALSE(lists("configurations", "com.apple.configuration.account.caldav"));
    EXPECT_TRUE(lists("configurations", "com.apple.configuration.diskmanagement.settings"));

    host.where.os_version = "14.5";
    declare("configuration.diskmanagement.settings", "new", json::object());
    activate("A3", {"new"});
    sync();
    EXPECT_EQ(code_of("configurations", "new"), "Error.ConfigurationNotSupported");
    ASSERT_TRUE(report["StatusItems"]["management"].contains("client-capabilities"))
        << "they have changed with the system";
}

// DDM-048.
TEST_F(ddm_validity, payloads_are_held_against_their_type) {
    declare("configuration.passcode.settings", "unknown", {{"MinimumLenght", 6}});
    declare("configuration.passcode.settings", "type", {{"MinimumLength", "six"}});
    declare("configuration.passcode.settings", "range", {{"MinimumLength", 99}});
    declare("configuration.management.test", "missing", json::object());
    declare("configuration.diskmanagement.settings", "deep", {{"Restrictions", {{"Odd", 1}}}});
    declare("asset.useridentity", "asset", {{"FullName", 7}});
    declare("activation.simple", "activation", {{"StandardConfigurations", "C1"}});
    sync();
    EXPECT_EQ(state_of("configurations", "unknown")["reasons"][0]["details"]["UnknownPayloadKeys"],
              json::array({"MinimumLenght"}));
    EXPECT_EQ(state_of("configurations", "deep")["reasons"][0]["details"]["UnknownPayloadKeys"],
              json::array({"Restrictions.Odd"}));
    EXPECT_EQ(code_of("configurations", "type"), "Error.ConfigurationCannotBeDeserialized");
    EXPECT_EQ(code_of("configurations", "missing"), "Error.ConfigurationCannotBeDeserialized");
    EXPECT_EQ(code_of("configurations", "range"), "Error.ConfigurationIsInvalid");
    EXPECT_EQ(code_of("assets", "asset"), "Error.AssetCannotBeDeserialized");
    EXPECT_EQ(code_of("activations", "activation"), "Error.InvalidPayload");
}

TEST_F(ddm_validity, an_asset_of_the_wrong_type_is_refused) {
    declare("asset.useridentity", "who", {{"FullName", "Ada"}});
    declare("configuration.security.certificate", "C1", {{"CredentialAssetReference", "who"}});
    activate("A1", {"C1"});
    sync();
    EXPECT_EQ(code_of("configurations", "C1"), "Error.ConfigurationIsInvalid");
}

} // namespace
} // namespace pomona::sim::mac
