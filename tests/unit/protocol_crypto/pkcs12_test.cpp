// PKCS #12 as identity payloads carry it.
#include "builders.hpp"
#include "pomona/protocol/crypto/pkcs12.hpp"

#include <gtest/gtest.h>
#include <openssl/pkcs12.h>

namespace pomona::crypto {
namespace {

using namespace std::chrono_literals;

identity own(const context& ctx) {
    certificate_spec spec;
    spec.subject = {{"CN", "own"}};
    spec.serial = {7};
    spec.not_before = time_point{};
    spec.not_after = time_point{} + 24h * 365;
    const auto key = private_key::generate_p256(ctx).value();
    return {self_sign(spec, key).value(), key, {}};
}

/// By OpenSSL's own writer.
bytes written(const identity& id, const char* password, int rounds, int key_cipher = 0) {
    PKCS12* made = PKCS12_create(password, "own", id.key.native().get(), id.cert.native().get(),
                                 nullptr, key_cipher, 0, rounds, rounds, 0);
    bytes out;
    if (made != nullptr) {
        out.resize(static_cast<std::size_t>(i2d_PKCS12(made, nullptr)));
        auto* cursor = out.data();
        i2d_PKCS12(made, &cursor);
    }
    PKCS12_free(made);
    return out;
}

TEST(pkcs12, gives_the_key_and_its_certificate) {
    const auto ctx = context::system();
    const auto id = own(ctx);
    const auto data = written(id, "secret", 2048);
    const auto read = read_pkcs12(ctx, data, "secret");
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->cert.der(), id.cert.der());
    EXPECT_EQ(read->key.to_der(), id.key.to_der());
    EXPECT_EQ(read_pkcs12(ctx, data, "Secret").error().code, errc::decrypt_failed);
    const auto virtual_world = context::seeded(as_bytes("p12"));
    EXPECT_TRUE(read_pkcs12(virtual_world, data, "secret"));
    EXPECT_TRUE(read_pkcs12(
        ctx, written(id, "secret", 2048, NID_pbe_WithSHA1And3_Key_TripleDES_CBC), "secret"));
    EXPECT_TRUE(read_pkcs12(ctx, written(id, "", 1), ""));
}

TEST(pkcs12, damage_and_work_without_end_are_refused) {
    const auto ctx = context::system();
    const auto data = written(own(ctx), "secret", 1);
    for (std::size_t size = 0; size < data.size(); size += 11) {
        EXPECT_FALSE(read_pkcs12(ctx, bytes_view{data}.first(size), "secret")) << size;
    }
    for (std::size_t at = 0; at < data.size(); at += 5) {
        auto changed = data;
        changed[at] ^= 0x55U;
        (void)read_pkcs12(ctx, changed, "secret"); // an error or not, but nothing bad
    }
    auto longer = data;
    longer.push_back(0);
    EXPECT_FALSE(read_pkcs12(ctx, longer, "secret"));
    // The number of rounds is read before they are made.
    EXPECT_EQ(read_pkcs12(ctx, written(own(ctx), "secret", 1'000'001), "secret").error().code,
              errc::unsupported);
}

} // namespace
} // namespace pomona::crypto
