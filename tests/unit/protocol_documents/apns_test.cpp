#include "pomona/protocol/apns/message.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <map>
#include <sstream>

namespace pomona::apns {
namespace {

/// "status, reason, …": the table that the push service's answers are compared with over the wire.
std::map<std::string, unsigned> read_table() {
    std::map<std::string, unsigned> out;
    std::ifstream file{POMONA_APNS_REASONS};
    for (std::string line; std::getline(file, line);) {
        std::istringstream fields{line};
        unsigned status = 0;
        std::string reason;
        if (!line.starts_with('#') && fields >> status >> reason) {
            out.emplace(reason, status);
        }
    }
    return out;
}

TEST(ApnsReason, TableIsApples) { // APNS-015
    const auto table = read_table();
    for (const auto& [text, status] : table) {
        const auto parsed = parse_reason(text);
        ASSERT_TRUE(parsed) << text;
        EXPECT_EQ(to_text(*parsed), text);
        EXPECT_EQ(status_of(*parsed), status) << text;
    }
    EXPECT_EQ(table.size(), static_cast<std::size_t>(reason::shutdown) + 1);
    EXPECT_EQ(to_text(reason::unregistered), "Unregistered");
    EXPECT_EQ(parse_reason("BadEnvironmentKeyInToken"), reason::bad_environment_key_id_in_token);
    EXPECT_FALSE(parse_reason("badTopic"));
}

TEST(ApnsPayload, IsExactlyOneKeyForAnyMagic) { // MDM-CHK-020, APNS-040
    EXPECT_EQ(mdm_payload(push_magic{"ABC"}), R"({"mdm":"ABC"})");
    for (const std::string magic : {"", "a\"b\\c", "\n\x01\x7f", "\xc3\xa9", "</script>", "{}"}) {
        const auto json = mdm_payload(push_magic{magic});
        const auto parsed = nlohmann::json::parse(json);
        EXPECT_EQ(parsed.size(), 1U);
        EXPECT_EQ(parsed["mdm"], magic);
        EXPECT_EQ(read_mdm_payload(as_bytes(json)), push_magic{magic});
    }
    EXPECT_TRUE(nlohmann::json::accept(mdm_payload(push_magic{"\xff"})));
}

TEST(ApnsPayload, MagicIsFoundBesideOtherKeys) {
    const auto read = [](std::string_view json) { return read_mdm_payload(as_bytes(json)); };
    EXPECT_EQ(read(R"({"aps":{"mdm":"no","alert":["mdm"]},"mdm":"yes"})"), push_magic{"yes"});
    EXPECT_EQ(read(R"({"mdm":"first","mdm":"last"})"), push_magic{"last"});
    for (const auto* json :
         {"", "{}", "[]", "\"mdm\"", "7", R"({"mdm":1})", R"({"mdm":null})",
          R"({"mdm":{"mdm":"x"}})", R"(["mdm","x"])", R"([{"mdm":"x"}])", R"({"mdm":"x")",
          R"({"mdm":"x"}y)", R"({"mdm":"x","mdm":2})", R"({"aps":{"mdm":"x"}})"}) {
        EXPECT_FALSE(read(json)) << json;
    }
    EXPECT_FALSE(read("{\"mdm\":" + std::string(1'000'000, '[')));
}

TEST(ApnsErrorBody, TimestampOnlyWhereGiven) { // APNS-018
    EXPECT_EQ(error_body(reason::bad_device_token), R"({"reason":"BadDeviceToken"})");
    EXPECT_EQ(error_body(reason::unregistered, 1'767'323'045'123),
              R"({"reason":"Unregistered","timestamp":1767323045123})");
}

} // namespace
} // namespace pomona::apns
