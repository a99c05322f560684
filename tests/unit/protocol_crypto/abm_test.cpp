// OAuth 1.0a and the server token of Apple Business Manager.
#include "builders.hpp"
#include "pomona/protocol/abm/oauth1.hpp"
#include "pomona/protocol/abm/server_token.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace pomona::abm {
namespace {

TEST(oauth1, the_example_of_rfc_5849_section_1_2) {
    const oauth_parameters all{{"realm", "Photos"},
                               {"oauth_consumer_key", "dpf43f3p2l4k3l03"},
                               {"oauth_token", "nnch734d00sl2jdk"},
                               {"oauth_signature_method", "HMAC-SHA1"},
                               {"oauth_timestamp", "137131202"},
                               {"oauth_nonce", "chapoH"},
                               {"oauth_signature", "left out"},
                               {"file", "vacation.jpg"},
                               {"size", "original"}};
    const auto base = oauth_base_string("GET", "http://photos.example.net/photos", all);
    EXPECT_EQ(oauth_signature(base, "kd94hf93k423kf44", "pfkkdhi9sl3r4s00"),
              "MdpQcU8iPSUjWoN/UDMsK2sui9I=");
}

TEST(oauth1, parameters_are_sorted_as_encoded) { // RFC 5849 section 3.4.1.3.2
    const oauth_parameters all{{"b5", "=%3D"}, {"a3", "a"},   {"c@", ""},
                               {"a2", "r b"},  {"a3", "2 q"}, {"c2", ""}};
    EXPECT_EQ(oauth_base_string("POST", "http://example.com/request", all),
              "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26"
              "b5%3D%253D%25253D%26c%2540%3D%26c2%3D");
}

// ABM-013.
TEST(oauth1, a_header_reads_back_with_characters_that_need_encoding) {
    oauth_request what{.url = "https://localhost:8443/session",
                       .consumer_key = "CK_a+b/c",
                       .consumer_secret = "CS_%&=",
                       .access_token = "AT_ä \"q\"",
                       .access_secret = "AS_+",
                       .nonce = "n,1",
                       .at = time_point{std::chrono::seconds{1'700'000'000}}};
    for (const auto& realm : {std::optional<std::string>{"ADM"}, std::optional<std::string>{}}) {
        what.realm = realm;
        const auto read = parse_oauth_header(write_oauth_header(what));
        ASSERT_TRUE(read);
        const auto value = [&](std::string_view name) {
            const auto found = std::ranges::find(*read, name, &oauth_parameters::value_type::first);
            return found == read->end() ? std::string{"absent"} : found->second;
        };
        EXPECT_EQ(value("oauth_consumer_key"), what.consumer_key);
        EXPECT_EQ(value("oauth_token"), what.access_token);
        EXPECT_EQ(value("oauth_nonce"), what.nonce);
        EXPECT_EQ(value("oauth_timestamp"), "1700000000");
        EXPECT_EQ(value("realm"), realm.value_or("absent"));
        EXPECT_EQ(value("oauth_signature"),
                  oauth_signature(oauth_base_string("GET", what.url, *read), what.consumer_secret,
                                  what.access_secret));
    }
}

TEST(oauth1, what_is_no_oauth_header_is_refused) {
    for (const auto* text :
         {"", "OAuth", "OAuth ", "Basic a=\"b\"", "OAuthx=\"y\"", "OAuth a", "OAuth a=b",
          "OAuth a=\"%zz\"", "OAuth =\"b\"", "OAuth a=\"b\",", "OAuth a=\""}) {
        EXPECT_FALSE(parse_oauth_header(text)) << text;
    }
    EXPECT_TRUE(parse_oauth_header("oauth a=\"b\" ,  c=\"\""));
    EXPECT_FALSE(parse_oauth_header("OAuth a=\"" + std::string(9000, 'x') + '"'));
}

class server_token_file : public testing::Test {
  protected:
    crypto::identity mine = test::self_signed("MDM server", test::rsa_key(0));
    server_token token{"CK_1", "CS_2", "AT_3", "AS_4",
                       time_point{std::chrono::seconds{1'800'000'000}}};
};

// ABM-001: another parser reads it in tests/interop.
TEST_F(server_token_file, reads_back_with_the_right_key_only) {
    const auto file = write_token_file(token, mine.cert);
    ASSERT_TRUE(file);
    EXPECT_TRUE(file->starts_with("Content-Type: application/pkcs7-mime"));
    const auto read = read_token_file(*file, mine);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(*read, token);
    const auto other =
        read_token_file(*file, test::self_signed("Other", test::rsa_key(1))); // ABM-003
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, crypto::errc::decrypt_failed);
    EXPECT_FALSE(write_token_file(token, test::self_signed("EC", test::ec_key()).cert));
}

TEST_F(server_token_file, broken_files_are_refused) {
    for (const auto* text : {"", "no headers", "a: b\r\n\r\n", "a: b\n\nAAAA", "a: b\n\n!!!"}) {
        EXPECT_FALSE(read_token_file(text, mine)) << text;
    }
    EXPECT_EQ(read_token_file(std::string(100'000, 'x'), mine).error().code,
              crypto::errc::too_large);
}

} // namespace
} // namespace pomona::abm
