#include "builders.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/cms.hpp"

#include <gtest/gtest.h>
#include <openssl/cms.h>

#include <algorithm>
#include <thread>

namespace pomona::test {
namespace {

using namespace crypto;

const std::string body = "<plist><dict/></plist>";

std::error_code code_of(const result<verified>& r) {
    return r ? std::error_code{} : r.error().code;
}

/// A signature made by OpenSSL's own function, with what our API does not offer.
bytes sign_with(const EVP_MD* digest, unsigned flags, int signers = 1) {
    BIO* in = BIO_new_mem_buf(body.data(), static_cast<int>(body.size()));
    CMS_ContentInfo* cms = CMS_sign(nullptr, nullptr, nullptr, nullptr, flags | CMS_PARTIAL);
    const auto first = leaf("mac", rsa_key(1));
    const auto second = leaf("other", rsa_key(2));
    CMS_add1_signer(cms, first.cert.native().get(), first.key.native().get(), digest, flags);
    if (signers > 1) {
        CMS_add1_signer(cms, second.cert.native().get(), second.key.native().get(), digest, flags);
    }
    CMS_final(cms, in, nullptr, flags);
    unsigned char* der = nullptr;
    const int length = i2d_CMS_ContentInfo(cms, &der);
    bytes out(der, der + length);
    OPENSSL_free(der);
    CMS_ContentInfo_free(cms);
    BIO_free(in);
    return out;
}

TEST(cms, detached_signature_verifies_over_its_content_only) {
    for (const auto* key : {&rsa_key(1), &ec_key()}) {
        const auto signer = leaf("mac", *key);
        const auto cms = value_of(sign_detached(as_bytes(body), signer, now));
        const auto ok = value_of(verify_detached(context::system(), cms, as_bytes(body)));
        EXPECT_EQ(ok.signer.der(), signer.cert.der());
        EXPECT_EQ(ok.certificates.size(), 1U);
        EXPECT_EQ(ok.signing_time, now) << "the caller's time, not the machine's";
        EXPECT_TRUE(ok.content.empty());
        EXPECT_EQ(code_of(verify_detached(context::system(), cms, as_bytes("other"))),
                  errc::signature_invalid);
        EXPECT_EQ(code_of(verify_detached(context::system(), cms, {})), errc::signature_invalid);
    }
}

TEST(cms, without_a_signing_time_there_are_no_signed_attributes) {
    for (const auto* key : {&rsa_key(1), &ec_key()}) { // F22: as Macs sign
        const auto signer = leaf("mac", *key);
        const auto cms = value_of(sign_detached(as_bytes(body), signer, std::nullopt));
        const auto with = value_of(sign_detached(as_bytes(body), signer, now));
        EXPECT_LT(cms.size() + 60, with.size()) << "contentType, messageDigest and signingTime";
        const auto ok = value_of(verify_detached(context::system(), cms, as_bytes(body)));
        EXPECT_EQ(ok.signer.der(), signer.cert.der());
        EXPECT_FALSE(ok.signing_time);
        EXPECT_EQ(code_of(verify_detached(context::system(), cms, as_bytes("other"))),
                  errc::signature_invalid);
    }
}

TEST(cms, empty_content_can_be_signed) {
    const auto cms = value_of(sign_detached({}, leaf("mac", rsa_key(1)), now));
    EXPECT_TRUE(verify_detached(context::system(), cms, {}));
    EXPECT_FALSE(verify_detached(context::system(), cms, as_bytes("x")));
}

TEST(cms, attached_signature_carries_content_and_chain) {
    const auto signer = leaf("mdm", rsa_key(1));
    const auto cms = value_of(sign_attached(as_bytes(body), signer, now));
    const auto ok = value_of(verify_attached(context::system(), cms));
    EXPECT_EQ(to_text(bytes_view{ok.content}), body);
    ASSERT_EQ(ok.certificates.size(), 2U);
    EXPECT_TRUE(verify_chain(ok.signer, ok.certificates, {rsa_ca().cert}, now));
    EXPECT_TRUE(looks_like_cms(cms));
    EXPECT_FALSE(looks_like_cms(as_bytes(body)));
    EXPECT_FALSE(looks_like_cms(rsa_ca().cert.der()));
    EXPECT_FALSE(looks_like_cms({}));
}

TEST(cms, forms_are_not_mixed_up) {
    const auto signer = leaf("mac", rsa_key(1));
    const auto detached = value_of(sign_detached(as_bytes(body), signer, now));
    const auto attached = value_of(sign_attached(as_bytes(body), signer, now));
    EXPECT_EQ(code_of(verify_attached(context::system(), detached)), errc::malformed);
    EXPECT_EQ(code_of(verify_detached(context::system(), attached, as_bytes(body))),
              errc::malformed);
}

TEST(cms, verifies_without_signed_attributes) {
    const auto cms = sign_with(EVP_sha256(), CMS_BINARY | CMS_NOATTR | CMS_DETACHED);
    const auto ok = value_of(verify_detached(context::system(), cms, as_bytes(body)));
    EXPECT_EQ(ok.signing_time, std::nullopt);
    EXPECT_EQ(code_of(verify_detached(context::system(), cms, as_bytes("other"))),
              errc::signature_invalid);
}

TEST(cms, sha1_is_accepted_and_md5_refused) {
    EXPECT_TRUE(verify_attached(context::system(), sign_with(EVP_sha1(), CMS_BINARY)));
    EXPECT_TRUE(verify_attached(context::system(), sign_with(EVP_sha512(), CMS_BINARY)));
    EXPECT_EQ(code_of(verify_attached(context::system(), sign_with(EVP_md5(), CMS_BINARY))),
              errc::unsupported);
}

TEST(cms, two_signers_are_refused) {
    EXPECT_EQ(code_of(verify_attached(context::system(), sign_with(EVP_sha256(), CMS_BINARY, 2))),
              errc::unsupported);
}

TEST(cms, signer_certificate_has_to_be_inside) {
    EXPECT_EQ(code_of(verify_attached(context::system(),
                                      sign_with(EVP_sha256(), CMS_BINARY | CMS_NOCERTS))),
              errc::malformed);
}

TEST(cms, one_key_signs_on_several_threads) {
    const auto signer = leaf("mac", rsa_key(1));
    std::vector<bytes> made(4);
    {
        std::vector<std::jthread> threads;
        for (auto& out : made) {
            threads.emplace_back([&out, &signer] {
                for (int i = 0; i < 20; ++i) {
                    out = value_of(sign_detached(as_bytes(body), signer, now));
                }
            });
        }
    }
    for (const auto& cms : made) {
        EXPECT_EQ(cms, made.front()) << "RSA PKCS #1 v1.5 signatures are deterministic";
        EXPECT_TRUE(verify_detached(context::system(), cms, as_bytes(body)));
    }
}

TEST(cms, key_and_certificate_have_to_belong_together) {
    const identity wrong{leaf("mac", rsa_key(1)).cert, rsa_key(2), {}};
    EXPECT_FALSE(sign_detached(as_bytes(body), wrong, now).has_value());
}

TEST(cms, every_changed_byte_is_noticed_or_harmless) {
    const auto signer = leaf("mac", rsa_key(1));
    const auto cms = value_of(sign_detached(as_bytes(body), signer, now));
    const auto numbers = signer.key.public_key_pkcs1();
    for (std::size_t i = 0; i < cms.size(); ++i) {
        auto bad = cms;
        bad[i] ^= 0x40;
        const auto seen = verify_detached(context::system(), bad, as_bytes(body));
        // Some bytes (those of the certificate's own signature, say) are not covered; the numbers
        // of the signer's key always are.
        if (seen) {
            const auto spki = seen->signer.public_key_info();
            ASSERT_GT(spki.size(), numbers.size()) << i;
            EXPECT_TRUE(std::equal(numbers.rbegin(), numbers.rend(), spki.rbegin())) << i;
        }
    }
}

TEST(cms, cut_and_lengthened_messages_are_malformed) {
    auto cms = value_of(sign_detached(as_bytes(body), leaf("mac", rsa_key(1)), now));
    for (std::size_t cut = 0; cut < cms.size(); cut += 3) {
        EXPECT_EQ(
            code_of(verify_detached(context::system(), bytes_view{cms}.first(cut), as_bytes(body))),
            errc::malformed);
    }
    cms.push_back(0);
    EXPECT_EQ(code_of(verify_detached(context::system(), cms, as_bytes(body))), errc::malformed);
    EXPECT_EQ(code_of(verify_detached(context::system(), bytes(70'000, 0x30), as_bytes(body))),
              errc::too_large);
}

TEST(cms, deep_nesting_is_refused) {
    bytes deep;
    for (int i = 0; i < 20'000; ++i) {
        deep.insert(deep.end(), {0x30, 0x80});
    }
    EXPECT_EQ(code_of(verify_attached(context::system(), deep)), errc::malformed);
}

TEST(cms, a_cached_signer_gives_the_same_outcome_as_a_decoded_one) {
    signer_cache cache;
    const auto ctx = context::system();
    const auto signer = leaf("mac", rsa_key(1));
    for (const std::string content : {"first", "second", "third"}) {
        const auto cms = value_of(sign_detached(as_bytes(content), signer, now));
        const auto plain = value_of(verify_detached(ctx, cms, as_bytes(content)));
        const auto cached = value_of(cache.verify_detached(ctx, cms, as_bytes(content)));
        EXPECT_EQ(cached.signer.der(), plain.signer.der());
        EXPECT_EQ(cached.certificates.size(), plain.certificates.size());
        EXPECT_EQ(cached.certificates.at(0).der(), plain.certificates.at(0).der());
        EXPECT_EQ(cached.signing_time, plain.signing_time);
        EXPECT_TRUE(cached.content.empty());
        EXPECT_EQ(code_of(cache.verify_detached(ctx, cms, as_bytes("other"))),
                  errc::signature_invalid);
    }
    EXPECT_EQ(cache.size(), 1U);
    EXPECT_EQ(cache.hits(), 2U) << "the second and the third message";
}

TEST(cms, a_cached_signer_vouches_for_no_other_certificate) {
    signer_cache cache;
    const auto ctx = context::system();
    const auto own = leaf("mac", rsa_key(1));
    ASSERT_TRUE(cache.verify_detached(ctx, value_of(sign_detached(as_bytes(body), own, now)),
                                      as_bytes(body)));
    // The same name and serial number, another key: signed by it, shown as the first one.
    const auto other = leaf("mac", rsa_key(2));
    auto forged = value_of(sign_detached(as_bytes(body), other, now));
    const auto theirs = other.cert.der();
    const auto ours = own.cert.der();
    const auto at = std::search(forged.begin(), forged.end(), theirs.begin(), theirs.end());
    ASSERT_NE(at, forged.end());
    ASSERT_EQ(theirs.size(), ours.size());
    EXPECT_TRUE(cache.verify_detached(ctx, forged, as_bytes(body))) << "as it is";
    std::copy(ours.begin(), ours.end(), at);
    EXPECT_EQ(code_of(cache.verify_detached(ctx, forged, as_bytes(body))),
              code_of(verify_detached(ctx, forged, as_bytes(body))));
    EXPECT_FALSE(cache.verify_detached(ctx, forged, as_bytes(body)));
}

TEST(cms, the_cache_judges_every_cut_and_changed_message_as_the_plain_function_does) {
    signer_cache cache;
    const auto ctx = context::system();
    const auto cms = value_of(sign_detached(as_bytes(body), leaf("mac", rsa_key(1)), now));
    ASSERT_TRUE(cache.verify_detached(ctx, cms, as_bytes(body)));
    for (std::size_t i = 0; i < cms.size(); i += 3) {
        auto changed = cms;
        changed[i] ^= 0x41;
        const auto cut = bytes_view{cms}.first(i);
        EXPECT_EQ(code_of(cache.verify_detached(ctx, changed, as_bytes(body))),
                  code_of(verify_detached(ctx, changed, as_bytes(body))))
            << i;
        EXPECT_EQ(code_of(cache.verify_detached(ctx, cut, as_bytes(body))),
                  code_of(verify_detached(ctx, cut, as_bytes(body))))
            << i;
    }
}

TEST(cms, the_cache_of_signers_is_bounded) {
    signer_cache cache{1};
    const auto ctx = context::system();
    const auto first = value_of(sign_detached(as_bytes(body), leaf("a", rsa_key(1)), now));
    const auto second = value_of(sign_detached(as_bytes(body), leaf("b", rsa_key(2)), now));
    for (const auto* cms : {&first, &second, &first}) {
        EXPECT_TRUE(cache.verify_detached(ctx, *cms, as_bytes(body)));
    }
    EXPECT_EQ(cache.size(), 1U);
    EXPECT_EQ(cache.hits(), 0U);
}

} // namespace
} // namespace pomona::test
