// Property lists made to hurt: truncated, nested, self-referring, exploding, lying about their
// size.
#include "pomona/protocol/plist/codec.hpp"

#include <gmock/gmock.h>

#include <chrono>

namespace pomona::plist {
namespace {

/// A binary property list from the octets of its objects; offsets of two octets.
struct binary_builder {
    std::vector<bytes> objects;
    std::uint8_t ref_size = 1;
    std::uint64_t root = 0;

    bytes build() const {
        bytes out = to_bytes("bplist00");
        bytes table;
        for (const auto& object : objects) {
            table.push_back(static_cast<std::uint8_t>(out.size() >> 8U));
            table.push_back(static_cast<std::uint8_t>(out.size()));
            out.insert(out.end(), object.begin(), object.end());
        }
        return finish(std::move(out), table, 2, objects.size());
    }
    bytes finish(bytes out, const bytes& table, std::uint8_t offset_size,
                 std::uint64_t count) const {
        const auto at = out.size();
        out.insert(out.end(), table.begin(), table.end());
        out.insert(out.end(), {0, 0, 0, 0, 0, 0, offset_size, ref_size});
        for (const std::uint64_t number : {count, root, std::uint64_t{at}}) {
            for (int shift = 56; shift >= 0; shift -= 8) {
                out.push_back(static_cast<std::uint8_t>(number >> static_cast<unsigned>(shift)));
            }
        }
        return out;
    }
};

std::error_code refusal(bytes_view data, const limits& bounds = {}) {
    auto parsed = parse(data, bounds);
    return parsed ? std::error_code{} : parsed.error().code;
}
std::error_code refusal(std::string_view text, const limits& bounds = {}) {
    return refusal(as_bytes(text), bounds);
}
/// Of a binary property list with these objects, the first of them the root.
std::error_code refusal_of(std::vector<bytes> objects) {
    return refusal(binary_builder{std::move(objects)}.build());
}
std::string wrap(std::string_view inside) {
    return "<plist version=\"1.0\">" + std::string{inside} + "</plist>";
}
std::string repeat(std::string_view what, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        out += what;
    }
    return out;
}
value sample() {
    return dict{{"MessageType", "Authenticate"},
                {"Data", bytes{1, 2, 3, 4, 5}},
                {"Deep", array{array{dict{{"x", 1.5}, {"y", -3}}}}},
                {"Date", time_point{std::chrono::seconds{1'767'323'045}}},
                {"Long", std::string(300, 'a')},
                {"Unicode", "\xc3\xa9\xf0\x9f\x8d\x8e"}};
}
/// A heap block of exactly the size, so that AddressSanitizer sees any over-read.
bytes exactly(bytes_view data) {
    return {data.begin(), data.end()};
}

TEST(PlistHostile, XmlTruncatedAtAnyOctetIsAnError) {
    auto whole = to_xml(sample());
    whole.pop_back(); // the final newline is not missed
    ASSERT_TRUE(parse(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_TRUE(refusal(exactly(bytes_view{whole}.first(size)))) << size;
    }
}

TEST(PlistHostile, BinaryTruncatedAtAnyOctetIsAnError) {
    const auto whole = to_binary(sample());
    ASSERT_TRUE(parse(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_TRUE(refusal(exactly(bytes_view{whole}.first(size)))) << size;
    }
}

TEST(PlistHostile, AnyOneChangedOctetNeverCrashes) {
    for (const auto& whole : {to_xml(sample()), to_binary(sample())}) {
        for (std::size_t at = 0; at < whole.size(); ++at) {
            for (const unsigned flip : {0x01U, 0x80U, 0xffU, 0x40U}) {
                auto changed = whole;
                changed[at] = static_cast<std::uint8_t>(changed[at] ^ flip);
                if (const auto parsed = parse(changed)) {
                    EXPECT_TRUE(parse(to_binary(*parsed))) << at;
                }
            }
        }
    }
}

TEST(PlistHostile, XmlNestedAHundredThousandLevelsIsTooDeep) {
    constexpr std::size_t levels = 100'000;
    EXPECT_EQ(refusal(wrap(repeat("<array>", levels) + repeat("</array>", levels))),
              errc::too_deep);
    EXPECT_EQ(refusal(wrap(repeat("<dict><key>k</key>", levels))), errc::too_deep);
}

TEST(PlistHostile, DepthLimitIsExact) {
    const auto nested = [](std::size_t levels) {
        return wrap(repeat("<array>", levels) + repeat("</array>", levels));
    };
    EXPECT_FALSE(refusal(nested(64)));
    EXPECT_EQ(refusal(nested(65)), errc::too_deep);
    const auto binary = [](std::size_t levels) {
        std::vector<bytes> objects;
        for (std::size_t i = 0; i + 1 < levels; ++i) {
            objects.push_back({0xa1, static_cast<std::uint8_t>(i + 1)});
        }
        objects.push_back({0xa0});
        return objects;
    };
    EXPECT_FALSE(refusal_of(binary(64)));
    EXPECT_EQ(refusal_of(binary(65)), errc::too_deep);
    // Reached first by a short way, then by a long one: the remembered height counts.
    auto twice = binary(64);
    twice.insert(twice.begin(), {0xa2, 64, 1});
    for (std::size_t i = 1; i + 1 < twice.size(); ++i) {
        twice[i][1] = static_cast<std::uint8_t>(i + 1);
    }
    EXPECT_EQ(refusal_of(twice), errc::too_deep);
}

TEST(PlistHostile, BinaryNestedAHundredThousandLevelsIsTooDeep) {
    bytes out = to_bytes("bplist00");
    bytes table;
    constexpr std::uint32_t levels = 100'000;
    for (std::uint32_t i = 0; i < levels; ++i) {
        const auto at = static_cast<std::uint32_t>(out.size());
        table.insert(table.end(),
                     {static_cast<std::uint8_t>(at >> 16U), static_cast<std::uint8_t>(at >> 8U),
                      static_cast<std::uint8_t>(at)});
        const auto next = std::min(i + 1, levels - 1);
        out.insert(out.end(),
                   {0xa1, static_cast<std::uint8_t>(next >> 16U),
                    static_cast<std::uint8_t>(next >> 8U), static_cast<std::uint8_t>(next)});
    }
    EXPECT_EQ(refusal(binary_builder{.objects = {}, .ref_size = 3}.finish(std::move(out), table, 3,
                                                                          levels)),
              errc::too_deep);
}

TEST(PlistHostile, ASharedReferenceBombIsRefusedAtOnce) {
    std::vector<bytes> objects;
    for (std::uint8_t i = 1; i < 20; ++i) {
        objects.push_back({0xa2, i, i}); // each level twice the one below: 2^20 nodes
    }
    objects.push_back({0x09});
    const auto bomb = binary_builder{objects}.build();
    ASSERT_LT(bomb.size(), 144U);
    EXPECT_EQ(refusal(bomb), errc::too_many_nodes);
    objects.clear();
    for (std::uint8_t i = 1; i < 60; ++i) {
        objects.push_back({0xae, i, i, i, i, i, i, i, i, i, i, i, i, i, i}); // past 2^64
    }
    objects.push_back({0x09});
    EXPECT_EQ(refusal_of(objects), errc::too_many_nodes);
}

TEST(PlistHostile, SharedStringsMayNotExpandWithoutBound) {
    bytes text{0x5f, 0x12, 0, 0, 0x40, 0};
    text.resize(text.size() + 0x4000, 'a');
    bytes list{0xaf, 0x11, 0x10, 0x00}; // 4096 times 16 KiB
    list.resize(list.size() + 0x1000, 1);
    EXPECT_EQ(refusal_of({list, text}), errc::too_large);
}

TEST(PlistHostile, SelfReferenceIsMalformed) {
    EXPECT_EQ(refusal_of({{0xa1, 0}}), errc::malformed);
    EXPECT_EQ(refusal_of({{0xa1, 1}, {0xd1, 2, 0}, {0x51, 'k'}}), errc::malformed);
}

TEST(PlistHostile, SharingWithoutHarmIsAccepted) {
    const auto parsed = parse(binary_builder{{{0xa2, 1, 1}, {0x51, 'x'}}}.build());
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(*parsed, (value{array{"x", "x"}}));
}

TEST(PlistHostile, CountsBeyondTheFileAreMalformed) {
    const bytes huge{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    for (const unsigned octet : {0x4fU, 0x5fU, 0x6fU, 0xafU, 0xdfU}) {
        const auto marker = static_cast<std::uint8_t>(octet);
        bytes object{marker, 0x13};
        object.insert(object.end(), huge.begin(), huge.end());
        EXPECT_EQ(refusal_of({object}), errc::malformed) << octet;
        EXPECT_EQ(refusal_of({{marker, 0x12, 0x7f, 0xff, 0xff, 0xff}}), errc::malformed);
        EXPECT_EQ(refusal_of({{marker, 0x51}}), errc::malformed); // a length that is a string
        EXPECT_EQ(refusal_of({{marker}}), errc::malformed);
    }
}

TEST(PlistHostile, BinaryObjectsAreCheckedOneByOne) {
    EXPECT_EQ(refusal_of({{0x80, 1}}), errc::unsupported_type); // CF$UID
    EXPECT_EQ(refusal_of({{0xc0}}), errc::unsupported_type);    // set
    EXPECT_EQ(refusal_of({{0x00}}), errc::unsupported_type);    // null
    for (const unsigned octet :
         {0x01U, 0x0fU, 0x15U, 0x21U, 0x24U, 0x30U, 0x70U, 0x90U, 0xb0U, 0xe0U}) {
        const auto marker = static_cast<std::uint8_t>(octet);
        EXPECT_EQ(refusal_of({bytes{marker, 0, 0, 0, 0, 0, 0, 0, 0}}), errc::malformed) << octet;
    }
    EXPECT_EQ(refusal_of({{0xa1, 9}}), errc::malformed);            // no such object
    EXPECT_EQ(refusal_of({{0xd1, 1, 1}, {0x09}}), errc::malformed); // key is a boolean
    EXPECT_EQ(refusal_of({{0x52, 'a', 0}}), errc::malformed);       // NUL
    EXPECT_EQ(refusal_of({{0x51, 0xff}}), errc::malformed);         // not UTF-8
    EXPECT_EQ(refusal_of({{0x61, 0xd8, 0x00}}), errc::malformed);   // half a surrogate pair
    EXPECT_EQ(refusal_of({{0x62, 0xdc, 0x00, 0xd8, 0x00}}), errc::malformed);
    EXPECT_EQ(refusal_of({{0x33, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0}}), errc::malformed); // NaN date
    EXPECT_EQ(refusal_of({{0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0}}),
              errc::unsupported_type);
    EXPECT_FALSE(refusal_of({{0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0}}));
}

TEST(PlistHostile, LyingTrailersAreMalformed) {
    const auto whole = binary_builder{{{0xa0}}}.build();
    const auto trailer = whole.size() - 32;
    for (const auto at : {6U, 7U, 8U, 15U, 16U, 23U, 24U, 31U}) {
        auto changed = whole;
        changed[trailer + at] = at == 15 ? 0 : 0xff;
        EXPECT_TRUE(refusal(changed)) << at;
    }
}

TEST(PlistHostile, TooLargeAndTooMany) {
    EXPECT_EQ(refusal(wrap(std::string(200, ' ') + "<true/>"), limits{.max_bytes = 100}),
              errc::too_large);
    const auto list = wrap("<array>" + repeat("<true/>", 10) + "</array>");
    EXPECT_FALSE(refusal(list, limits{.max_nodes = 11}));
    EXPECT_EQ(refusal(list, limits{.max_nodes = 10}), errc::too_many_nodes);
    const auto same = to_binary(*parse(as_bytes(list)));
    EXPECT_FALSE(refusal(same, limits{.max_nodes = 11}));
    EXPECT_EQ(refusal(same, limits{.max_nodes = 10}), errc::too_many_nodes);
}

TEST(PlistHostile, DocumentsThatLibplistWouldForgive) {
    for (const auto* inside : {"",
                               "<string>a",
                               "<true/><false/>",
                               "<dict><key>a</key></dict>",
                               "<dict><string>e</string></dict>",
                               "<dict><key>a</key><key>b</key><true/></dict>",
                               "<array><key>a</key></array>",
                               "<array><true/></dict>",
                               "<array></plist>",
                               "<blob>x</blob>",
                               "<plist><true/></plist>",
                               "text<true/>",
                               "<array>text</array>",
                               "<dict><key/><true/></dict>",
                               "<string>&bogus;</string>",
                               "<string>&amp</string>",
                               "<string>&#0;</string>",
                               "<string>&#xd800;</string>",
                               "<string>&#x110000;</string>",
                               "<string><b>x</b></string>",
                               "<true a=1/>",
                               "<true a=\"<\"/>",
                               "<!--><true/>",
                               "<!-- a -- b --><true/>",
                               "<![CDATA[x]]><true/>",
                               "<string><![CDATA[x]></string>"}) {
        EXPECT_EQ(refusal(wrap(inside)), errc::malformed) << inside;
    }
    EXPECT_EQ(refusal(wrap("<true/>") + "trailing"), errc::malformed);
    EXPECT_EQ(refusal(wrap("<true/>") + wrap("<true/>")), errc::malformed);
    EXPECT_EQ(refusal(wrap("<string>\xff</string>")), errc::malformed);
    EXPECT_EQ(refusal(wrap("<string>\xc0\x80</string>")), errc::malformed); // overlong NUL
}

TEST(PlistHostile, EntityDeclarationsAndOtherEncodingsAreRefused) {
    EXPECT_EQ(refusal("<!DOCTYPE plist [<!ENTITY a \"b\">]>" + wrap("<string>&a;</string>")),
              errc::malformed);
    EXPECT_EQ(refusal("<!DOCTYPE plist []>" + wrap("<true/>")), errc::malformed);
    EXPECT_EQ(refusal("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" + wrap("<true/>")),
              errc::malformed);
    EXPECT_EQ(refusal("<?xml version=\"1.0\" encoding=\"UTF-16\"?>" + wrap("<true/>")),
              errc::malformed);
}

TEST(PlistHostile, WhatIsNoPropertyList) {
    for (const auto* text : {"", " ", "{\"a\":1}", "{a = 1;}", "<html></html>", "<true/>",
                             "bplist15aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "<!DOCTYPE html>",
                             "<plist/>", "\xff\xfe<\0p\0"}) {
        EXPECT_EQ(refusal(text), errc::not_a_plist) << text;
    }
    EXPECT_EQ(refusal("bplist00"), errc::malformed);
}

TEST(PlistHostile, AFullSizedDictionaryIsReadInLinearTime) {
    std::string entries;
    for (int i = 0; i < 50'000; ++i) {
        entries += "<key>k" + std::to_string(i) + "</key><true/>";
    }
    const auto xml = wrap("<dict>" + entries + "</dict>");
    const auto start = std::chrono::steady_clock::now();
    const auto parsed = parse_dict(as_bytes(xml));
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(parsed->size(), 50'000U);
    const auto binary = to_binary(*parsed);
    EXPECT_EQ(parse_dict(binary)->size(), 50'000U);
    // Half a second is 10 times what it takes at -O0; quadratic behaviour takes minutes.
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{20});
}

} // namespace
} // namespace pomona::plist
