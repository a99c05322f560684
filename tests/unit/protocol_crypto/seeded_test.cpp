// What the virtual world stands on: a seed decides every random byte of cryptography.
#include "builders.hpp"
#include "pomona/foundation/encoding.hpp"

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

} // namespace
} // namespace pomona::test
