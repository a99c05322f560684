#include "pomona/protocol/mdm/command.hpp"

#include <gmock/gmock.h>

namespace pomona::mdm {
namespace {

constexpr auto mac = "8B1A9953-C461-4296-A827-ABF8C47804D7";

result<report> read(const plist::dict& d) {
    return parse_report(plist::to_xml(d));
}
error refusal(const plist::dict& d) {
    auto parsed = read(d);
    return parsed ? error{} : parsed.error();
}

TEST(CommandStatus, WordsAreThoseOfTheWire) {
    for (const auto s : {command_status::idle, command_status::acknowledged, command_status::error,
                         command_status::command_format_error, command_status::not_now}) {
        EXPECT_EQ(parse_status(to_text(s)), s);
    }
    EXPECT_EQ(to_text(command_status::not_now), "NotNow");
    EXPECT_EQ(to_text(command_status::command_format_error), "CommandFormatError");
    EXPECT_FALSE(parse_status("idle"));
    EXPECT_FALSE(parse_status(""));
}

TEST(Report, IdleHasNoCommandUuidAndTheOthersNeedOne) { // MDM-CHK-061
    const auto idle = read({{"UDID", mac}, {"Status", "Idle"}});
    ASSERT_TRUE(idle) << idle.error().message();
    EXPECT_TRUE(idle->uuid.empty());
    for (const auto* status : {"Acknowledged", "Error", "CommandFormatError", "NotNow"}) {
        const auto e = refusal({{"UDID", mac}, {"Status", status}});
        EXPECT_EQ(e.code, errc::missing_key) << status;
        EXPECT_EQ(e.detail, "CommandUUID");
        EXPECT_TRUE(read({{"UDID", mac}, {"Status", status}, {"CommandUUID", "1"}})) << status;
    }
    report r;
    r.from.device = udid{mac};
    EXPECT_EQ(*plist::parse_dict(write_report(r)),
              (plist::dict{{"UDID", mac}, {"Status", "Idle"}}));
}

TEST(Report, ResultKeepsEveryOtherKeyInOrder) {
    const plist::dict d{{"UDID", mac},
                        {"UserID", "U"},
                        {"Status", "Acknowledged"},
                        {"CommandUUID", "c-1"},
                        {"RequestType", "DeviceInformation"},
                        {"QueryResponses", plist::dict{{"OSVersion", "15.1"}}}};
    const auto parsed = read(d);
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(parsed->from.id().value(), std::string{mac} + ":U");
    EXPECT_EQ(parsed->uuid.value(), "c-1");
    EXPECT_EQ(parsed->result,
              (plist::dict{{"RequestType", "DeviceInformation"},
                           {"QueryResponses", plist::dict{{"OSVersion", "15.1"}}}}));
    EXPECT_EQ(*plist::parse_dict(write_report(*parsed)), d);
}

// MDM-CHK-071: a key of the user channel, and of no other.
TEST(Report, NotOnConsoleBelongsToTheUserChannel) {
    const plist::dict d{{"UDID", mac}, {"UserID", "U"}, {"Status", "Idle"}, {"NotOnConsole", true}};
    auto parsed = read(d);
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(parsed->not_on_console, std::optional{true});
    EXPECT_TRUE(parsed->result.empty());
    EXPECT_EQ(*plist::parse_dict(write_report(*parsed)), d);
    parsed->from.user_id.clear();
    EXPECT_EQ(*plist::parse_dict(write_report(*parsed)),
              (plist::dict{{"UDID", mac}, {"Status", "Idle"}}));
}

TEST(Report, ErrorChainIsReadAndWritten) { // MDM-CHK-010, MDM-CHK-062
    const plist::dict first{{"ErrorCode", 12021},
                            {"ErrorDomain", "MCMDMErrorDomain"},
                            {"LocalizedDescription", "Unbekannter Befehl"},
                            {"USEnglishDescription", "Unknown command"}};
    const plist::dict second{
        {"ErrorCode", -1}, {"ErrorDomain", "X"}, {"LocalizedDescription", "cause"}};
    const plist::dict d{{"UDID", mac},
                        {"Status", "Error"},
                        {"CommandUUID", "c-1"},
                        {"ErrorChain", plist::array{first, second}}};
    const auto parsed = read(d);
    ASSERT_TRUE(parsed) << parsed.error().message();
    ASSERT_EQ(parsed->errors.size(), 2U);
    EXPECT_EQ(parsed->errors[0].code, 12021);
    EXPECT_EQ(parsed->errors[0].us_english_description, "Unknown command");
    EXPECT_EQ(parsed->errors[1].domain, "X");
    EXPECT_TRUE(parsed->result.empty());
    EXPECT_EQ(*plist::parse_dict(write_report(*parsed)), d);
}

TEST(Report, WrongTypesAreNamed) {
    const auto with = [](std::string_view key, plist::value v) {
        plist::dict d{{"UDID", mac}, {"Status", "Error"}, {"CommandUUID", "1"}};
        d.set(key, std::move(v));
        return refusal(d);
    };
    EXPECT_EQ(with("Status", 1).code, errc::wrong_type);
    EXPECT_EQ(with("Status", "Sleepy").code, errc::malformed);
    EXPECT_EQ(with("Status", "Sleepy").peer, "Sleepy");
    EXPECT_EQ(with("CommandUUID", 1).code, errc::wrong_type);
    EXPECT_EQ(with("ErrorChain", "x").code, errc::wrong_type);
    EXPECT_EQ(with("ErrorChain", plist::array{1}).code, errc::wrong_type);
    const auto inner = with("ErrorChain", plist::array{plist::dict{{"ErrorCode", "one"}}});
    EXPECT_EQ(inner.code, errc::wrong_type);
    EXPECT_THAT(inner.detail, testing::HasSubstr("ErrorCode"));
    EXPECT_EQ(refusal({{"Status", "Idle"}}).code, errc::no_identifier);
    EXPECT_EQ(refusal({{"UDID", mac}}).detail, "Status");
}

TEST(Command, HasExactlyTwoKeysAtTopLevel) { // MDM-CHK-005, MDM-CHK-007
    const command c{.uuid = command_uuid{"c-1"},
                    .request_type = "InstallProfile",
                    .body = {{"RequestType", "InstallProfile"}, {"Payload", bytes{1, 2}}}};
    const auto written = *plist::parse_dict(write_command(c));
    EXPECT_EQ(written, (plist::dict{{"CommandUUID", "c-1"}, {"Command", c.body}}));
    const auto back = parse_command(write_command(c));
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(back->uuid, c.uuid);
    EXPECT_EQ(back->request_type, "InstallProfile");
    EXPECT_EQ(back->body, c.body);
}

TEST(Command, RequestTypeIsWrittenEvenWhenTheBodyLacksIt) {
    const command c{.uuid = command_uuid{"1"}, .request_type = "ProfileList", .body = {}};
    EXPECT_EQ(parse_command(write_command(c))->request_type, "ProfileList");
}

TEST(Command, MissingPartsAreNamed) {
    const auto detail = [](const plist::dict& d) {
        return parse_command(plist::to_xml(d)).error().detail;
    };
    EXPECT_EQ(detail({{"Command", plist::dict{{"RequestType", "X"}}}}), "CommandUUID");
    EXPECT_EQ(detail({{"CommandUUID", "1"}}), "Command");
    EXPECT_EQ(detail({{"CommandUUID", "1"}, {"Command", plist::dict{}}}), "RequestType");
    EXPECT_THAT(detail({{"CommandUUID", "1"}, {"Command", "x"}}), testing::HasSubstr("Command is"));
}

} // namespace
} // namespace pomona::mdm
