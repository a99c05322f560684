#include "builders.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/jws.hpp"

#include <gtest/gtest.h>

namespace pomona::crypto {
namespace {

class jws : public testing::Test {
  protected:
    context ctx = context::system();
    const private_key& p256 = test::ec_key();
    const private_key& rsa = test::rsa_key(0);
};

TEST_F(jws, what_is_signed_verifies_and_nothing_else_does) {
    for (const auto* key : {&p256, &rsa}) {
        const auto algorithm = key->is_rsa() ? jws_algorithm::rs256 : jws_algorithm::es256;
        const auto text = sign_jws(R"({"alg":"x"})", R"({"iss":"me"})", *key);
        ASSERT_TRUE(text);
        auto read = parse_jws(*text);
        ASSERT_TRUE(read);
        EXPECT_EQ(read->header, R"({"alg":"x"})");
        EXPECT_EQ(read->claims, R"({"iss":"me"})");
        EXPECT_TRUE(verify_jws(ctx, *read, algorithm, key->public_key_info()));
        read->signed_text.back() ^= 1;
        EXPECT_EQ(verify_jws(ctx, *read, algorithm, key->public_key_info()).error().code,
                  errc::signature_invalid);
    }
}

TEST_F(jws, the_kind_of_key_is_not_the_headers_choice) {
    const auto read = parse_jws(*sign_jws("{}", "{}", p256));
    EXPECT_EQ(verify_jws(ctx, *read, jws_algorithm::rs256, p256.public_key_info()).error().code,
              errc::wrong_key);
    EXPECT_EQ(verify_jws(ctx, *read, jws_algorithm::es256, rsa.public_key_info()).error().code,
              errc::wrong_key);
    const auto other = *private_key::generate_p256(ctx);
    EXPECT_EQ(verify_jws(ctx, *read, jws_algorithm::es256, other.public_key_info()).error().code,
              errc::signature_invalid);
}

TEST_F(jws, a_signature_in_der_is_none) { // RFC 7518 section 3.4: R and S, 64 octets
    auto read = *parse_jws(*sign_jws("{}", "{}", p256));
    read.signature.insert(read.signature.begin(), {0x30, 0x44});
    EXPECT_EQ(verify_jws(ctx, read, jws_algorithm::es256, p256.public_key_info()).error().code,
              errc::signature_invalid);
}

TEST_F(jws, what_is_no_compact_form_is_refused) {
    for (const auto* text : {"", "a", "a.b", "e30.e30.AA.AA", "e30.e30.A", "e3+.e30.AAAA",
                             "e30=.e30.AAAA", "e30.e 0.AAAA"}) {
        EXPECT_FALSE(parse_jws(text)) << text;
    }
    EXPECT_TRUE(parse_jws("e30.e30.AAAA"));
    EXPECT_EQ(parse_jws(std::string(20'000, 'e') + ".e30.AAAA").error().code, errc::too_large);
}

} // namespace
} // namespace pomona::crypto
