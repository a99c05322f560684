// Uploads at the push certificates portal, and what it gives for them.
#include "apns/push_upload.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/foundation/uuid.hpp"
#include "pomona/protocol/crypto/signature.hpp"
#include "pomona/sim/apns/push_portal.hpp"

#include <gtest/gtest.h>

namespace pomona::sim::apns {
namespace {

using namespace std::chrono_literals;

class uploads : public testing::Test {
  protected:
    uploads() {
        auto spec = spec_for("Root");
        spec.ca = true;
        spec.usage = {.key_cert_sign = true};
        const auto key = *crypto::private_key::generate_p256(ctx_);
        root_ = crypto::identity{*crypto::self_sign(spec, key), key, {}};
        portal_ = std::make_unique<push_portal>(
            *root_, portal_entropy{.random = [this](std::size_t n) { return ctx_.random(n); },
                                   .uuid =
                                       [this] {
                                           return "0D5E3A2C-8B1F-4C7D-9E6A-1F2B3C4D5E0" +
                                                  std::to_string(names_++);
                                       }});
        chain_ = *portal_->vendor_chain(vendor_, now_);
        request_ = *crypto::make_request(
            {.subject = {{"CN", "mdm"}}, .challenge = {}, .usage = {}, .dns_names = {}}, customer_);
    }
    crypto::certificate_spec spec_for(std::string cn) {
        crypto::certificate_spec spec;
        spec.subject = {{"CN", std::move(cn)}};
        spec.serial = {1};
        spec.not_before = now_ - 1h;
        spec.not_after = now_ + std::chrono::days{3650};
        return spec;
    }
    std::string upload() { return upload_of(request_, vendor_, chain_); }
    std::string upload_of(const bytes& request, const crypto::private_key& signer,
                          const std::vector<crypto::certificate>& chain) {
        return write_push_upload(request, *crypto::sign_sha256(request, signer), chain);
    }
    std::string refusal(const std::string& text) {
        const auto out = portal_->create(ctx_, text, now_);
        return out ? "accepted" : out.error().detail;
    }

    crypto::context ctx_ = crypto::context::seeded(as_bytes("uploads"));
    time_point now_{std::chrono::seconds{1'800'000'000}};
    int names_ = 1;
    crypto::private_key vendor_ = *crypto::private_key::generate_rsa(ctx_);
    crypto::private_key customer_ = *crypto::private_key::generate_rsa(ctx_);
    std::optional<crypto::identity> root_;
    std::unique_ptr<push_portal> portal_;
    std::vector<crypto::certificate> chain_;
    bytes request_;
};

TEST_F(uploads, APNS_070_only_a_whole_upload_is_accepted) {
    EXPECT_EQ(refusal(upload()), "accepted");
    EXPECT_EQ(refusal("nonsense!"), "the upload is base64 of a property list");
    EXPECT_EQ(refusal(std::string(100'000, 'A')), "the upload is larger than 64 KiB");
    EXPECT_EQ(refusal(upload_of(request_, customer_, chain_)),
              "PushCertSignature is not the vendor's, over the DER of the request");
    EXPECT_EQ(refusal(upload_of({1, 2, 3}, vendor_, chain_)),
              "PushCertRequestCSR is no certification request");
    EXPECT_EQ(refusal(write_push_upload(request_, {}, chain_)),
              "PushCertRequestCSR and PushCertSignature are base64 texts");
    EXPECT_EQ(refusal(upload_of(request_, vendor_, {})),
              "PushCertCertificateChain holds no PEM certificates");
    const std::vector<crypto::certificate> short_chain{chain_[0], chain_[1]};
    EXPECT_EQ(refusal(upload_of(request_, vendor_, short_chain)),
              "PushCertCertificateChain does not end in the root");
    const std::vector<crypto::certificate> gap{chain_[0], chain_[2]};
    EXPECT_EQ(refusal(upload_of(request_, vendor_, gap)),
              "PushCertCertificateChain is no chain that holds now");
    const auto small = *crypto::private_key::generate_rsa(ctx_, 1024);
    const auto weak = *crypto::make_request(
        {.subject = {{"CN", "mdm"}}, .challenge = {}, .usage = {}, .dns_names = {}}, small);
    EXPECT_EQ(refusal(upload_of(weak, vendor_, chain_)),
              "the request's key is not RSA with 2048 bits");
}

TEST_F(uploads, APNS_071_renewal_keeps_uid_and_cn_and_create_gives_new_ones) {
    const auto first = *portal_->create(ctx_, upload(), now_);
    const auto again = *portal_->renew(ctx_, first.entry, upload(), now_ + 300 * 24h);
    EXPECT_EQ(first.cert.subject(), again.cert.subject());
    EXPECT_NE(first.cert.serial_hex(), again.cert.serial_hex());
    EXPECT_EQ(first.cert.subject_part("UID"), first.for_topic.value());
    EXPECT_EQ(first.cert.public_key_info(), customer_.public_key_info());
    const auto other = *portal_->create(ctx_, upload(), now_);
    EXPECT_NE(other.cert.subject_part("UID"), first.cert.subject_part("UID"));
    EXPECT_FALSE(portal_->renew(ctx_, "none", upload(), now_));
}

TEST_F(uploads, certificates_that_are_wrong_on_purpose) {
    const auto made = [&](push_certificate_kind kind) {
        return portal_->create(ctx_, upload(), now_, kind)->cert;
    };
    EXPECT_LT(made(push_certificate_kind::expired).not_after(), now_);
    EXPECT_FALSE(made(push_certificate_kind::no_uid).subject_part("UID"));
    EXPECT_FALSE(
        made(push_certificate_kind::sandbox_only).has_extension("1.2.840.113635.100.6.3.2"));
    const auto entry = *portal_->create(ctx_, upload(), now_);
    const auto other =
        *portal_->renew(ctx_, entry.entry, upload(), now_, push_certificate_kind::other_topic);
    EXPECT_NE(other.cert.subject_part("UID"), entry.cert.subject_part("UID"));
    EXPECT_FALSE(portal_->is_revoked(other.cert.serial_hex()));
    portal_->revoke(other.cert.serial_hex());
    EXPECT_TRUE(portal_->is_revoked(other.cert.serial_hex()));
    for (const auto* name : {"good", "expired", "sandbox-only", "no-uid", "other-topic"}) {
        EXPECT_EQ(name_of(*find_push_certificate_kind(name)), name);
    }
    EXPECT_FALSE(find_push_certificate_kind("nice"));
}

} // namespace
} // namespace pomona::sim::apns
