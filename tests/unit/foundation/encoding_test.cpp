#include "pomona/foundation/encoding.hpp"
#include "pomona/foundation/error.hpp"
#include "pomona/foundation/utf8.hpp"
#include "pomona/foundation/uuid.hpp"

#include <gtest/gtest.h>

namespace pomona {
namespace {

TEST(hex, round_trips_and_refuses_what_is_not_hex) {
    EXPECT_EQ(to_hex(bytes{0x00, 0xab, 0xff}), "00abff");
    EXPECT_EQ(from_hex("00ABff"), (bytes{0x00, 0xab, 0xff}));
    EXPECT_FALSE(from_hex("abc"));
    EXPECT_FALSE(from_hex("zz"));
}

TEST(base64, strict_form_refuses_white_space_and_the_url_alphabet) {
    EXPECT_EQ(to_base64(as_bytes("any")), "YW55");
    EXPECT_EQ(to_base64(as_bytes("an")), "YW4=");
    EXPECT_EQ(from_base64("YW4="), to_bytes("an"));
    EXPECT_EQ(from_base64(""), bytes{});
    EXPECT_FALSE(from_base64("YW 4"));
    EXPECT_FALSE(from_base64("-_-_"));
    EXPECT_FALSE(from_base64("YW4"));
    EXPECT_FALSE(from_base64("=W4="));
}

TEST(base64, liberal_form_takes_what_scep_clients_send_by_get) {
    const bytes data{0xfb, 0xff, 0xfe, 0x01};
    EXPECT_EQ(from_base64_liberal("+//+AQ=="), data);
    EXPECT_EQ(from_base64_liberal("-__-AQ"), data);
    EXPECT_EQ(from_base64_liberal("+//\n+AQ==\r\n"), data);
    EXPECT_EQ(from_base64_liberal(" // AQ==", true), data);
    EXPECT_FALSE(from_base64_liberal("+//+A"));
    EXPECT_FALSE(from_base64_liberal("%%%%"));
}

TEST(percent, round_trips_and_refuses_broken_escapes) {
    EXPECT_EQ(percent_encode("a b+/="), "a%20b%2B%2F%3D");
    EXPECT_EQ(percent_decode("a%20b%2b+"), "a b++");
    EXPECT_FALSE(percent_decode("%2"));
    EXPECT_FALSE(percent_decode("%zz"));
}

TEST(uuid, carries_version_and_variant) {
    const auto id = make_uuid({});
    EXPECT_EQ(id, "00000000-0000-4000-8000-000000000000");
    EXPECT_TRUE(is_uuid(id));
    EXPECT_FALSE(is_uuid("00000000-0000-4000-8000-00000000000"));
    EXPECT_FALSE(is_uuid("00000000-0000-4000-8000-00000000000g"));
}

TEST(utf8, only_well_formed_text_passes) {
    for (const auto* good :
         {"", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8d\x8e", "\xf4\x8f\xbf\xbf"}) {
        EXPECT_TRUE(is_utf8(good)) << escape(good);
    }
    for (const auto* bad : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                            "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "a\xff"}) {
        EXPECT_FALSE(is_utf8(bad)) << escape(bad);
    }
    EXPECT_EQ(first_utf8_char("\xe2\x82\xac.").code, 0x20acU);
}

TEST(escape, hides_control_characters_of_a_peer) {
    EXPECT_EQ(escape("a\x1b[31m\n"), "a\\x1b[31m\\x0a");
    EXPECT_EQ(escape("abcdef", 3), "abc...");
}

} // namespace
} // namespace pomona
