#include "builders.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/scep/message.hpp"

#include <gtest/gtest.h>
#include <openssl/cms.h>

#include <algorithm>

namespace pomona::test {
namespace {

using namespace scep;
using crypto::certificate;
using crypto::context;
using crypto::identity;

const context ctx = context::system();
const bytes nonce(16, 0xab);

bytes csr(const crypto::private_key& key) {
    return value_of(make_request(
        {.subject = {{"CN", "mac"}}, .challenge = "secret", .usage = std::nullopt, .dns_names = {}},
        key));
}

request_options options_for(message_type type = message_type::pkcs_req) {
    return {.type = type, .transaction_id = "TX 1", .sender_nonce = nonce, .signing_time = now};
}

reply_options reply() {
    return {.transaction_id = "TX 1",
            .recipient_nonce = nonce,
            .sender_nonce = bytes(16, 0xcd),
            .signing_time = now};
}

template <class T>
std::error_code code_of(const result<T>& r) {
    return r ? std::error_code{} : r.error().code;
}

/// What our own builders refuse to write: a SignedData with any attributes, by OpenSSL directly.
struct raw_attribute {
    const char* oid;
    int type;
    std::string value;
};
std::vector<raw_attribute> good_attributes() {
    return {{"2.16.840.1.113733.1.9.2", V_ASN1_PRINTABLESTRING, "19"},
            {"2.16.840.1.113733.1.9.5", V_ASN1_OCTET_STRING, "0123456789abcdef"},
            {"2.16.840.1.113733.1.9.7", V_ASN1_PRINTABLESTRING, "TX"}};
}
bytes raw_message(const std::vector<raw_attribute>& attributes, bool absent_content = false,
                  const EVP_MD* digest = EVP_sha256(), std::string_view content = "content") {
    const auto signer = self_signed("signer", rsa_key(1));
    const unsigned flags = CMS_BINARY | (absent_content ? CMS_DETACHED : 0U);
    CMS_ContentInfo* cms = CMS_sign(nullptr, nullptr, nullptr, nullptr, flags | CMS_PARTIAL);
    auto* info = CMS_add1_signer(cms, signer.cert.native(), signer.key.native(), digest, flags);
    for (const auto& [oid, type, value] : attributes) {
        CMS_signed_add1_attr_by_txt(info, oid, type, value.data(), static_cast<int>(value.size()));
    }
    BIO* in = BIO_new_mem_buf(content.data(), static_cast<int>(content.size()));
    CMS_final(cms, in, nullptr, flags);
    unsigned char* der = nullptr;
    const int length = i2d_CMS_ContentInfo(cms, &der);
    bytes out(der, der + length);
    OPENSSL_free(der);
    BIO_free(in);
    CMS_ContentInfo_free(cms);
    return out;
}

bytes raw_envelope(const EVP_CIPHER* cipher, const certificate& recipient,
                   std::string_view content) {
    STACK_OF(X509)* to = sk_X509_new_null();
    sk_X509_push(to, recipient.native());
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

TEST(scep_message, request_round_trip) {
    const auto signer = self_signed("UUID", rsa_key(1));
    for (const auto how : {cipher::aes_128_cbc, cipher::aes_256_cbc, cipher::des3_cbc}) {
        for (const auto hash : {digest::sha1, digest::sha256, digest::sha384, digest::sha512}) {
            auto options = options_for();
            options.content_cipher = how;
            options.signature_digest = hash;
            const auto der =
                value_of(build_request(ctx, csr(rsa_key(1)), rsa_ca().cert, signer, options));
            const auto opened = value_of(open_message(ctx, der));
            EXPECT_EQ(opened.type, message_type::pkcs_req);
            EXPECT_EQ(opened.transaction_id, "TX 1");
            EXPECT_EQ(opened.sender_nonce, nonce);
            EXPECT_EQ(opened.recipient_nonce, std::nullopt);
            EXPECT_EQ(opened.status, std::nullopt);
            EXPECT_EQ(opened.signature_digest, hash);
            EXPECT_EQ(opened.signing_time, now) << "the caller's time, not the machine's";
            EXPECT_EQ(opened.signer.der(), signer.cert.der());
            const auto inner = value_of(open_envelope(ctx, opened.envelope, rsa_ca()));
            EXPECT_EQ(inner.content_cipher, how);
            EXPECT_EQ(value_of(read_request(ctx, inner.content)).challenge, "secret");
        }
    }
}

TEST(scep_message, all_request_types) {
    const auto signer = self_signed("UUID", rsa_key(1));
    for (const auto type :
         {message_type::pkcs_req, message_type::renewal_req, message_type::cert_poll,
          message_type::get_cert, message_type::get_crl}) {
        const auto der =
            value_of(build_request(ctx, csr(rsa_key(1)), rsa_ca().cert, signer, options_for(type)));
        EXPECT_EQ(value_of(open_message(ctx, der)).type, type);
    }
}

TEST(scep_message, success_goes_to_the_requesters_key) { // SCEP-011, SCEP-014, SCEP-015
    const auto requester = self_signed("signer", rsa_key(2));
    const auto issued = leaf("mac", rsa_key(1));
    const auto der = value_of(
        build_success(ctx, {issued.cert, rsa_ca().cert}, requester.cert, rsa_ca(), reply()));
    const auto opened = value_of(open_message(ctx, der));
    EXPECT_EQ(opened.type, message_type::cert_rep);
    EXPECT_EQ(opened.status, pki_status::success);
    EXPECT_EQ(opened.recipient_nonce, nonce);
    EXPECT_EQ(opened.sender_nonce, bytes(16, 0xcd));
    EXPECT_EQ(opened.failure, std::nullopt);
    EXPECT_EQ(opened.signer.der(), rsa_ca().cert.der());
    const auto inner = value_of(open_envelope(ctx, opened.envelope, requester));
    const auto certs = value_of(read_certs_only(ctx, inner.content));
    ASSERT_EQ(certs.size(), 2U);
    EXPECT_EQ(certs[0].der(), issued.cert.der()) << "the issued one first";
}

TEST(scep_message, failure_and_pending_have_no_content) { // SCEP-035
    const auto failure =
        value_of(build_failure(ctx, fail_info::bad_request, "wrong challenge", rsa_ca(), reply()));
    const auto opened = value_of(open_message(ctx, failure));
    EXPECT_EQ(opened.status, pki_status::failure);
    EXPECT_EQ(opened.failure, fail_info::bad_request);
    EXPECT_EQ(opened.failure_text, "wrong challenge");
    EXPECT_TRUE(opened.envelope.empty());
    // encapContentInfo is a SEQUENCE of eleven octets: the type id-data and no [0].
    const auto hex = to_hex(failure);
    EXPECT_NE(hex.find("300b06092a864886f70d010701"), std::string::npos);

    const auto pending =
        value_of(open_message(ctx, value_of(build_pending(ctx, rsa_ca(), reply()))));
    EXPECT_EQ(pending.status, pki_status::pending);
    EXPECT_EQ(pending.failure, std::nullopt);
    EXPECT_EQ(pending.failure_text, std::nullopt);
    EXPECT_TRUE(pending.envelope.empty());
}

TEST(scep_message, empty_and_absent_content_are_both_read) { // SCEP-058
    auto attributes = good_attributes();
    attributes[0].value = "3";
    attributes.push_back({"2.16.840.1.113733.1.9.3", V_ASN1_PRINTABLESTRING, "3"});
    for (const bool absent : {true, false}) {
        const auto der = raw_message(attributes, absent, EVP_sha256(), "");
        EXPECT_TRUE(value_of(open_message(ctx, der)).envelope.empty());
    }
}

TEST(scep_message, attributes_are_sorted_and_of_the_right_type) {
    const auto der = value_of(build_request(ctx, csr(rsa_key(1)), rsa_ca().cert,
                                            self_signed("UUID", rsa_key(1)), options_for()));
    const auto hex = to_hex(der);
    const std::string arc = "060a6086480186f8450109";
    EXPECT_NE(hex.find(arc + "0231"
                             "04"
                             "1302"
                             "3139"),
              std::string::npos)
        << "messageType 19";
    EXPECT_NE(hex.find(arc +
                       "0531"
                       "12"
                       "0410" +
                       to_hex(nonce)),
              std::string::npos);
    EXPECT_NE(hex.find(arc + "0731"
                             "06"
                             "1304"
                             "54582031"),
              std::string::npos);

    const auto* cursor = der.data();
    CMS_ContentInfo* cms = d2i_CMS_ContentInfo(nullptr, &cursor, static_cast<long>(der.size()));
    auto* info = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
    std::vector<bytes> encoded;
    for (int i = 0; i < CMS_signed_get_attr_count(info); ++i) {
        unsigned char* out = nullptr;
        const int length = i2d_X509_ATTRIBUTE(CMS_signed_get_attr(info, i), &out);
        encoded.emplace_back(out, out + length);
        OPENSSL_free(out);
    }
    CMS_ContentInfo_free(cms);
    EXPECT_EQ(encoded.size(), 6U) << "with contentType, messageDigest and signingTime";
    EXPECT_TRUE(std::ranges::is_sorted(encoded));
}

TEST(scep_message, tampering_is_a_bad_signature_and_still_addressed) { // SCEP-017
    auto der = value_of(build_request(ctx, csr(rsa_key(1)), rsa_ca().cert,
                                      self_signed("UUID", rsa_key(1)), options_for()));
    der.back() ^= 1; // the signature's last octet
    EXPECT_EQ(code_of(open_message(ctx, der)), errc::bad_signature);
    const auto address = read_addressing(ctx, der);
    ASSERT_TRUE(address.has_value());
    EXPECT_EQ(address->transaction_id, "TX 1");
    EXPECT_EQ(address->sender_nonce, nonce);
    EXPECT_EQ(address->signer.subject_part("CN"), "UUID");
}

TEST(scep_message, missing_attributes) {
    for (std::size_t i = 0; i < 3; ++i) {
        auto attributes = good_attributes();
        attributes.erase(attributes.begin() + static_cast<std::ptrdiff_t>(i));
        const auto der = raw_message(attributes);
        EXPECT_EQ(code_of(open_message(ctx, der)), errc::missing_attribute) << i;
        EXPECT_EQ(read_addressing(ctx, der).has_value(), i == 0) << "messageType is no address";
    }
    EXPECT_EQ(code_of(open_message(ctx, raw_message({}))), errc::missing_attribute);
}

TEST(scep_message, attributes_of_the_wrong_type_or_twice) { // SCEP-011
    for (std::size_t i = 0; i < 3; ++i) {
        auto wrong = good_attributes();
        wrong[i].type = V_ASN1_UTF8STRING;
        EXPECT_EQ(code_of(open_message(ctx, raw_message(wrong))), errc::bad_attribute) << i;
        auto twice = good_attributes();
        twice.push_back(twice[i]);
        EXPECT_EQ(code_of(open_message(ctx, raw_message(twice))), errc::bad_attribute) << i;
    }
}

TEST(scep_message, numbers_are_plain_decimals) {
    for (const auto* text : {"", "19x", " 19", "-3", "+19", "0x13", "99999999999"}) {
        auto attributes = good_attributes();
        attributes[0].value = text;
        EXPECT_EQ(code_of(open_message(ctx, raw_message(attributes))), errc::bad_attribute) << text;
    }
    for (const auto* text : {"18", "99", "0"}) { // SCEP-028
        auto attributes = good_attributes();
        attributes[0].value = text;
        EXPECT_EQ(code_of(open_message(ctx, raw_message(attributes))), errc::unknown_type) << text;
    }
    for (const auto* text : {"1", "4"}) {
        auto attributes = good_attributes();
        attributes[0].value = "3";
        attributes.push_back({"2.16.840.1.113733.1.9.3", V_ASN1_PRINTABLESTRING, text});
        EXPECT_EQ(code_of(open_message(ctx, raw_message(attributes))), errc::bad_attribute) << text;
    }
}

TEST(scep_message, cert_rep_needs_a_status) {
    auto attributes = good_attributes();
    attributes[0].value = "3";
    EXPECT_EQ(code_of(open_message(ctx, raw_message(attributes))), errc::missing_attribute);
}

TEST(scep_message, lengths_are_bounded) {
    auto attributes = good_attributes();
    attributes[2].value = std::string(257, 'x');
    EXPECT_EQ(code_of(open_message(ctx, raw_message(attributes))), errc::bad_attribute);
    attributes = good_attributes();
    attributes[1].value = std::string(65, 'x');
    EXPECT_EQ(code_of(open_message(ctx, raw_message(attributes))), errc::bad_attribute);
    EXPECT_EQ(code_of(open_message(ctx, bytes(3 * 1024 * 1024, 0x30))), errc::malformed);
}

TEST(scep_message, md5_is_refused_and_still_addressed) { // SCEP-029
    const auto der = raw_message(good_attributes(), false, EVP_md5());
    EXPECT_EQ(code_of(open_message(ctx, der)), errc::refused_algorithm);
    EXPECT_TRUE(read_addressing(ctx, der).has_value());
}

TEST(scep_message, transaction_id_has_to_be_a_printable_string) {
    const auto signer = self_signed("UUID", rsa_key(1));
    for (const auto* id : {"", "a_b", "a@b", "\xc3\xa4"}) {
        auto options = options_for();
        options.transaction_id = id;
        EXPECT_EQ(code_of(build_request(ctx, csr(rsa_key(1)), rsa_ca().cert, signer, options)),
                  errc::bad_attribute)
            << id;
    }
}

TEST(scep_message, cut_lengthened_and_foreign_bytes_are_malformed) {
    auto der = value_of(build_request(ctx, csr(rsa_key(1)), rsa_ca().cert,
                                      self_signed("UUID", rsa_key(1)), options_for()));
    for (std::size_t cut = 0; cut < der.size(); cut += 5) {
        EXPECT_EQ(code_of(open_message(ctx, bytes_view{der}.first(cut))), errc::malformed);
        EXPECT_FALSE(read_addressing(ctx, bytes_view{der}.first(cut)).has_value());
    }
    der.push_back(0);
    EXPECT_EQ(code_of(open_message(ctx, der)), errc::malformed);
    EXPECT_EQ(code_of(open_message(ctx, rsa_ca().cert.der())), errc::malformed);
    EXPECT_EQ(code_of(open_message(ctx, value_of(certs_only({rsa_ca().cert})))), errc::malformed);
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
    sk_X509_push(to, rsa_ca().cert.native());
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

TEST(scep, apple_transaction_id) {
    const auto id = apple_transaction_id(rsa_key(0));
    EXPECT_EQ(id, to_hex_upper(crypto::sha1(rsa_key(0).public_key_pkcs1())));
    EXPECT_EQ(id.size(), 40U);
}

TEST(scep, words) {
    EXPECT_EQ(to_text(fail_info::bad_message_check), "badMessageCheck");
    EXPECT_EQ(to_text(message_type::pkcs_req), "PKCSReq");
}

} // namespace
} // namespace pomona::test
