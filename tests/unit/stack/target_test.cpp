// A target file is read as it was written.
#include "pomona/stack/target.hpp"
#include "pomona/test/temp_folder.hpp"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

namespace pomona::stack {

namespace {

target sample() {
    return {.name = "no: \"yes\"",
            .url = "https://localhost:9000",
            .enroll_url = "https://localhost:9000/enroll",
            .trust = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            .api = {.url = "https://localhost:9000", .user = "nanomdm", .key = "0123"},
            .apns = {.host = "127.0.0.1", .port = 2197, .trust = "-----BEGIN X-----\nBB==\n"},
            .adapter = "nanomdm",
            .capabilities = {"queue", "push"}};
}

TEST(target_file, says_every_member_as_text) {
    const auto t = sample();
    const auto read = YAML::Load(to_yaml(t));
    EXPECT_EQ(read["pomona"].as<int>(), 1);
    const auto body = read["target"];
    EXPECT_EQ(body["name"].as<std::string>(), t.name);
    EXPECT_EQ(body["url"].as<std::string>(), t.url);
    EXPECT_EQ(body["enroll_url"].as<std::string>(), t.enroll_url);
    EXPECT_EQ(body["trust"].as<std::string>(), t.trust);
    EXPECT_EQ(body["api"]["url"].as<std::string>(), t.api.url);
    EXPECT_EQ(body["api"]["user"].as<std::string>(), t.api.user);
    EXPECT_EQ(body["api"]["key"].as<std::string>(), t.api.key);
    EXPECT_EQ(body["apns"]["host"].as<std::string>(), t.apns.host);
    EXPECT_EQ(body["apns"]["port"].as<int>(), t.apns.port);
    EXPECT_EQ(body["apns"]["trust"].as<std::string>(), t.apns.trust);
    EXPECT_EQ(body["adapter"].as<std::string>(), t.adapter);
    EXPECT_EQ(body["capabilities"].as<std::vector<std::string>>(), t.capabilities);
    // Quoted, so that a key of digits stays text for a reader that looks at tags.
    EXPECT_NE(to_yaml(t).find("key: \"0123\""), std::string::npos);
}

TEST(target_file, holds_a_key_and_is_private) {
    const test::temp_folder temp;
    const auto file = temp.path() / "target.yaml";
    ASSERT_TRUE(write_target(sample(), file.string()));
    EXPECT_EQ(test::mode_of(file), 0600U);
    EXPECT_EQ(test::content_of(file), to_yaml(sample()));
    EXPECT_FALSE(write_target(sample(), (temp.path() / "none" / "target.yaml").string()));
}

} // namespace

} // namespace pomona::stack
