#include "builders.hpp"
#include "pomona/protocol/crypto/jwk.hpp"

#include <gtest/gtest.h>

namespace pomona::crypto {
namespace {

TEST(jwk, what_is_written_is_read_back_as_the_same_key) {
    const auto ctx = context::system();
    for (const auto* key : {&test::rsa_key(0), &test::ec_key()}) {
        const auto set = write_jwk_set(*key, "id-1");
        ASSERT_TRUE(set);
        const auto read = read_jwk_set(ctx, *set);
        ASSERT_TRUE(read);
        ASSERT_EQ(read->size(), 1U);
        EXPECT_EQ(read->front().id, "id-1");
        EXPECT_EQ(read->front().algorithm,
                  key->is_rsa() ? jws_algorithm::rs256 : jws_algorithm::es256);
        EXPECT_EQ(read->front().spki, key->public_key_info());
        EXPECT_EQ(set->find("\"d\""), std::string::npos);
    }
}

// RFC 7515 appendix A.2 and A.3: keys of others.
TEST(jwk, keys_of_the_rfc_are_read) {
    const auto read = read_jwk_set(context::system(), R"({"keys":[
 {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
 {"kty":"oct","k":"AAAA"},
 {"kty":"RSA","use":"enc","n":"AQAB","e":"AQAB"},
 {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"},
 7, {"kty":"RSA"}]})");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->size(), 1U);
}

TEST(jwk, what_is_no_set_is_malformed) {
    const auto ctx = context::system();
    for (const auto* text : {"", "[]", "{}", R"({"keys":{}})", "{\"keys\":[", "null"}) {
        EXPECT_EQ(read_jwk_set(ctx, text).error().code, errc::malformed) << text;
    }
    EXPECT_EQ(read_jwk_set(ctx, std::string(300'000, ' ')).error().code, errc::too_large);
}

} // namespace
} // namespace pomona::crypto
