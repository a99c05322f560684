#include "messages.hpp"
#include "pomona/trace/decode.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace pomona::trace {
namespace {

using nlohmann::json;

TEST(decode_body, a_plist_of_either_form_becomes_json) {
    const plist::dict d{{"s", "text"},
                        {"n", -3},
                        {"b", true},
                        {"r", 1.5},
                        {"list", plist::array{"a", 1}},
                        {"data", to_bytes("\x01\x02")},
                        {"date", plist::value{*from_rfc3339("2026-01-02T03:04:05Z")}}};
    const json expected{{"s", "text"},
                        {"n", -3},
                        {"b", true},
                        {"r", 1.5},
                        {"list", json::array({"a", 1})},
                        {"data", {{"$data", "AQI="}}},
                        {"date", {{"$date", "2026-01-02T03:04:05Z"}}}};
    EXPECT_EQ(decode_body(plist::to_xml(d)), expected);
    EXPECT_EQ(decode_body(plist::to_binary(d)), expected);
}

TEST(decode_body, data_that_is_a_document_is_decoded_too) {
    const plist::dict d{{"Data", to_bytes(R"({"StatusItems":{"device":{"model":"Mac"}}})")},
                        {"Payload", plist::to_xml(plist::dict{{"PayloadType", "Configuration"}})}};
    const auto j = decode_body(plist::to_xml(d));
    EXPECT_EQ(at_path(j, "Data.StatusItems.device.model"), "Mac");
    EXPECT_EQ(at_path(j, "Payload.PayloadType"), "Configuration");
    EXPECT_EQ(at_path(j, "Payload.$decoded.PayloadType"), "Configuration");
}

TEST(decode_body, the_inside_of_a_signed_profile_is_shown_even_when_its_signature_is_broken) {
    auto cms = crypto::sign_attached(plist::to_xml(enrollment_profile("x")),
                                     make_identity("signer"), *from_rfc3339("2026-01-05T00:00:00Z"))
                   .value();
    EXPECT_EQ(at_path(decode_body(cms), "PayloadIdentifier"), "example.enroll");
    cms.back() ^= 1U;
    EXPECT_EQ(at_path(decode_body(cms), "PayloadIdentifier"), "example.enroll");
}

// SCEP-060: Apple's encoder writes BER with indefinite lengths and segmented octets.
TEST(decode_body, the_inside_of_a_ber_signature_in_segments_is_shown) {
    const auto oid = [](std::uint8_t last) {
        return bytes{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, last};
    };
    bytes ber{0x30, 0x80};
    const auto add = [&](const bytes& more) { ber.insert(ber.end(), more.begin(), more.end()); };
    add(oid(2));
    add({0xa0, 0x80, 0x30, 0x80, 0x02, 0x01, 0x01, 0x31, 0x80, 0x30, 0x00, 0x00, 0x00, 0x30, 0x80});
    add(oid(1));
    add({0xa0, 0x80, 0x24, 0x80, 0x04, 0x04, '{', '"', 'a', '"', 0x04, 0x00, 0x04, 0x03, ':', '1',
         '}', 0x00, 0x00});
    add(bytes(10, 0x00));
    EXPECT_EQ(decode_body(ber), (json{{"a", 1}}));
}

TEST(decode_body, json_stays_json_and_other_bytes_are_null) {
    EXPECT_EQ(decode_body(as_bytes(R"({"mdm":"m"})")), (json{{"mdm", "m"}}));
    EXPECT_TRUE(decode_body(as_bytes("AES\nSHA-256\n")).is_null());
    EXPECT_TRUE(decode_body({}).is_null());
    EXPECT_TRUE(decode_body(as_bytes("<plist><dict>")).is_null());
    EXPECT_TRUE(decode_body(as_bytes(std::string(1'000'000, '['))).is_null());
}

TEST(decode_body, documents_inside_documents_are_followed_to_a_bound) {
    bytes inner = plist::to_xml(plist::dict{{"deepest", 1}});
    for (int i = 0; i < 20; ++i) {
        inner = plist::to_binary(plist::dict{{"d", inner}});
    }
    EXPECT_TRUE(at_path(decode_body(inner), "d.d.d.d.d.d").is_null());
    EXPECT_FALSE(at_path(decode_body(inner), "d.d.d").is_null());
}

TEST(decode_body, every_truncation_of_a_signed_profile_is_survived) {
    const auto cms =
        crypto::sign_attached(plist::to_xml(plist::dict{{"a", "b"}}), make_identity("signer"),
                              *from_rfc3339("2026-01-05T00:00:00Z"))
            .value();
    for (std::size_t n = 0; n < cms.size(); ++n) {
        static_cast<void>(decode_body(bytes_view{cms}.first(n)));
        auto flipped = cms;
        flipped[n] ^= 0xffU;
        static_cast<void>(decode_body(flipped));
    }
}

TEST(at_path, steps_through_objects_places_and_keys_with_dots) {
    const auto j = json::parse(R"({"a":{"b":[{"c":1},{"c":2}]},"x.y":3,"q":{"x.y":4}})");
    EXPECT_EQ(at_path(j, "a.b.1.c"), 2);
    EXPECT_EQ(at_path(j, "x.y"), 3);
    EXPECT_EQ(at_path(j, "q.x.y"), 4);
    EXPECT_EQ(at_path(j, "a.b").size(), 2U);
    EXPECT_EQ(at_path(j, ""), j);
    for (const auto* missing :
         {"z", "a.z", "a.b.2", "a.b.-1", "a.b.1x", "a.b.c", "a..b", "x.y.z"}) {
        EXPECT_TRUE(at_path(j, missing).is_null()) << missing;
    }
}

} // namespace
} // namespace pomona::trace
