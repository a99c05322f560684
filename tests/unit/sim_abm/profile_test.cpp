// Defining and reading enrollment profiles.
#include "client.hpp"

namespace pomona::sim::abm {
namespace {

struct limit_case {
    const char* key;
    json good, bad;
    const char* code;
};

/// So many characters, each of two octets.
std::string letters(std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        out += "ä";
    }
    return out;
}

TEST_F(dep, ABM_067_each_rule_of_define_at_its_limit) {
    const std::string url = "https://mdm.example.org/";
    const std::vector<limit_case> cases{
        {"profile_name", letters(125), letters(126), "CONFIG_NAME_INVALID"},
        {"profile_name", "x", "", "CONFIG_NAME_INVALID"},
        {"profile_name", "x", 7, "CONFIG_NAME_INVALID"},
        {"url", url + std::string(2000 - url.size(), 'a'),
         url + std::string(2001 - url.size(), 'a'), "CONFIG_URL_INVALID"},
        {"url", url, "", "CONFIG_URL_INVALID"},
        {"url", url, "no url", "CONFIG_URL_INVALID"},
        {"department", letters(125), letters(126), "DEPARTMENT_INVALID"},
        {"department", "x", "", "DEPARTMENT_INVALID"},
        {"support_phone_number", letters(50), letters(51), "SUPPORT_PHONE_INVALID"},
        {"support_phone_number", "x", "", "SUPPORT_PHONE_INVALID"},
        {"support_email_address", letters(250), letters(251), "SUPPORT_EMAIL_INVALID"},
        {"support_email_address", "x", "", "SUPPORT_EMAIL_INVALID"},
        {"org_magic", letters(256), letters(257), "MAGIC_INVALID"},
        {"org_magic", "x", "", "MAGIC_INVALID"},
        {"is_mdm_removable", true, false, "FLAGS_INVALID"},
        {"language", "en", "english", "LOCALE_INVALID"},
        {"region", "US", "U", "LOCALE_INVALID"}};
    for (const auto& c : cases) {
        json profile{{"profile_name", "P"}, {"url", url}};
        profile[c.key] = c.good;
        EXPECT_EQ(call("POST", "/profile", profile).status, 200U) << c.key;
        profile[c.key] = c.bad;
        EXPECT_EQ(refused("POST", "/profile", profile), std::string{"400 "} + c.code) << c.key;
    }
    EXPECT_EQ(refused("POST", "/profile", {{"url", url}}), "400 CONFIG_NAME_REQUIRED");
    EXPECT_EQ(refused("POST", "/profile", {{"profile_name", "x"}}), "400 CONFIG_URL_REQUIRED");
    EXPECT_EQ(call("POST", "/profile",
                   {{"profile_name", "P"},
                    {"url", url},
                    {"is_mdm_removable", false},
                    {"is_supervised", true}})
                  .status,
              200U);
}

TEST_F(dep, ABM_069_a_profile_reads_back_as_it_was_sent) {
    const json sent{{"profile_name", "P"},
                    {"url", "https://x.example.org"},
                    {"skip_setup_items", {"Siri", "Unknown"}},
                    {"x_future", {{"a", 1}}}};
    auto with_devices = sent;
    with_devices["devices"] = {"NONE"};
    const std::string uuid = good("POST", "/profile", with_devices)["profile_uuid"];
    EXPECT_EQ(uuid.size(), 32U);
    auto read = good("GET", "/profile?profile_uuid=" + uuid);
    EXPECT_EQ(read["profile_uuid"], uuid);
    read.erase("profile_uuid");
    EXPECT_EQ(read, sent);
    EXPECT_EQ(refused("GET", "/profile?profile_uuid=00"), "404 NOT_FOUND");
    EXPECT_EQ(refused("GET", "/profile"), "400 PROFILE_UUID_REQUIRED");
}

TEST_F(dep, ABM_076_account_driven_enrollment) {
    const std::string path = "/account-driven-enrollment/profile";
    EXPECT_EQ(refused("POST", path), "400 MDM_SERVICE_DISCOVERY_URL_REQUIRED");
    EXPECT_EQ(refused("POST", path, {{"mdm_service_discovery_url", "http://x.example.org/a"}}),
              "400 MDM_SERVICE_DISCOVERY_URL_NOT_VALID");
    EXPECT_EQ(call("GET", path).status, 404U);
    const auto set = call("POST", path, {{"mdm_service_discovery_url", "https://x.example.org/a"}});
    EXPECT_EQ(set.status, 200U);
    EXPECT_TRUE(set.body.empty());
    EXPECT_EQ(good("GET", path)["mdm_service_discovery_url"], "https://x.example.org/a");
    EXPECT_TRUE(good("GET", path).contains("last_updated_timestamp"));
    EXPECT_EQ(call("DELETE", path).status, 200U);
    EXPECT_EQ(call("GET", path).status, 404U);
}

TEST_F(dep, ABM_077_beta_tokens) {
    const auto tokens = good("GET", "/os-beta-enrollment/tokens");
    EXPECT_EQ(tokens["betaEnrollmentTokens"], tokens["seedBuildTokens"]);
    EXPECT_FALSE(tokens["betaEnrollmentTokens"].empty());
    org_.has_apple_seed = false;
    EXPECT_EQ(refused("GET", "/os-beta-enrollment/tokens"), "403 APPLE_SEED_FOR_IT_TURNED_OFF");
}

} // namespace
} // namespace pomona::sim::abm
