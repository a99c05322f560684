// Single DES and SHA-1 for peers that know no better: only in a library context of its own, and
// only on request.
#include "scripted_ca.hpp"

#include <gtest/gtest.h>

namespace pomona::test {
namespace {

using namespace scep;
using crypto::context;

const context& legacy() {
    static const auto made = value_of(context::with_legacy());
    return made;
}

bytes des_request() {
    auto how = options_for();
    how.content_cipher = cipher::des_cbc;
    how.signature_digest = digest::sha1;
    how.legacy = &legacy();
    return value_of(
        build_request(ctx, csr(rsa_key(1)), rsa_ca().cert, self_signed("UUID", rsa_key(1)), how));
}

client_config legacy_config() {
    auto config = config_for();
    config.legacy = legacy();
    return config;
}

TEST(scep_legacy, single_des_works_where_it_is_permitted_and_nowhere_else) { // SCEP-029
    const auto envelope = value_of(open_message(ctx, des_request())).envelope;
    const auto read = value_of(open_envelope(ctx, envelope, rsa_ca(), &legacy()));
    EXPECT_EQ(read.content_cipher, cipher::des_cbc);
    EXPECT_EQ(read.content, csr(rsa_key(1)));
    EXPECT_EQ(code_of(open_envelope(ctx, envelope, rsa_ca())), errc::refused_algorithm);

    auto how = options_for();
    how.content_cipher = cipher::des_cbc;
    EXPECT_EQ(code_of(build_request(ctx, csr(rsa_key(1)), rsa_ca().cert,
                                    self_signed("UUID", rsa_key(1)), how)),
              errc::refused_algorithm)
        << "no legacy context, no DES";
}

TEST(scep_legacy, client_takes_des_and_sha1_only_when_the_ca_announces_nothing_better) {
    const auto chosen = [](std::string_view caps) {
        client c{ctx, legacy_config(), rsa_key(1)};
        const auto request = opened(http(to_operation(c, caps)));
        return std::pair{
            value_of(open_envelope(ctx, request.envelope, rsa_ca(), &legacy())).content_cipher,
            request.signature_digest};
    };
    EXPECT_EQ(chosen("POSTPKIOperation"), (std::pair{cipher::des_cbc, digest::sha1}));
    EXPECT_EQ(chosen("POSTPKIOperation\nAES\nSHA-256"),
              (std::pair{cipher::aes_128_cbc, digest::sha256}));
}

TEST(scep_legacy, an_answer_in_des_is_accepted_on_request_and_refused_with_the_mend_otherwise) {
    for (const bool permitted : {true, false}) {
        client c{ctx, permitted ? legacy_config() : config_for(), rsa_key(1)};
        const auto request = opened(http(to_operation(c)));
        const auto reply =
            value_of(build_success(ctx, {issue_for(request)}, request.signer, rsa_ca(),
                                   {.transaction_id = request.transaction_id,
                                    .recipient_nonce = request.sender_nonce,
                                    .sender_nonce = bytes(16, 7),
                                    .signature_digest = digest::sha1,
                                    .content_cipher = cipher::des_cbc,
                                    .signing_time = now,
                                    .legacy = &legacy()}));
        const auto end = deliver(c, reply);
        EXPECT_EQ(std::holds_alternative<done_action>(end), permitted);
        if (const auto* failed = std::get_if<failed_action>(&end)) {
            EXPECT_EQ(failed->why.code, errc::refused_algorithm);
            EXPECT_NE(failed->why.message().find("scep-legacy"), std::string::npos)
                << failed->why.message();
        }
    }
}

TEST(scep_legacy, a_ca_certificate_without_key_encipherment_is_accepted) { // SCEP-006
    crypto::certificate_spec spec{.subject = {{"CN", "Old CA"}},
                                  .serial = {0x01},
                                  .not_before = now - day,
                                  .not_after = now + day,
                                  .ca = true,
                                  .path_length = {},
                                  .usage = {.key_cert_sign = true, .crl_sign = true},
                                  .extended_usage = {},
                                  .dns_names = {},
                                  .extensions = {}};
    const auto ca = value_of(self_sign(spec, rsa_key(0)));
    const auto second = [&](client_config config) {
        config.ca_fingerprint.clear();
        client c{ctx, std::move(config), rsa_key(1)};
        static_cast<void>(c.start(now));
        return c.on_response(200, ca_type, ca.der(), now);
    };
    EXPECT_TRUE(std::holds_alternative<http_action>(second(legacy_config())));
    EXPECT_TRUE(std::holds_alternative<failed_action>(second(config_for())));
}

} // namespace
} // namespace pomona::test
