#include "builders.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/cms.hpp"

#include <gtest/gtest.h>

namespace pomona::test {
namespace {

using namespace crypto;

TEST(key, survives_der_and_pem) {
    for (const auto* key : {&rsa_key(0), &ec_key()}) {
        const auto from_der = value_of(private_key::from_der(context::system(), key->to_der()));
        const auto from_pem =
            value_of(private_key::from_pem(context::system(), as_bytes(key->to_pem())));
        EXPECT_EQ(from_der.public_key_info(), key->public_key_info());
        EXPECT_EQ(from_pem.to_der(), key->to_der());
        EXPECT_EQ(from_der.is_rsa(), key->is_rsa());
    }
}

TEST(key, that_rests_is_the_same_when_it_is_asked_again) {
    const auto fresh = value_of(private_key::from_der(context::system(), rsa_key(0).to_der()));
    const auto copy = fresh;
    const auto in_use = fresh.native();
    fresh.rest();
    fresh.rest();
    EXPECT_NE(copy.native(), in_use);
    EXPECT_EQ(copy.to_der(), rsa_key(0).to_der());
    fresh.rest();
    EXPECT_EQ(fresh.bits(), 2048);
    const auto signer = self_signed("rested", fresh);
    fresh.rest();
    const auto signature = value_of(sign_detached(as_bytes("text"), signer, now));
    EXPECT_TRUE(verify_detached(context::system(), signature, as_bytes("text")));
}

TEST(key, pkcs8_pem_says_private_key) {
    EXPECT_TRUE(rsa_key(0).to_pem().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    EXPECT_TRUE(ec_key().to_pem().starts_with("-----BEGIN PRIVATE KEY-----\n"));
}

TEST(key, knows_kind_and_size) {
    EXPECT_TRUE(rsa_key(0).is_rsa());
    EXPECT_EQ(rsa_key(0).bits(), 2048);
    EXPECT_FALSE(ec_key().is_rsa());
    EXPECT_EQ(ec_key().bits(), 256);
}

TEST(key, pkcs1_public_key_is_a_sequence_inside_the_spki) {
    const auto inner = rsa_key(0).public_key_pkcs1();
    const auto outer = rsa_key(0).public_key_info();
    ASSERT_GT(inner.size(), 256U);
    EXPECT_EQ(inner[0], 0x30);
    ASSERT_GT(outer.size(), inner.size());
    EXPECT_TRUE(std::equal(inner.rbegin(), inner.rend(), outer.rbegin()));
    EXPECT_TRUE(ec_key().public_key_pkcs1().empty());
}

TEST(key, reads_traditional_pem_after_its_parameters) {
    // openssl ecparam -genkey -name prime256v1; the hash is of `openssl ec -pubout -outform DER`.
    constexpr std::string_view pem =
        "-----BEGIN EC PARAMETERS-----\n"
        "BggqhkjOPQMBBw==\n"
        "-----END EC PARAMETERS-----\n"
        "-----BEGIN EC PRIVATE KEY-----\n"
        "MHcCAQEEIAToR6oKQ7iLowdk7w5/sZz+Wz2NaaQUmkvyTBXIpaWaoAoGCCqGSM49\n"
        "AwEHoUQDQgAEvP5lsT1AT90hFqsyju/35He57fV3OABdDjrPteiT5pL6fgyMgyOw\n"
        "Cry+qlx7J0GQnwutAyLPlBF5D8E3XPlR3Q==\n"
        "-----END EC PRIVATE KEY-----\n";
    const auto key = value_of(private_key::from_pem(context::system(), as_bytes(pem)));
    EXPECT_EQ(to_hex(sha256(key.public_key_info())),
              "9c28051bbc46b07f2a1918a222bd6703dd5b4351940a17cce94b95ec392e90df");
}

TEST(key, refuses_what_is_no_private_key) {
    const auto code_of = [](bytes_view der) {
        const auto key = private_key::from_der(context::system(), der);
        return key ? std::error_code{} : key.error().code;
    };
    EXPECT_EQ(code_of({}), errc::malformed);
    EXPECT_EQ(code_of(as_bytes("not a key")), errc::malformed);
    EXPECT_EQ(code_of(rsa_key(0).public_key_info()), errc::malformed);
    auto cut = rsa_key(0).to_der();
    cut.resize(cut.size() / 2);
    EXPECT_EQ(code_of(cut), errc::malformed);
    EXPECT_EQ(code_of(bytes(100'000, 0x30)), errc::too_large);
}

TEST(key, refuses_an_encrypted_pem_without_asking) {
    constexpr std::string_view pem =
        "-----BEGIN RSA PRIVATE KEY-----\n"
        "Proc-Type: 4,ENCRYPTED\n"
        "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
        "-----END RSA PRIVATE KEY-----\n";
    EXPECT_FALSE(private_key::from_pem(context::system(), as_bytes(pem)).has_value());
}

TEST(key, outlives_the_context_handle_it_was_made_with) {
    auto key = value_of(private_key::generate_p256(seeded("a")));
    key = value_of(private_key::generate_p256(seeded("b"))); // frees the first context
    const auto again = value_of(private_key::generate_p256(seeded("b")));
    EXPECT_EQ(key.to_der(), again.to_der());
}

TEST(digests, published_values) {
    // FIPS 180-2 appendix and RFC 4231 test case 2.
    EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(sha1(as_bytes("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(to_hex(sha1({})), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hmac_sha256({}, {}).size(), 32U);
}

TEST(equality, of_secrets) {
    EXPECT_TRUE(equal_constant_time(as_bytes("challenge"), as_bytes("challenge")));
    EXPECT_FALSE(equal_constant_time(as_bytes("challenge"), as_bytes("challengf")));
    EXPECT_FALSE(equal_constant_time(as_bytes("challenge"), as_bytes("challeng")));
    EXPECT_TRUE(equal_constant_time({}, {}));
}

} // namespace
} // namespace pomona::test
