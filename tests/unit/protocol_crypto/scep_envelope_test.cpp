#include "pomona/foundation/encoding.hpp"
#include "scep_builders.hpp"

#include <gtest/gtest.h>
#include <openssl/cms.h>

#include <algorithm>

namespace pomona::test {
namespace {

using namespace scep;
using crypto::certificate;
using crypto::identity;

bytes raw_envelope(const EVP_CIPHER* cipher, const certificate& recipient,
                   std::string_view content) {
    STACK_OF(X509)* to = sk_X509_new_null();
    sk_X509_push(to, recipient.native().get());
    BIO* in = BIO_new_mem_buf(content.data(), static_cast<int>(content.size()));
    CMS_ContentInfo* cms = CMS_encrypt(to, in, cipher, CMS_BINARY);
    unsigned char* der = nullptr;
    const int length = i2d_CMS_ContentInfo(cms, &der);
    bytes out(der, der + std::max(length, 0));
    OPENSSL_free(der);
    CMS_ContentInfo_free(cms);
    BIO_free(in);
    sk_X509_free(to);
    return out;
}

TEST(scep_envelope, single_des_and_aes_192_are_refused_before_decryption) { // SCEP-029
    EXPECT_EQ(
        code_of(open_envelope(ctx, raw_envelope(EVP_aes_192_cbc(), rsa_ca().cert, "0"), rsa_ca())),
        errc::refused_algorithm);
    // By hand: desCBC is 1.3.14.3.2.7, which OpenSSL's default provider has not.
    const auto des = *from_hex("3046"
                               "06092a864886f70d010703"
                               "a039"
                               "3037"
                               "020100"
                               "3100"
                               "3030"
                               "06092a864886f70d010701"
                               "3011"
                               "06052b0e030207"
                               "04081122334455667788"
                               "8010"
                               "00112233445566778899aabbccddeeff");
    EXPECT_EQ(code_of(open_envelope(ctx, des, rsa_ca())), errc::refused_algorithm);
}

TEST(scep_envelope, wrong_key_bad_padding_and_no_recipient_look_the_same) { // SCEP-039
    const auto envelope = raw_envelope(EVP_aes_128_cbc(), rsa_ca().cert, "\x30\x02\x05");
    EXPECT_EQ(code_of(open_envelope(ctx, envelope, rsa_ca())), errc::decrypt_failed)
        << "content that is no whole SEQUENCE";
    const auto good = value_of(build_request(ctx, csr(rsa_key(1)), rsa_ca().cert,
                                             self_signed("UUID", rsa_key(1)), options_for()));
    const auto sealed = value_of(open_message(ctx, good)).envelope;
    const identity wrong_key{rsa_ca().cert, rsa_key(3), {}};
    const auto other = self_signed("other", rsa_key(3));
    auto broken = sealed;
    broken.back() ^= 1;
    for (int i = 0; i < 20; ++i) {
        const auto a = open_envelope(ctx, sealed, wrong_key);
        const auto b = open_envelope(ctx, sealed, other);
        ASSERT_FALSE(a.has_value());
        ASSERT_FALSE(b.has_value());
        EXPECT_EQ(a.error().message(), b.error().message());
        EXPECT_EQ(a.error().code, errc::decrypt_failed);
    }
    // The encrypted key's octets: changing one is an RSA padding error.
    for (const std::size_t at : {200U, 250U, 300U}) {
        auto padding = sealed;
        padding.at(at) ^= 1;
        const auto opened = open_envelope(ctx, padding, rsa_ca());
        ASSERT_FALSE(opened.has_value());
        EXPECT_EQ(opened.error().message(),
                  open_envelope(ctx, sealed, wrong_key).error().message());
    }
}

TEST(scep_envelope, recipients_need_rsa_2048) {
    const auto ec = self_signed("ec", ec_key());
    const auto small = self_signed("small", value_of(crypto::private_key::generate_rsa(ctx, 1024)));
    for (const auto* recipient : {&ec, &small}) {
        EXPECT_EQ(code_of(build_request(ctx, csr(rsa_key(1)), recipient->cert,
                                        self_signed("UUID", rsa_key(1)), options_for())),
                  errc::refused_algorithm);
        EXPECT_EQ(code_of(build_success(ctx, {rsa_ca().cert}, recipient->cert, rsa_ca(), reply())),
                  errc::refused_algorithm);
    }
}

TEST(scep_envelope, malformed) {
    const auto good = raw_envelope(EVP_aes_128_cbc(), rsa_ca().cert, std::string("\x30\x00", 2));
    EXPECT_EQ(value_of(open_envelope(ctx, good, rsa_ca())).content, (bytes{0x30, 0x00}));
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
        const auto opened = open_envelope(ctx, bytes_view{good}.first(cut), rsa_ca());
        ASSERT_FALSE(opened.has_value());
        EXPECT_EQ(opened.error().code, errc::malformed);
    }
    bytes deep{0x30, 0x80, 0x06, 0x00, 0xa0, 0x80, 0x30, 0x80, 0x02, 0x00};
    for (int i = 0; i < 100'000; ++i) {
        deep.insert(deep.end(), {0x31, 0x80});
    }
    EXPECT_EQ(code_of(open_envelope(ctx, deep, rsa_ca())), errc::malformed);
}

TEST(scep_envelope, indefinite_length_is_read) { // SCEP-030: Apple's client sends BER
    const std::string content("\x30\x03\x02\x01\x05", 5);
    STACK_OF(X509)* to = sk_X509_new_null();
    sk_X509_push(to, rsa_ca().cert.native().get());
    BIO* in = BIO_new_mem_buf(content.data(), static_cast<int>(content.size()));
    BIO* out = BIO_new(BIO_s_mem());
    CMS_ContentInfo* cms = CMS_encrypt(to, in, EVP_aes_256_cbc(), CMS_BINARY | CMS_STREAM);
    i2d_CMS_bio_stream(out, cms, in, CMS_BINARY | CMS_STREAM);
    char* data = nullptr;
    const auto length = BIO_get_mem_data(out, &data);
    const bytes ber(data, data + length);
    CMS_ContentInfo_free(cms);
    BIO_free(in);
    BIO_free(out);
    sk_X509_free(to);
    ASSERT_EQ(ber.at(1), 0x80) << "indefinite length";
    const auto opened = value_of(open_envelope(ctx, ber, rsa_ca()));
    EXPECT_EQ(to_text(bytes_view{opened.content}), content);
    EXPECT_EQ(opened.content_cipher, cipher::aes_256_cbc);
}

TEST(scep_certs_only, round_trip_keeps_the_order) {
    const std::vector<certificate> certs{leaf("b", rsa_key(1)).cert, rsa_ca().cert,
                                         leaf("a", rsa_key(2)).cert};
    const auto der = value_of(certs_only(certs));
    const auto read = value_of(read_certs_only(ctx, der));
    ASSERT_EQ(read.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(read[i].der(), certs[i].der());
    }
    EXPECT_EQ(to_hex(der).find("a0020400"), std::string::npos) << "no empty eContent";
    EXPECT_TRUE(value_of(read_certs_only(ctx, value_of(certs_only({})))).empty());
    EXPECT_EQ(code_of(read_certs_only(ctx, bytes_view{der}.first(50))), errc::malformed);
}

TEST(scep_capabilities, parse) { // SCEP-057
    const auto caps = parse_capabilities("aes\r\nSHA-256\r\n\r\n  POSTPKIOperation \nUpdate\nDES3");
    EXPECT_TRUE(caps.aes && caps.sha256 && caps.post && caps.des3);
    EXPECT_FALSE(caps.sha1 || caps.sha512 || caps.renewal || caps.scep_standard);
    EXPECT_EQ(caps.unknown, (std::vector<std::string>{"Update"}));
    const auto none = parse_capabilities("");
    EXPECT_FALSE(none.aes || none.des3 || none.sha1 || none.sha256 || none.post);
    const auto standard = parse_capabilities("SCEPStandard");
    EXPECT_TRUE(standard.aes && standard.sha256 && standard.post && standard.scep_standard);
    EXPECT_LE(parse_capabilities(std::string(1'000'000, 'x') + "\nAES").unknown.size(), 1U);
}

TEST(scep_capabilities, write) { // SCEP-002
    capabilities caps;
    caps.aes = caps.sha256 = caps.post = caps.renewal = true;
    EXPECT_EQ(write_capabilities(caps), "AES\nSHA-256\nPOSTPKIOperation\nRenewal");
    const auto again = parse_capabilities(write_capabilities(caps));
    EXPECT_TRUE(again.aes && again.sha256 && again.post && again.renewal);
    EXPECT_TRUE(write_capabilities({}).empty());
}

} // namespace
} // namespace pomona::test
