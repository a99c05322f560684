// Degenerate SignedData (RFC 8894 section 3.4): certificates and nothing else.
#include "scep/pki_message.hpp"

#include <openssl/err.h>
#include <openssl/pkcs7.h>

namespace pomona::scep {

using crypto::openssl_failure;

result<bytes> certs_only(const std::vector<crypto::certificate>& certificates) {
    ERR_clear_error();
    // Not CMS_sign: that leaves an empty eContent, which strict readers refuse.
    const c_ptr<PKCS7, PKCS7_free> out{PKCS7_new()};
    if (!out || PKCS7_set_type(out.get(), NID_pkcs7_signed) != 1 ||
        PKCS7_content_new(out.get(), NID_pkcs7_data) != 1 ||
        PKCS7_set_detached(out.get(), 1) != 1) {
        return openssl_failure(crypto::errc::library, "certs-only");
    }
    for (const auto& cert : certificates) {
        if (PKCS7_add_certificate(out.get(), cert.native().get()) != 1) {
            return openssl_failure(crypto::errc::library, "certs-only");
        }
    }
    auto der = crypto::encode_der(i2d_PKCS7, out.get());
    if (der.empty()) {
        return openssl_failure(crypto::errc::library, "certs-only");
    }
    return der;
}

result<std::vector<crypto::certificate>> read_certs_only(const crypto::context& ctx,
                                                         bytes_view der) {
    constexpr std::size_t max_certificates = 100;
    if (der.size() > max_message_bytes) {
        return fail(errc::malformed, "certs-only too large");
    }
    const auto cms = crypto::parse_cms(ctx, der);
    if (!cms) {
        return fail(errc::malformed, cms.error().detail);
    }
    if (OBJ_obj2nid(CMS_get0_type(cms->get())) != NID_pkcs7_signed) {
        return fail(errc::malformed, "certs-only that is no SignedData");
    }
    auto certificates = crypto::certificates_of(ctx, cms->get());
    if (certificates.size() > max_certificates) {
        return fail(errc::malformed, "too many certificates");
    }
    return certificates;
}

} // namespace pomona::scep
