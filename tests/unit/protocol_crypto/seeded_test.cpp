// What the virtual world stands on: a seed decides every random byte of cryptography.
#include "builders.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/protocol/scep/client.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace pomona::test {
namespace {

using namespace crypto;

TEST(seeded, bytes_are_the_same_in_every_process) {
    // AES-256-CTR keyed with SHA-256("pomona") over zeros; by
    // `head -c 32 /dev/zero | openssl enc -aes-256-ctr -K $(printf pomona | sha256sum) -iv 0`.
    EXPECT_EQ(to_hex(seeded("pomona").random(32)),
              "90d234b370637d1ab33b75895191c16b031cdb8afdfaedbf8887f666b12bbe4e");
}

TEST(seeded, the_size_of_the_pieces_does_not_matter) {
    const auto whole = seeded("s").random(100);
    const auto ctx = seeded("s");
    bytes pieces;
    for (const std::size_t size : {1U, 15U, 0U, 17U, 67U}) {
        const auto piece = ctx.random(size);
        pieces.insert(pieces.end(), piece.begin(), piece.end());
    }
    EXPECT_EQ(pieces, whole);
}

TEST(seeded, other_seed_other_bytes) {
    EXPECT_NE(seeded("a").random(32), seeded("b").random(32));
    EXPECT_NE(context::system().random(32), context::system().random(32));
}

TEST(seeded, all_threads_draw_from_one_stream) {
    const auto ctx = seeded("t");
    bytes second;
    const auto first = ctx.random(16);
    std::thread{[&] { second = ctx.random(16); }}.join();
    const auto both = seeded("t").random(32);
    EXPECT_EQ(first, bytes(both.begin(), both.begin() + 16));
    EXPECT_EQ(second, bytes(both.begin() + 16, both.end()));
}

TEST(seeded, keys) {
    const auto rsa = [](std::string_view seed) {
        return value_of(private_key::generate_rsa(seeded(seed))).to_der();
    };
    const auto one = rsa("k1");
    EXPECT_EQ(one, rsa("k1"));
    EXPECT_NE(one, rsa("k2"));
    const auto ec = [](std::string_view seed) {
        return value_of(private_key::generate_p256(seeded(seed))).to_der();
    };
    EXPECT_EQ(ec("k1"), ec("k1"));
    EXPECT_NE(ec("k1"), ec("k2"));
}

TEST(seeded, ecdsa_signatures) {
    const auto sign = [](std::string_view seed) {
        // The key is the same each time; only the nonce comes from the seed.
        const auto key = value_of(private_key::from_der(seeded(seed), ec_key().to_der()));
        return value_of(self_sign(spec_for("x"), key)).der();
    };
    const auto one = sign("n1");
    EXPECT_EQ(one, sign("n1"));
    EXPECT_NE(one, sign("n2"));
}

/// A SCEP request with everything random from the seed: content key, IV, RSA padding. Recipient
/// and signer belong to the system context: that must not matter.
bytes scep_request(std::string_view seed) {
    const auto signer = self_signed("signer", rsa_key(1));
    return value_of(scep::build_request(seeded(seed), as_bytes("\x30\x01\x05"), rsa_ca().cert,
                                        signer,
                                        {.type = scep::message_type::pkcs_req,
                                         .transaction_id = "T",
                                         .sender_nonce = bytes(16, 1),
                                         .signing_time = now}));
}

TEST(seeded, scep_envelopes) {
    const auto one = scep_request("e1");
    EXPECT_EQ(one, scep_request("e1"));
    EXPECT_NE(one, scep_request("e2"));
}

TEST(seeded, scep_replies_to_a_signer_read_from_a_message) {
    const auto reply = [](std::string_view seed, scep::cipher cipher) {
        const auto ctx = seeded(seed);
        const auto request = value_of(scep::open_message(ctx, scep_request("fixed")));
        return value_of(scep::build_success(ctx, {rsa_ca().cert}, request.signer, rsa_ca(),
                                            {.transaction_id = "T",
                                             .recipient_nonce = request.sender_nonce,
                                             .sender_nonce = ctx.random(16),
                                             .content_cipher = cipher,
                                             .signing_time = now}));
    };
    for (const auto cipher :
         {scep::cipher::aes_128_cbc, scep::cipher::aes_256_cbc, scep::cipher::des3_cbc}) {
        const auto one = reply("r1", cipher);
        EXPECT_EQ(one, reply("r1", cipher));
        EXPECT_NE(one, reply("r2", cipher));
    }
}

TEST(seeded, detached_ecdsa_signatures) {
    const auto sign = [](std::string_view seed) {
        const auto key = value_of(private_key::from_der(seeded(seed), ec_key().to_der()));
        const identity signer{leaf("mac", ec_key()).cert, key, {}};
        return value_of(sign_detached(as_bytes("body"), signer, now));
    };
    const auto one = sign("d1");
    EXPECT_EQ(one, sign("d1"));
    EXPECT_NE(one, sign("d2"));
}

TEST(seeded, a_whole_client) {
    const auto request = [](std::string_view seed) {
        scep::client_config config;
        config.url = "http://127.0.0.1/scep";
        config.subject = {{"CN", "mac"}};
        scep::client c{seeded(seed), config, rsa_key(1)};
        c.start(now);
        c.on_response(200, "application/x-x509-ca-cert", rsa_ca().cert.der(), now);
        const auto sent = c.on_response(200, "text/plain", as_bytes("SCEPStandard"), now);
        return std::get<scep::http_action>(sent).body;
    };
    const auto one = request("c1");
    EXPECT_EQ(one, request("c1"));
    EXPECT_NE(one, request("c2"));
}

} // namespace
} // namespace pomona::test
