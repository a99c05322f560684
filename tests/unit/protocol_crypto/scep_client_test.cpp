// The way to the request: which HTTP requests are made, with what, and what stops it before.
#include "pomona/foundation/encoding.hpp"
#include "scripted_ca.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <functional>

namespace pomona::test {
namespace {

using namespace scep;
using crypto::certificate;
using crypto::identity;

TEST(scep_client, enrolls) {
    client c{ctx, config_for(), rsa_key(1)};
    const auto first = c.start(now);
    EXPECT_FALSE(http(first).post);
    EXPECT_EQ(http(first).url, "http://127.0.0.1/scep?operation=GetCACert");
    const auto second = c.on_response(200, ca_type, rsa_ca().cert.der(), now);
    EXPECT_EQ(http(second).url, "http://127.0.0.1/scep?operation=GetCACaps");
    ASSERT_TRUE(c.ca().has_value());
    const auto third = c.on_response(200, "text/plain", as_bytes(modern_caps), now);
    EXPECT_TRUE(http(third).post);
    EXPECT_EQ(http(third).url, "http://127.0.0.1/scep?operation=PKIOperation");
    EXPECT_EQ(http(third).content_type, message_content);

    const auto request = opened(http(third));
    EXPECT_EQ(request.type, message_type::pkcs_req);
    EXPECT_EQ(request.transaction_id, apple_transaction_id(rsa_key(1)));
    EXPECT_EQ(request.transaction_id, c.transaction_id());
    EXPECT_EQ(request.sender_nonce.size(), 16U); // SCEP-054
    EXPECT_EQ(request.signing_time, now);
    const auto content = value_of(open_envelope(ctx, request.envelope, rsa_ca())).content;
    const auto asked = value_of(read_request(ctx, content));
    EXPECT_EQ(asked.challenge, "one-time");
    EXPECT_EQ(asked.subject, config_for().subject);
    EXPECT_EQ(asked.dns_names, config_for().dns_names);

    const auto issued = issue_for(request);
    // The order of the certificates does not matter.
    const auto last = deliver(c, success(request, {rsa_ca().cert, issued}));
    ASSERT_TRUE(std::holds_alternative<done_action>(last));
    EXPECT_EQ(std::get<done_action>(last).issued.der(), issued.der());
    EXPECT_EQ(failure(deliver(c, {})), errc::malformed) << "nothing comes after the end";
}

TEST(scep_client, signer_is_as_apples) { // SCEP-056, SCEP-060
    client c{ctx, config_for(), rsa_key(1)};
    const auto signer = opened(http(to_operation(c))).signer;
    ASSERT_TRUE(signer.usage().has_value());
    EXPECT_TRUE(signer.usage()->digital_signature && signer.usage()->key_encipherment);
    EXPECT_FALSE(signer.usage()->key_cert_sign || signer.usage()->crl_sign);
    EXPECT_TRUE(signer.extended_key_usage().empty());
    EXPECT_TRUE(signer.is_self_signed());
    EXPECT_EQ(signer.public_key_info(), rsa_key(1).public_key_info());
    EXPECT_EQ(signer.subject_part("CN")->size(), 36U) << "a UUID";
    EXPECT_LT(signer.not_before(), now);
    EXPECT_GT(signer.not_after(), now);
    EXPECT_LE(signer.not_after() - signer.not_before(), 2 * day);
}

TEST(scep_client, name_and_query_are_appended) {
    auto config = config_for("http://127.0.0.1/scep?token=1");
    config.name = "CA & co";
    client c{ctx, config, rsa_key(1)};
    EXPECT_EQ(http(c.start(now)).url,
              "http://127.0.0.1/scep?token=1&operation=GetCACert&message=CA%20%26%20co");
    EXPECT_EQ(http(c.on_response(200, ca_type, rsa_ca().cert.der(), now)).url,
              "http://127.0.0.1/scep?token=1&operation=GetCACaps&message=CA%20%26%20co");
    EXPECT_EQ(http(c.on_response(200, "", as_bytes(modern_caps), now)).url,
              "http://127.0.0.1/scep?token=1&operation=PKIOperation");
}

TEST(scep_client, post_only_when_advertised_otherwise_escaped_get) { // SCEP-051
    for (const auto* caps : {"POSTPKIOperation\nAES\nSHA-256", "SCEPStandard"}) {
        client c{ctx, config_for(), rsa_key(1)};
        EXPECT_TRUE(http(to_operation(c, caps)).post) << caps;
    }
    client c{ctx, config_for(), rsa_key(1)};
    const auto get = to_operation(c, "AES\nSHA-256");
    EXPECT_FALSE(http(get).post);
    EXPECT_TRUE(http(get).body.empty());
    const std::string before = "http://127.0.0.1/scep?operation=PKIOperation&message=";
    ASSERT_TRUE(http(get).url.starts_with(before));
    const auto message = http(get).url.substr(before.size());
    EXPECT_EQ(message.find_first_of("+/="), std::string::npos) << "fully escaped";
    const auto request = value_of(open_message(ctx, *from_base64(*percent_decode(message))));
    EXPECT_TRUE(
        std::holds_alternative<done_action>(deliver(c, success(request, {issue_for(request)}))));
}

TEST(scep_client, can_write_as_apples_client_does) { // SCEP-060
    auto config = config_for();
    config.ber_envelope = true;
    config.raw_get = true;
    // Long enough that '+' and '/' occur in any message, whatever its random bytes.
    client c{ctx, config, rsa_key(1)};
    const auto get = to_operation(c, "AES\nSHA-256");
    const auto url = http(get).url;
    const auto message = url.substr(url.find("message=") + 8);
    EXPECT_NE(message.find('+'), std::string::npos);
    EXPECT_NE(message.find('/'), std::string::npos);
    EXPECT_EQ(message.find('='), std::string::npos);
    const auto request = value_of(open_message(ctx, *from_base64(*percent_decode(message))));
    ASSERT_GT(request.envelope.size(), 2U);
    EXPECT_EQ(request.envelope[1], 0x80) << "indefinite length";
    EXPECT_TRUE(
        std::holds_alternative<done_action>(deliver(c, success(request, {issue_for(request)}))));
}

TEST(scep_client, strongest_algorithms_first_and_never_des_or_md5) { // SCEP-050
    const auto chosen = [](std::string_view caps) {
        client c{ctx, config_for(), rsa_key(1)};
        const auto request = opened(http(to_operation(c, caps)));
        return std::pair{value_of(open_envelope(ctx, request.envelope, rsa_ca())).content_cipher,
                         request.signature_digest};
    };
    const std::string post = "POSTPKIOperation\n";
    EXPECT_EQ(chosen(post + "SHA-1\nDES3\nAES\nSHA-256\nSHA-512"),
              (std::pair{cipher::aes_128_cbc, digest::sha512}));
    EXPECT_EQ(chosen(post + "SHA-1\nDES3\nSHA-256"), (std::pair{cipher::des3_cbc, digest::sha256}));
    EXPECT_EQ(chosen(post + "SHA-1\nDES3"), (std::pair{cipher::des3_cbc, digest::sha1}));
    EXPECT_EQ(chosen("SCEPStandard"), (std::pair{cipher::aes_128_cbc, digest::sha256}));
    for (const auto* caps : {"", "AES", "SHA-256", "DES\nMD5\nPOSTPKIOperation"}) {
        client c{ctx, config_for(), rsa_key(1)};
        EXPECT_EQ(failure(to_operation(c, caps)), errc::no_capability) << caps;
    }
}

TEST(scep_client, missing_get_ca_caps_is_no_capability) {
    client c{ctx, config_for(), rsa_key(1)};
    c.start(now);
    c.on_response(200, ca_type, rsa_ca().cert.der(), now);
    EXPECT_EQ(failure(c.on_response(404, "text/plain", as_bytes("AES\nSHA-256"), now)),
              errc::no_capability);
}

TEST(scep_client, fingerprint_is_checked_before_the_challenge_is_sent) { // SCEP-052
    const auto der = rsa_ca().cert.der();
    bytes md5(16);
    unsigned length = 0;
    EVP_Digest(der.data(), der.size(), md5.data(), &length, EVP_md5(), nullptr);
    for (const auto& good : {md5, crypto::sha1(der), crypto::sha256(der)}) {
        auto config = config_for();
        config.ca_fingerprint = good;
        client c{ctx, config, rsa_key(1)};
        c.start(now);
        EXPECT_EQ(http(c.on_response(200, ca_type, der, now)).url,
                  "http://127.0.0.1/scep?operation=GetCACaps");
        for (auto bad : {bytes(good.size(), 0), bytes(good.begin(), good.end() - 1)}) {
            config.ca_fingerprint = bad;
            client refused{ctx, config, rsa_key(1)};
            refused.start(now);
            EXPECT_EQ(failure(refused.on_response(200, ca_type, der, now)), errc::mismatch);
            EXPECT_FALSE(refused.ca().has_value());
        }
    }
}

TEST(scep_client, get_ca_cert_needs_the_bare_content_type) {
    for (const auto* type :
         {"application/x-x509-ca-cert; charset=utf-8", "text/html", "", ra_type}) {
        client c{ctx, config_for(), rsa_key(1)};
        c.start(now);
        EXPECT_TRUE(failure(c.on_response(200, type, rsa_ca().cert.der(), now))) << type;
    }
    client c{ctx, config_for(), rsa_key(1)};
    c.start(now);
    EXPECT_EQ(failure(c.on_response(500, ca_type, rsa_ca().cert.der(), now)), errc::http);
    client d{ctx, config_for(), rsa_key(1)};
    d.start(now);
    EXPECT_EQ(failure(d.on_response(200, ca_type, as_bytes("junk"), now)), errc::malformed);
}

TEST(scep_client, ca_without_key_encipherment_is_refused) { // SCEP-006
    auto spec = spec_for("Sign only");
    spec.ca = true;
    spec.usage = {.digital_signature = true, .key_cert_sign = true, .crl_sign = true};
    client c{ctx, config_for(), rsa_key(1)};
    c.start(now);
    EXPECT_EQ(
        failure(c.on_response(200, ca_type, value_of(self_sign(spec, rsa_key(0))).der(), now)),
        errc::no_capability);
    client e{ctx, config_for(), rsa_key(1)};
    e.start(now);
    EXPECT_EQ(failure(e.on_response(200, ca_type, self_signed("ec", ec_key()).cert.der(), now)),
              errc::refused_algorithm);
}

/// An RA of rsa_ca() with the usages given.
identity ra(const char* cn, const crypto::private_key& key, crypto::key_usage usage) {
    auto spec = spec_for(cn);
    spec.serial = {static_cast<std::uint8_t>(cn[0])};
    spec.usage = usage;
    return {value_of(issue(spec, key.public_key_info(), rsa_ca())), key, {}};
}

TEST(scep_client, ra_certificates_are_chosen_by_key_usage_in_any_order) { // SCEP-059
    const auto both = ra("RA", rsa_key(2), {.digital_signature = true, .key_encipherment = true});
    const auto signing = ra("signing RA", rsa_key(2), {.digital_signature = true});
    const auto encrypting = ra("encrypting RA", rsa_key(3), {.key_encipherment = true});
    struct row {
        std::vector<certificate> bag;
        const identity* signs;
        const identity* decrypts;
    };
    const auto& root = rsa_ca().cert;
    for (const auto& [bag, signs, decrypts] :
         {row{{root, both.cert}, &both, &both}, row{{both.cert, root}, &both, &both},
          row{{signing.cert, root, encrypting.cert}, &signing, &encrypting},
          row{{encrypting.cert, signing.cert, root}, &signing, &encrypting}}) {
        auto config = config_for();
        config.ca_fingerprint = crypto::sha256(root.der()); // of the top, not of the RA
        client c{ctx, config, rsa_key(1)};
        c.start(now);
        http(c.on_response(200, ra_type, value_of(certs_only(bag)), now));
        EXPECT_EQ(c.ca()->der(), signs->cert.der());
        const auto request = opened(http(c.on_response(200, "", as_bytes(modern_caps), now)));
        const auto issued = issue_for(request, *decrypts);
        const auto reply =
            value_of(build_success(ctx, {issued}, request.signer, *signs, answer_to(request)));
        EXPECT_TRUE(std::holds_alternative<done_action>(deliver(c, reply)));
    }
}

TEST(scep_client, useless_bags_are_refused) {
    const auto signing = ra("signing RA", rsa_key(2), {.digital_signature = true});
    const auto stranger = self_signed("stranger", rsa_key(3));
    for (const auto& bag :
         {std::vector<certificate>{}, std::vector{signing.cert},
          std::vector{rsa_ca().cert, signing.cert}, std::vector{rsa_ca().cert, stranger.cert}}) {
        client c{ctx, config_for(), rsa_key(1)};
        c.start(now);
        EXPECT_TRUE(failure(c.on_response(200, ra_type, value_of(certs_only(bag)), now)))
            << bag.size();
    }
}

} // namespace
} // namespace pomona::test
