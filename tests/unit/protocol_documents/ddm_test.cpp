#include "pomona/protocol/ddm/messages.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace pomona::ddm {
namespace {

std::string text_of(const bytes& data) {
    return pomona::to_text(data);
}
std::error_code tokens_refusal(std::string_view json) {
    auto parsed = parse_tokens(as_bytes(json));
    return parsed ? std::error_code{} : parsed.error().code;
}

TEST(DdmTokens, RoundTrip) {
    const auto json = text_of(write_tokens({"abc", "2026-01-02T03:04:05Z"}));
    EXPECT_EQ(json, "{\"SyncTokens\":{\"DeclarationsToken\":\"abc\","
                    "\"Timestamp\":\"2026-01-02T03:04:05Z\"}}");
    const auto back = parse_tokens(as_bytes(json));
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(back->declarations_token, "abc");
    EXPECT_EQ(back->timestamp, "2026-01-02T03:04:05Z");
    EXPECT_TRUE(parse_tokens(write_tokens({"x", ""}))->timestamp.empty());
}

TEST(DdmTokens, TokenIsOneToTwoHundredFiftySixOctets) { // DDM-001
    const auto with = [](const std::string& token) {
        return tokens_refusal("{\"SyncTokens\":{\"DeclarationsToken\":\"" + token + "\"}}");
    };
    EXPECT_FALSE(with(std::string(256, 'a')));
    EXPECT_EQ(with(std::string(257, 'a')), errc::too_long);
    std::string accents;
    for (int i = 0; i < 129; ++i) {
        accents += "\xc3\xa9"; // octets count, not characters
    }
    EXPECT_EQ(with(accents), errc::too_long);
    EXPECT_EQ(with(""), errc::malformed);
    EXPECT_EQ(tokens_refusal("{}"), errc::missing_key);
    EXPECT_EQ(tokens_refusal("{\"SyncTokens\":{}}"), errc::missing_key);
    EXPECT_EQ(tokens_refusal("{\"SyncTokens\":[]}"), errc::wrong_type);
    EXPECT_EQ(tokens_refusal("{\"SyncTokens\":{\"DeclarationsToken\":1}}"), errc::wrong_type);
    EXPECT_EQ(tokens_refusal("[]"), errc::wrong_type);
}

TEST(DdmManifest, RoundTripWithAllFourArrays) { // DDM-003
    manifest m;
    m.items(kind::configuration) = {{"c", "1"}, {"d/e", "2"}};
    m.items(kind::activation) = {{"a", "3"}};
    m.declarations_token = "t";
    const auto json = text_of(write_manifest(m));
    EXPECT_EQ(json, "{\"Declarations\":{\"Activations\":[{\"Identifier\":\"a\","
                    "\"ServerToken\":\"3\"}],\"Configurations\":[{\"Identifier\":\"c\","
                    "\"ServerToken\":\"1\"},{\"Identifier\":\"d/e\",\"ServerToken\":\"2\"}],"
                    "\"Assets\":[],\"Management\":[]},\"DeclarationsToken\":\"t\"}");
    const auto back = parse_manifest(as_bytes(json));
    ASSERT_TRUE(back) << back.error().message();
    for (const auto k : {kind::activation, kind::configuration, kind::asset, kind::management}) {
        EXPECT_EQ(back->items(k), m.items(k)) << to_text(k);
    }
    EXPECT_EQ(back->declarations_token, "t");
}

TEST(DdmManifest, AMissingOrNullArrayIsRefusedByName) { // DDM-003
    manifest empty;
    empty.declarations_token = "t";
    const auto whole = nlohmann::json::parse(text_of(write_manifest(empty)));
    for (const auto* key : {"Activations", "Configurations", "Assets", "Management"}) {
        auto without = whole;
        without["Declarations"].erase(key);
        const auto missing = parse_manifest(as_bytes(without.dump()));
        ASSERT_FALSE(missing) << key;
        EXPECT_EQ(missing.error().code, errc::missing_key);
        EXPECT_EQ(missing.error().detail, key);
        auto null = whole;
        null["Declarations"][key] = nullptr;
        EXPECT_EQ(parse_manifest(as_bytes(null.dump())).error().code, errc::wrong_type);
    }
}

TEST(DdmManifest, IdentifierAndServerTokenAreAtMostSixtyFourOctets) { // DDM-013
    const auto with = [](std::size_t identifier, std::size_t token) {
        manifest m;
        m.declarations_token = "t";
        m.assets = {{std::string(identifier, 'i'), std::string(token, 't')}};
        const auto parsed = parse_manifest(write_manifest(m));
        return parsed ? std::error_code{} : parsed.error().code;
    };
    EXPECT_FALSE(with(64, 64));
    EXPECT_EQ(with(65, 1), errc::too_long);
    EXPECT_EQ(with(1, 65), errc::too_long);
}

TEST(DdmDeclaration, RoundTripKeepsThePayload) {
    const declaration d{"com.apple.configuration.management.test", "T1", "7", R"({"Echo":"hi"})"};
    const auto json = text_of(write_declaration(d));
    EXPECT_EQ(json, "{\"Type\":\"com.apple.configuration.management.test\",\"Identifier\":\"T1\","
                    "\"ServerToken\":\"7\",\"Payload\":{\"Echo\":\"hi\"}}");
    const auto back = parse_declaration(as_bytes(json));
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(back->type, d.type);
    EXPECT_EQ(back->server_token, "7");
    EXPECT_EQ(back->payload, d.payload);
    EXPECT_EQ(back->kind(), kind::configuration);
}

TEST(DdmDeclaration, UploadsMayLackTheServerToken) {
    const auto* json = R"({"Type":"com.apple.asset.data","Identifier":"A","Payload":{}})";
    EXPECT_TRUE(parse_declaration(as_bytes(json), false));
    EXPECT_EQ(parse_declaration(as_bytes(json)).error().detail, "ServerToken");
    EXPECT_TRUE(
        parse_declaration(write_declaration(*parse_declaration(as_bytes(json), false)), false));
}

TEST(DdmDeclaration, RulesOfTheBase) {
    const auto refusal = [](std::string_view json) {
        const auto parsed = parse_declaration(as_bytes(json));
        return parsed ? std::error_code{} : parsed.error().code;
    };
    EXPECT_EQ(
        refusal(R"({"Type":"org.x.asset.y","Identifier":"A","ServerToken":"1","Payload":{}})"),
        errc::unknown_kind);
    EXPECT_EQ(refusal(R"({"Type":"com.apple.asset.y","Identifier":"A","ServerToken":"1"})"),
              errc::missing_key);
    EXPECT_EQ(
        refusal(R"({"Type":"com.apple.asset.y","Identifier":"A","ServerToken":"1","Payload":[]})"),
        errc::wrong_type);
    EXPECT_EQ(refusal(R"({"Identifier":"A","ServerToken":"1","Payload":{}})"), errc::missing_key);
    EXPECT_EQ(refusal("nonsense"), errc::malformed);
}

TEST(DdmKind, ThirdComponentOfTheType) {
    EXPECT_EQ(kind_of("com.apple.activation.simple"), kind::activation);
    EXPECT_EQ(kind_of("com.apple.management.server-capabilities"), kind::management);
    EXPECT_FALSE(kind_of("com.apple.asset"));
    EXPECT_FALSE(kind_of("com.apple.asset."));
    EXPECT_FALSE(kind_of("com.apple.assets.x"));
    EXPECT_FALSE(parse_kind("Asset"));
}

TEST(DdmEndpoint, EveryFormRoundTrips) {
    for (const auto* text : {"tokens", "declaration-items", "status", "declaration/activation/a",
                             "declaration/asset/a/b//c", "declaration/management/ "}) {
        const auto parsed = parse_endpoint(text);
        ASSERT_TRUE(parsed) << text;
        EXPECT_EQ(write_endpoint(*parsed), text);
    }
}

TEST(DdmEndpoint, IdentifierKeepsItsSlashes) {
    const auto parsed = parse_endpoint("declaration/configuration/x/y/z");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->target, endpoint::what::declaration);
    EXPECT_EQ(parsed->kind, kind::configuration);
    EXPECT_EQ(parsed->identifier, "x/y/z");
}

TEST(DdmEndpoint, OthersAreUnknown) { // DDM-011, DDM-024
    for (const auto* text : {"", "foo", "Tokens", "tokens/", "declaration", "declaration/",
                             "declaration/asset", "declaration/asset/"}) {
        EXPECT_EQ(parse_endpoint(text).error().code, errc::unknown_endpoint) << text;
    }
    EXPECT_EQ(parse_endpoint("declaration/com.apple.asset.data/x").error().code,
              errc::unknown_kind);
}

TEST(DdmJson, BoundsAndJunk) { // DDM-023
    const auto refuses = [](std::string_view text) { return !parse_json(as_bytes(text)); };
    EXPECT_TRUE(refuses(std::string(100'000, '[')));
    EXPECT_TRUE(refuses(std::string(65, '[') + std::string(65, ']')));
    EXPECT_FALSE(refuses(std::string(64, '[') + std::string(64, ']')));
    for (const auto* text :
         {"", "{", "{\"a\":}", "{\"a\":1}x", "nul", "\"\xff\"", "1e999", "{'a':1}"}) {
        EXPECT_TRUE(refuses(text)) << text;
    }
    EXPECT_FALSE(parse_json(as_bytes("[1,2,3]"), 6));
    EXPECT_TRUE(parse_json(as_bytes("[1,2,3]"), 7));
    std::string many = "[0";
    for (int i = 0; i < 200'000; ++i) {
        many += ",0";
    }
    EXPECT_TRUE(refuses(many + "]"));
    EXPECT_EQ((**parse_json(as_bytes(R"({"a":1,"a":2})")))["a"], 2);
}

TEST(DdmJson, TruncatedAtAnyOctetIsAnError) {
    manifest m;
    m.assets = {{"a", "1"}};
    m.declarations_token = "t";
    const auto whole = write_manifest(m);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(parse_manifest(bytes_view{whole}.first(size))) << size;
    }
}

} // namespace
} // namespace pomona::ddm
