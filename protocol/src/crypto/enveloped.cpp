#include "crypto/enveloped.hpp"

#include "crypto/cms_core.hpp"

#include <openssl/err.h>

namespace pomona::crypto {

result<bytes> write_enveloped(const context& ctx, bytes_view content, const certificate& recipient,
                              const EVP_CIPHER* cipher, bool ber) {
    ERR_clear_error();
    const x509_stack_ptr recipients{sk_X509_new_null()};
    const auto source = reading_bio(content);
    const bio_ptr sink{BIO_new(BIO_s_mem())};
    if (!recipients || !source || !sink || !push(recipients.get(), recipient)) {
        return openssl_failure(errc::library, "envelope");
    }
    const unsigned flags = CMS_BINARY | (ber ? CMS_STREAM : 0U);
    const cms_ptr cms{
        CMS_encrypt_ex(recipients.get(), source.get(), cipher, flags, ctx.native(), nullptr)};
    // Without CMS_STREAM in the flags this is DER.
    if (!cms ||
        i2d_CMS_bio_stream(sink.get(), cms.get(), source.get(), static_cast<int>(flags)) != 1) {
        return openssl_failure(errc::library, "envelope");
    }
    return written_bytes(sink.get());
}

result<bytes> read_enveloped(const context& ctx, bytes_view envelope, const identity& recipient) {
    const auto cms = parse_cms(ctx, envelope);
    if (!cms) {
        return std::unexpected(cms.error());
    }
    if (OBJ_obj2nid(CMS_get0_type(cms->get())) != NID_pkcs7_enveloped) {
        return fail(errc::malformed, "content that is no EnvelopedData");
    }
    const bio_ptr sink{BIO_new(BIO_s_mem())};
    ERR_clear_error();
    const bool decrypted =
        sink && CMS_decrypt(cms->get(), recipient.key.native().get(), recipient.cert.native().get(),
                            nullptr, sink.get(), CMS_BINARY) == 1;
    ERR_clear_error();
    return decrypted ? written_bytes(sink.get()) : bytes{};
}

} // namespace pomona::crypto
