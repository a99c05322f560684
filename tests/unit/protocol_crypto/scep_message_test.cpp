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
    auto* info =
        CMS_add1_signer(cms, signer.cert.native().get(), signer.key.native().get(), digest, flags);
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
