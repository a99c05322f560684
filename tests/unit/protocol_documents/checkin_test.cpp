#include "pomona/protocol/mdm/checkin.hpp"
#include "pomona/protocol/mdm/keys.hpp"

#include <gmock/gmock.h>

namespace pomona::mdm {
namespace {

constexpr auto mac = "8B1A9953-C461-4296-A827-ABF8C47804D7";
constexpr auto user = "5D41402A-BC4B-4A76-B971-9D911017C592";

plist::dict token_update_body() {
    return {{"MessageType", "TokenUpdate"},
            {"UDID", mac},
            {"Topic", "com.apple.mgmt.External.1"},
            {"Token", bytes(32, 7)},
            {"PushMagic", "magic"}};
}
result<checkin_message> read(const plist::dict& d) {
    return parse_checkin(plist::to_xml(d));
}
error refusal(const plist::dict& d) {
    auto parsed = read(d);
    return parsed ? error{} : parsed.error();
}
std::vector<std::string> keys_of(const checkin_message& m) {
    std::vector<std::string> out;
    for (const auto& e : *plist::parse_dict(write_checkin(m))) {
        out.push_back(e.key);
    }
    return out;
}

TEST(Checkin, AuthenticateHasTheMacsRequiredKeysInSchemaOrder) { // MDM-CHK-060
    checkin_message m;
    m.from.device = udid{mac};
    m.body = authenticate{.topic = topic{"t"},
                          .device_name = "Ada's Mac",
                          .model = "Mac14,2",
                          .model_name = "MacBook Air",
                          .os_version = "15.1",
                          .build_version = "24B83",
                          .product_name = "Mac14,2",
                          .serial = serial_number{"C02XYZ"}};
    EXPECT_THAT(keys_of(m), testing::ElementsAre("MessageType", "UDID", "Topic", "DeviceName",
                                                 "ModelName", "Model", "OSVersion", "BuildVersion",
                                                 "ProductName", "SerialNumber"));
    const auto back = parse_checkin(write_checkin(m));
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(message_type(*back), "Authenticate");
    const auto& body = std::get<authenticate>(back->body);
    EXPECT_EQ(body.device_name, "Ada's Mac");
    EXPECT_EQ(body.model, "Mac14,2");
    EXPECT_EQ(body.model_name, "MacBook Air");
    EXPECT_EQ(body.os_version, "15.1");
    EXPECT_EQ(body.build_version, "24B83");
    EXPECT_EQ(body.serial.value(), "C02XYZ");
    EXPECT_EQ(back->from.id().value(), mac);
}

TEST(Checkin, TokenUpdateOfTheDeviceChannel) {
    auto d = token_update_body();
    d.set("AwaitingConfiguration", true);
    const auto parsed = read(d);
    ASSERT_TRUE(parsed) << parsed.error().message();
    const auto& body = std::get<token_update>(parsed->body);
    EXPECT_EQ(body.token.value(), bytes(32, 7));
    EXPECT_EQ(body.magic.value(), "magic");
    EXPECT_TRUE(body.awaiting_configuration);
    EXPECT_FALSE(body.not_on_console);
    EXPECT_FALSE(parsed->from.is_user_channel());
    EXPECT_EQ(*plist::parse_dict(write_checkin(*parsed)), d);
}

TEST(Checkin, TokenUpdateOfAUserIsAnotherChannel) { // MDM-CHK-040, MDM-CHK-071
    plist::dict d{{"MessageType", "TokenUpdate"},
                  {"UDID", mac},
                  {"UserID", user},
                  {"UserShortName", "ada"},
                  {"UserLongName", "Ada L."},
                  {"Topic", "t"},
                  {"Token", bytes(32, 1)},
                  {"PushMagic", "m"},
                  {"NotOnConsole", false}};
    const auto parsed = read(d);
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_TRUE(parsed->from.is_user_channel());
    EXPECT_EQ(parsed->from.id().value(), std::string{mac} + ":" + user);
    EXPECT_EQ(std::get<token_update>(parsed->body).not_on_console, false);
    EXPECT_EQ(*plist::parse_dict(write_checkin(*parsed)), d);
}

TEST(Checkin, UserEnrollmentIsNamedByEnrollmentId) { // MDM-CHK-042, BUG-25
    const plist::dict d{{"MessageType", "Authenticate"},
                        {"EnrollmentID", "E-1"},
                        {"Topic", "t"},
                        {"OSVersion", "15.1"}};
    const auto parsed = read(d);
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(parsed->from.id().value(), "E-1");
    EXPECT_TRUE(std::get<authenticate>(parsed->body).serial.empty());
    EXPECT_EQ(*plist::parse_dict(write_checkin(*parsed)), d);

    const auto of_user = read({{"MessageType", "CheckOut"},
                               {"EnrollmentID", "E-1"},
                               {"EnrollmentUserID", "U-1"},
                               {"Topic", "t"}});
    ASSERT_TRUE(of_user) << of_user.error().message();
    EXPECT_EQ(of_user->from.id().value(), "E-1:U-1");
}

TEST(Checkin, CheckOut) {
    const plist::dict d{{"MessageType", "CheckOut"}, {"UDID", mac}, {"Topic", "t"}};
    const auto parsed = read(d);
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(message_type(*parsed), "CheckOut");
    EXPECT_EQ(*plist::parse_dict(write_checkin(*parsed)), d);
}

TEST(Checkin, DeclarativeManagementWithAndWithoutData) {
    plist::dict d{{"MessageType", "DeclarativeManagement"}, {"UDID", mac}, {"Endpoint", "tokens"}};
    auto parsed = read(d);
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_FALSE(std::get<declarative_management>(parsed->body).data);
    d.set("Endpoint", "status");
    d.set("Data", to_bytes("{}"));
    parsed = read(d);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(std::get<declarative_management>(parsed->body).data, to_bytes("{}"));
    EXPECT_EQ(*plist::parse_dict(write_checkin(*parsed)), d);
}

TEST(Checkin, UnknownKeysAreIgnored) { // MDM-CHK-047
    auto d = token_update_body();
    d.set("Challenge", bytes{1});
    d.set("Future", plist::dict{{"a", plist::array{1}}});
    EXPECT_TRUE(read(d));
}

TEST(Checkin, TheBinaryFormIsReadToo) {
    EXPECT_TRUE(parse_checkin(plist::to_binary(token_update_body())));
}

TEST(Checkin, EveryMissingRequiredKeyIsNamed) {
    for (const auto* key : {"MessageType", "Topic", "Token", "PushMagic"}) {
        auto d = token_update_body();
        d.erase(key);
        const auto e = refusal(d);
        EXPECT_EQ(e.code, errc::missing_key) << key;
        EXPECT_THAT(e.detail, testing::HasSubstr(key));
    }
    auto d = token_update_body();
    d.erase("UDID");
    EXPECT_EQ(refusal(d).code, errc::no_identifier);
    d.set("UDID", "");
    EXPECT_EQ(refusal(d).code, errc::no_identifier);
}

TEST(Checkin, EveryKeyOfTheWrongTypeIsNamed) {
    for (const auto* key : {"MessageType", "UDID", "UserID", "UserShortName", "Topic", "Token",
                            "PushMagic", "AwaitingConfiguration", "NotOnConsole"}) {
        auto d = token_update_body();
        d.set(key, 17);
        const auto e = refusal(d);
        EXPECT_EQ(e.code, errc::wrong_type) << key;
        EXPECT_THAT(e.detail, testing::HasSubstr(key));
        EXPECT_THAT(e.detail, testing::HasSubstr("integer"));
    }
}

TEST(Checkin, UnknownMessageTypeAndJunk) { // MDM-CHK-048, MDM-CHK-049, ENR-018
    const auto e = refusal({{"MessageType", "Dance\x01"}, {"UDID", mac}});
    EXPECT_EQ(e.code, errc::unknown_message);
    EXPECT_THAT(e.peer, testing::StartsWith("Dance"));
    EXPECT_EQ(parse_checkin(as_bytes("junk")).error().code, plist::errc::not_a_plist);
    EXPECT_EQ(parse_checkin({}).error().code, plist::errc::not_a_plist);
    EXPECT_EQ(parse_checkin(plist::to_xml(plist::array{})).error().code,
              plist::errc::not_a_dictionary);
}

} // namespace
} // namespace pomona::mdm
