#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/plist/codec.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace pomona::plist {
namespace {

using namespace std::chrono;
using std::chrono::sys_days;

std::string wrap(std::string_view inside) {
    return "<plist version=\"1.0\">" + std::string{inside} + "</plist>";
}
result<value> read(std::string_view text) {
    return parse(as_bytes(text));
}
value good(std::string_view inside) {
    auto parsed = read(wrap(inside));
    EXPECT_TRUE(parsed.has_value()) << inside << ": " << (parsed ? "" : parsed.error().message());
    return parsed ? *parsed : value{};
}
std::error_code refusal(std::string_view text) {
    auto parsed = read(text);
    return parsed ? std::error_code{} : parsed.error().code;
}

value everything() {
    return dict{{"empty string", ""},
                {"text", "a & b < c > d \" ' \xc3\xa9 \xf0\x9f\x8d\x8e"},
                {"", "under an empty key"},
                {"key & <markup>", true},
                {"zero", 0},
                {"small", -1},
                {"most", std::numeric_limits<std::int64_t>::max()},
                {"least", std::numeric_limits<std::int64_t>::min()},
                {"real", 0.1},
                {"no", false},
                {"no data", bytes{}},
                {"data", bytes{0, 1, 255, 0}},
                {"date", time_point{sys_days{2026y / January / 2} + 3h + 4min + 5s}},
                {"old date", time_point{sys_days{1800y / March / 1}}},
                {"late date", time_point{sys_days{2100y / December / 31} + 23h}},
                {"list", array{1, "two", array{}, dict{}, array{array{3}}}},
                {"inner", dict{{"z", 1}, {"a", 2}}}};
}

TEST(Plist, EveryTypeSurvivesTheXmlForm) {
    const auto xml = to_xml(everything());
    const auto back = parse(xml);
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(*back, everything());
    EXPECT_THAT(to_text(xml), testing::HasSubstr("<!DOCTYPE plist PUBLIC \"-//Apple"));
}

TEST(Plist, EveryTypeSurvivesTheBinaryForm) {
    const auto binary = to_binary(everything());
    EXPECT_TRUE(as_text(binary).starts_with("bplist00"));
    const auto back = parse(binary);
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(*back, everything());
}

TEST(Plist, TheBinaryFormOfOneTreeIsAlwaysTheSame) {
    // Sharing equal data by their addresses, as libplist does, shows within a few dozen attempts.
    const value tree = dict{{"a", bytes(10, 1)},
                            {"b", bytes(10, 1)},
                            {"c", bytes(10, 1)},
                            {"d", bytes(10, 1)},
                            {"e", array{"a", "a", "b"}}};
    const auto first = to_binary(tree);
    std::vector<bytes> heap;
    for (std::size_t i = 0; i < 2'000; ++i) {
        heap.emplace_back(i % 300);
        const auto copy = *parse(first);
        ASSERT_EQ(to_binary(copy), first) << i;
    }
}

TEST(Plist, EveryLengthAndCountOfTheBinaryForm) {
    for (const std::size_t size : {0U, 1U, 14U, 15U, 255U, 256U, 70'000U}) {
        const std::string wide = [size] {
            std::string out;
            for (std::size_t i = 0; i < size; ++i) {
                out += "\xc3\xa9";
            }
            return out;
        }();
        dict d;
        if (size < 1'000) {
            for (std::size_t i = 0; i < size; ++i) {
                d.set("key " + std::to_string(i), static_cast<std::int64_t>(i * i * i * i));
            }
        }
        const value tree =
            array{std::string(size, 'a'), wide, bytes(size, 7), d, array(size, value{true})};
        const auto back = parse(to_binary(tree));
        ASSERT_TRUE(back) << size << back.error().message();
        EXPECT_EQ(*back, tree) << size;
    }
}

TEST(Plist, RealsAreExactInBothForms) {
    for (const double number : {0.1, 1.0 / 3.0, 1e300, -2.5e-300, 123456789.125, 0.0, 5e-324}) {
        EXPECT_EQ(*parse(to_binary(number)), value{number});
        EXPECT_EQ(*parse(to_xml(number)), value{number}) << to_text(to_xml(number));
    }
    EXPECT_TRUE(std::isnan(*good("<real>nan</real>").get<double>()));
    EXPECT_EQ(good("<real>-infinity</real>"), value{-HUGE_VAL});
}

TEST(Plist, KeyOrderIsKept) {
    const auto parsed =
        good("<dict><key>z</key><true/><key>a</key><true/><key>m</key><true/></dict>");
    std::string keys;
    for (const auto& [key, item] : *parsed.get<dict>()) {
        keys += key;
    }
    EXPECT_EQ(keys, "zam");
}

TEST(Plist, OfEqualKeysTheLastWins) {
    const auto parsed = good("<dict><key>a</key><integer>1</integer><key>b</key><true/>"
                             "<key>a</key><integer>2</integer></dict>");
    EXPECT_EQ(parsed, (value{dict{{"a", 2}, {"b", true}}}));
    EXPECT_EQ((dict{{"a", 1}, {"a", 2}}), (dict{{"a", 2}}));
}

TEST(Plist, FormsThatRealDevicesSend) {
    EXPECT_EQ(read("\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>" + wrap("<true/>")),
              value{true});
    EXPECT_EQ(read("\n <?xml version='1.0' encoding='UTF-8' standalone='no'?>\n<!-- c -->\n" +
                   wrap("\n<true/>\n") + "\n\n"),
              value{true});
    EXPECT_EQ(good("<string>a<![CDATA[<b>&amp;]]>c<!-- no -->d</string>"), value{"a<b>&amp;cd"});
    EXPECT_EQ(good("<dict><key>a<![CDATA[&]]></key><string/></dict>"), (value{dict{{"a&", ""}}}));
    EXPECT_EQ(good("<string>&#65;&#x42;&#x1f34e;&lt;&gt;&amp;&quot;&apos;</string>"),
              value{"AB\xf0\x9f\x8d\x8e<>&\"'"});
    EXPECT_EQ(good("<data>\n\tAA E=\n</data>"), (value{bytes{0, 1}}));
    EXPECT_EQ(good("<data/>"), value{bytes{}});
    EXPECT_EQ(good("<integer> -7\n</integer>"), value{-7});
    EXPECT_EQ(good("<integer>0x1F</integer>"), value{31});
    EXPECT_EQ(good("<true></true>"), value{true});
    EXPECT_EQ(good("<array />"), value{array{}});
    EXPECT_EQ(good("<dict ></dict >"), value{dict{}});
}

TEST(Plist, DatesBeyondLibplistsThirtyTwoBits) {
    EXPECT_EQ(good("<date>2071-05-06T07:08:09Z</date>"),
              (value{time_point{sys_days{2071y / May / 6} + 7h + 8min + 9s}}));
    // Foundation's "distant future" is past what nanoseconds count.
    const auto far = good("<date>4001-01-01T00:00:00Z</date>");
    EXPECT_EQ(far, value{time_point{floor<seconds>(time_point::max())}});
    EXPECT_EQ(*parse(to_binary(far)), far);
    EXPECT_EQ(*parse(to_xml(far)), far);
    const auto early = good("<date>0001-01-01T00:00:00Z</date>");
    EXPECT_EQ(early, value{time_point{ceil<days>(time_point::min())}});
    EXPECT_EQ(*parse(to_binary(early)), early);
    EXPECT_EQ(*parse(to_xml(value{time_point::min()})), early);
}

TEST(Plist, ScalarsThatLibplistWouldReadAsSomethingElseAreRefused) {
    for (const auto* inside :
         {"<integer>abc</integer>", "<integer/>", "<integer>7up</integer>",
          "<integer>010</integer>", "<real>x</real>", "<real/>", "<date>junk</date>", "<date/>",
          "<date>2026-02-30T00:00:00Z</date>", "<date>2026-01-02T24:00:00Z</date>",
          "<data>!!!!</data>", "<data>AAE</data>", "<data>=AAE</data>", "<true>1</true>"}) {
        EXPECT_EQ(refusal(wrap(inside)), errc::malformed) << inside;
    }
}

TEST(Plist, IntegersBeyondSixtyFourSignedBitsAreUnsupported) {
    EXPECT_EQ(good("<integer>9223372036854775807</integer>"),
              value{std::numeric_limits<std::int64_t>::max()});
    EXPECT_EQ(good("<integer>-9223372036854775808</integer>"),
              value{std::numeric_limits<std::int64_t>::min()});
    for (const auto* text : {"9223372036854775808", "-9223372036854775809", "0x8000000000000000",
                             "99999999999999999999999"}) {
        EXPECT_EQ(refusal(wrap("<integer>" + std::string{text} + "</integer>")),
                  errc::unsupported_type)
            << text;
    }
    EXPECT_EQ(refusal(wrap("<dict><key>CF$UID</key><integer>7</integer></dict>")),
              errc::unsupported_type);
}

TEST(Plist, WhatAFormCannotCarryIsReplacedWhenWritten) {
    const value odd{std::string{"a\0b\x01\xff", 5}};
    EXPECT_EQ(*parse(to_xml(odd)), value{"a\xef\xbf\xbd"
                                         "b\xef\xbf\xbd\xef\xbf\xbd"});
    EXPECT_EQ(*parse(to_binary(odd)), value{"a\xef\xbf\xbd"
                                            "b\x01\xef\xbf\xbd"});
}

TEST(Plist, RequiredKeysAreNamedInTheError) {
    const dict d{{"text", "x"}, {"data", bytes{1}}, {"dict", dict{}}};
    EXPECT_EQ(*require_string(d, "text"), "x");
    EXPECT_EQ(*require_data(d, "data"), bytes{1});
    EXPECT_EQ(*require_dict(d, "dict"), dict{});
    const auto missing = require_string(d, "Topic");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, errc::missing_key);
    EXPECT_EQ(missing.error().detail, "Topic");
    const auto wrong = require_data(d, "text");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, errc::wrong_type);
    EXPECT_EQ(wrong.error().detail, "text must be a data, is string");
}

TEST(Plist, OnlyADictionaryIsAMessage) {
    EXPECT_TRUE(parse_dict(as_bytes(wrap("<dict/>"))));
    const auto other = parse_dict(as_bytes(wrap("<array/>")));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, errc::not_a_dictionary);
}

TEST(PlistDict, SetReplacesInPlaceAndEraseRemoves) {
    dict d{{"a", 1}, {"b", 2}};
    d.set("a", 3);
    d.set("c", 4);
    EXPECT_EQ(d, (dict{{"a", 3}, {"b", 2}, {"c", 4}}));
    EXPECT_TRUE(d.erase("b"));
    EXPECT_FALSE(d.erase("b"));
    EXPECT_EQ(d.size(), 2U);
    EXPECT_EQ(*d.integer("a"), 3);
    EXPECT_EQ(d.string("a"), nullptr);
    EXPECT_EQ(d.find("b"), nullptr);
}

// Written by another implementation (CPython 3.11's plistlib, both forms of one document).
TEST(Plist, ReadsWhatPythonWrites) {
    const dict expected{{"MessageType", "TokenUpdate"},
                        {"Token", bytes{1, 2, 3}},
                        {"Date", time_point{sys_days{2026y / January / 2} + 3h + 4min + 5s}},
                        {"Text", "\xc3\xa9\xf0\x9f\x8d\x8e"},
                        {"List", array{1, -1, 2.5, true}}};
    const auto binary =
        from_hex("62706c6973743030d50102030405060708090a5b4d6573736167655479706555546f6b65"
                 "6e54446174655454657874544c6973745b546f6b656e557064617465430102033341c783"
                 "b6928000006300e9d83cdf4ea40b0c0d0e100113ffffffffffffffff2340040000000000"
                 "000908131f252a2f3440444d54595b646d0000000000000101000000000000000f000000"
                 "0000000000000000000000006e");
    ASSERT_TRUE(binary);
    const auto from_binary = parse(*binary);
    ASSERT_TRUE(from_binary) << from_binary.error().message();
    EXPECT_EQ(*from_binary, value{expected});
    const auto from_xml = parse(
        *from_base64("PD94bWwgdmVyc2lvbj0iMS4wIiBlbmNvZGluZz0iVVRGLTgiPz4KPCFET0NUWVBFIHBsaXN0"
                     "IFBVQkxJQyAiLS8vQXBwbGUvL0RURCBQTElTVCAxLjAvL0VOIiAiaHR0cDovL3d3dy5hcHBs"
                     "ZS5jb20vRFREcy9Qcm9wZXJ0eUxpc3QtMS4wLmR0ZCI+CjxwbGlzdCB2ZXJzaW9uPSIxLjAi"
                     "Pgo8ZGljdD4KCTxrZXk+TWVzc2FnZVR5cGU8L2tleT4KCTxzdHJpbmc+VG9rZW5VcGRhdGU8"
                     "L3N0cmluZz4KCTxrZXk+VG9rZW48L2tleT4KCTxkYXRhPgoJQVFJRAoJPC9kYXRhPgoJPGtl"
                     "eT5EYXRlPC9rZXk+Cgk8ZGF0ZT4yMDI2LTAxLTAyVDAzOjA0OjA1WjwvZGF0ZT4KCTxrZXk+"
                     "VGV4dDwva2V5PgoJPHN0cmluZz7DqfCfjY48L3N0cmluZz4KCTxrZXk+TGlzdDwva2V5PgoJ"
                     "PGFycmF5PgoJCTxpbnRlZ2VyPjE8L2ludGVnZXI+CgkJPGludGVnZXI+LTE8L2ludGVnZXI+"
                     "CgkJPHJlYWw+Mi41PC9yZWFsPgoJCTx0cnVlLz4KCTwvYXJyYXk+CjwvZGljdD4KPC9wbGlz"
                     "dD4K"));
    ASSERT_TRUE(from_xml) << from_xml.error().message();
    EXPECT_EQ(*from_xml, value{expected});
}

} // namespace
} // namespace pomona::plist
