#include "pomona/net/http.hpp"

#include <gtest/gtest.h>

namespace pomona::net {

TEST(headers, the_first_of_a_name_is_found_without_case) {
    const headers all = {
        {"Content-Type", "Application/XML ; charset=UTF-8"}, {"A", "1"}, {"a", "2"}};
    EXPECT_EQ(find_header(all, "a"), "1");
    EXPECT_EQ(count_headers(all, "A"), 2U);
    EXPECT_EQ(find_header(all, "b"), std::nullopt);
    EXPECT_EQ(media_type(all), "application/xml");
    EXPECT_EQ(media_type({}), "");
}

TEST(url, parts_and_defaults) {
    const auto a = parse_url("https://MDM.example.com/checkin?x=1");
    ASSERT_TRUE(a);
    EXPECT_TRUE(a->secure);
    EXPECT_EQ(a->server, (endpoint{"mdm.example.com", 443}));
    EXPECT_EQ(a->target, "/checkin?x=1");

    const auto b = parse_url("http://127.0.0.1:8080");
    ASSERT_TRUE(b);
    EXPECT_FALSE(b->secure);
    EXPECT_EQ(b->server, (endpoint{"127.0.0.1", 8080}));
    EXPECT_EQ(b->target, "/");

    const auto c = parse_url("HTTPS://[::1]:8443?op=GetCACaps");
    ASSERT_TRUE(c);
    EXPECT_EQ(c->server, (endpoint{"::1", 8443}));
    EXPECT_EQ(c->target, "/?op=GetCACaps");
    EXPECT_EQ(to_text(c->server), "[::1]:8443");
}

TEST(url, what_is_not_one_is_refused) {
    for (const auto* text : {"",
                             "example.com",
                             "ftp://example.com/",
                             "https:///x",
                             "https://",
                             "https://:443/",
                             "https://h:/",
                             "https://h:0/",
                             "https://h:65536/",
                             "https://h:8a/",
                             "https://h:-1/",
                             "https://u@h/",
                             "https://u:p@h/",
                             "https://h/#f",
                             "https://h/a b",
                             "https://h/\x01",
                             "https://h/\x7f",
                             "https://h\r\nX: y/",
                             "https://[::1/",
                             "https://[zz]/",
                             "https://[::1]x/",
                             "https://a..b/",
                             "https://.a/",
                             "https://h/\xc3\xa4",
                             "https://h/<x>",
                             "https://h\\x/"}) {
        EXPECT_FALSE(parse_url(text)) << text;
    }
    EXPECT_FALSE(parse_url("https://h/" + std::string(9000, 'a')));
    EXPECT_TRUE(parse_url("https://h:65535/"));
}

TEST(query, parameters_are_decoded_and_plus_stays) {
    constexpr auto target =
        "/scep?operation=PKIOperation&message=a%2Bb+c&empty=&flag&bad=%zz&x=1&x=2";
    EXPECT_EQ(query_parameter(target, "operation"), "PKIOperation");
    EXPECT_EQ(query_parameter(target, "message"), "a+b+c");
    EXPECT_EQ(query_parameter(target, "empty"), "");
    EXPECT_EQ(query_parameter(target, "flag"), "");
    EXPECT_EQ(query_parameter(target, "x"), "1");
    EXPECT_EQ(query_parameter(target, "bad"), std::nullopt);
    EXPECT_EQ(query_parameter(target, "absent"), std::nullopt);
    EXPECT_EQ(query_parameter("/scep", "operation"), std::nullopt);
    EXPECT_EQ(path_of(target), "/scep");
    EXPECT_EQ(path_of("/scep"), "/scep");
}

TEST(transport, a_failure_says_what_and_when) {
    const transport_error e{transport_failure::timeout, true, "no response"};
    EXPECT_EQ(e.message(), "timeout after the request was sent: no response");
}

} // namespace pomona::net
