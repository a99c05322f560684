#include "pomona/protocol/crypto/cms.hpp"

#include "crypto/certificate_apart.hpp"
#include "crypto/cms_core.hpp"
#include "crypto/enveloped.hpp"

#include <algorithm>
#include <array>

namespace pomona::crypto {
namespace {

/// Observed: real Mdm-Signature headers stay below 4 KiB decoded.
constexpr std::size_t max_detached_bytes = std::size_t{64} * 1024;
/// Choice: nothing larger is decrypted; a property list may have 4 MiB.
constexpr std::size_t max_enveloped_bytes = std::size_t{8} << 20U;

result<bytes> sign(bytes_view content, const identity& signer, std::optional<time_point> at,
                   bool detached, cms_digest digest = cms_digest::sha256) {
    return sign_cms(signer.key.owner(), content, signer,
                    {.digest = digest == cms_digest::sha1 ? EVP_sha1() : EVP_sha256(),
                     .signing_time = at,
                     .detached = detached,
                     .with_chain = !detached,
                     .attributes = {}});
}

/// `detached_content` is null for an attached signature; `known`: certificates that the message may
/// leave out.
result<verified> verify(const context& ctx, bytes_view data, const bytes_view* detached_content,
                        const std::vector<certificate>& known = {}) {
    auto cms = parse_cms(ctx, data);
    if (!cms) {
        return std::unexpected{cms.error()};
    }
    const auto signer = find_signer(cms->get(), known);
    if (!signer) {
        return std::unexpected{signer.error()};
    }
    if (content_is_absent(cms->get()) != (detached_content != nullptr)) {
        return fail(errc::malformed, detached_content != nullptr
                                         ? "detached signature with a content inside"
                                         : "signature without the content");
    }
    if (!digests_permitted(*signer)) {
        return fail(errc::unsupported, "digest algorithm of a CMS");
    }
    const auto source = detached_content != nullptr ? reading_bio(*detached_content) : bio_ptr{};
    const bio_ptr sink{BIO_new(BIO_s_mem())};
    if (!sink || (detached_content != nullptr && !source)) {
        return openssl_failure(errc::library, "memory BIO");
    }
    if (!signature_holds(cms->get(), *signer, source.get(),
                         detached_content != nullptr ? nullptr : sink.get())) {
        return fail(errc::signature_invalid, "CMS");
    }
    return verified{.signer = certificate_factory::share(ctx, signer->cert),
                    .certificates = certificates_of(ctx, cms->get()),
                    .signing_time = signing_time_of(signer->info),
                    .content = written_bytes(sink.get())};
}

} // namespace

result<bytes> sign_detached(bytes_view content, const identity& signer,
                            std::optional<time_point> at) {
    return sign(content, signer, at, true);
}

result<bytes> sign_attached(bytes_view content, const identity& signer, time_point at,
                            cms_digest digest) {
    return sign(content, signer, at, false, digest);
}

result<verified> verify_detached(const context& ctx, bytes_view cms, bytes_view content) {
    if (cms.size() > max_detached_bytes || content.size() > max_der_bytes) {
        return fail(errc::too_large, "detached signature");
    }
    return verify(ctx, cms, &content);
}

result<verified> verify_attached(const context& ctx, bytes_view cms) {
    return verify(ctx, cms, nullptr);
}

result<verified> signer_cache::verify_detached(const context& ctx, bytes_view cms,
                                               bytes_view content) {
    auto apart = take_certificate_out(cms);
    if (!apart) {
        return crypto::verify_detached(ctx, cms, content);
    }
    bytes der(apart->certificate.begin(), apart->certificate.end());
    if (const auto found = known_.find(der); found != known_.end()) {
        // The certificates of a SignedData are not signed: without them it says the same.
        auto done = verify(ctx, apart->without, &content, {found->second});
        if (done) {
            ++hits_;
            done->certificates = {found->second};
            return done;
        }
        // An error is worded by the whole message.
    }
    auto done = crypto::verify_detached(ctx, cms, content);
    if (done && !known_.contains(der)) {
        if (order_.size() >= most_) {
            known_.erase(order_.front());
            order_.pop_front();
        }
        order_.push_back(der);
        known_.emplace(std::move(der), done->signer);
    }
    return done;
}

bool looks_like_cms(bytes_view data) {
    // SEQUENCE, a length, and an object identifier of PKCS #7 (1.2.840.113549.1.7.*).
    constexpr std::array<std::uint8_t, 10> oid{0x06, 0x09, 0x2a, 0x86, 0x48,
                                               0x86, 0xf7, 0x0d, 0x01, 0x07};
    if (data.size() < 2 || data[0] != 0x30) {
        return false;
    }
    const std::size_t length_octets = data[1] > 0x80 ? 1U + (data[1] & 0x7fU) : 1U;
    const auto inside =
        data.size() > 1 + length_octets ? data.subspan(1 + length_octets) : bytes_view{};
    return inside.size() >= oid.size() && std::equal(oid.begin(), oid.end(), inside.begin());
}

result<bytes> seal_enveloped(const context& ctx, bytes_view content, const certificate& recipient) {
    if (!recipient.key_is_rsa()) {
        return fail(errc::unsupported, "a recipient without an RSA key");
    }
    return write_enveloped(ctx, content, recipient, EVP_aes_256_cbc(), false);
}

result<bytes> open_enveloped(const context& ctx, bytes_view data, const identity& recipient) {
    if (data.size() > max_enveloped_bytes) {
        return fail(errc::too_large, "envelope");
    }
    auto content = read_enveloped(ctx, data, recipient);
    return content && content->empty() ? fail(errc::decrypt_failed) : std::move(content);
}

} // namespace pomona::crypto
