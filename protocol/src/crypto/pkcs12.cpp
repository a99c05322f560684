// PKCS #12 (RFC 7292) as configuration profiles carry it: one key with its certificate.
#include "pomona/protocol/crypto/pkcs12.hpp"

#include "crypto/handles.hpp"

#include <openssl/pkcs12.h>

namespace pomona::crypto {
namespace {

using pkcs12_ptr = c_ptr<PKCS12, PKCS12_free>;

/// Choice: no identity of a profile is longer.
constexpr std::size_t max_pkcs12_bytes = std::size_t{1} * 1024 * 1024;
constexpr int max_certificates = 32;

/// Null when it is none. Algorithms are looked up in the context.
pkcs12_ptr decode(const context& ctx, bytes_view der) {
    pkcs12_ptr out{PKCS12_init_ex(NID_pkcs7_data, ctx.native(), nullptr)};
    if (!out) {
        return out;
    }
    auto* filled = out.release();
    const auto* cursor = der.data();
    d2i_PKCS12(&filled, &cursor, static_cast<long>(der.size())); // frees it on failure
    out.reset(filled);
    if (out && cursor != der.data() + der.size()) {
        out.reset();
    }
    return out;
}

} // namespace

result<identity> read_pkcs12(const context& ctx, bytes_view der, const std::string& password) {
    take_openssl_errors();
    if (der.empty() || der.size() > max_pkcs12_bytes) {
        return fail(errc::malformed, "PKCS #12 of no or too many octets");
    }
    const auto file = decode(ctx, der);
    if (!file) {
        return openssl_failure(errc::malformed, "reading PKCS #12");
    }
    EVP_PKEY* key = nullptr;
    X509* cert = nullptr;
    STACK_OF(X509)* others = nullptr;
    const int parsed = PKCS12_parse(file.get(), password.c_str(), &key, &cert, &others);
    const evp_pkey_ptr owned_key{key};
    x509_ptr owned_cert{cert};
    const x509_stack_ptr owned_others{others};
    if (parsed != 1) {
        return openssl_failure(errc::wrong_key, "opening PKCS #12 (password, or algorithms)");
    }
    if (!owned_key || !owned_cert) {
        return fail(errc::malformed, "PKCS #12 without a key or its certificate");
    }
    auto decoded = private_key::from_der(ctx, encode_der(i2d_PrivateKey, owned_key.get()));
    if (!decoded) {
        return std::unexpected{std::move(decoded.error())};
    }
    identity out{.cert = certificate_factory::adopt(ctx, std::move(owned_cert)),
                 .key = *std::move(decoded),
                 .chain = {}};
    const int count =
        owned_others ? std::min(sk_X509_num(owned_others.get()), max_certificates) : 0;
    for (int i = 0; i < count; ++i) {
        out.chain.push_back(certificate_factory::share(ctx, sk_X509_value(owned_others.get(), i)));
    }
    return out;
}

result<bytes> write_pkcs12(const identity& who, const std::string& password) {
    take_openssl_errors();
    const auto cert_der = who.cert.der();
    const auto* cursor = cert_der.data();
    const x509_ptr cert{d2i_X509(nullptr, &cursor, static_cast<long>(cert_der.size()))};
    if (!cert) {
        return openssl_failure(errc::library, "writing PKCS #12");
    }
    // As Apple's own tools read it everywhere: 3DES and SHA-1 would do, AES-256 and SHA-256 are
    // OpenSSL's default and are read since macOS 10.15 (choice).
    const pkcs12_ptr file{PKCS12_create_ex(password.c_str(), nullptr, who.key.native(), cert.get(),
                                           nullptr, 0, 0, 0, 0, 0, who.key.owner().native(),
                                           nullptr)};
    if (!file) {
        return openssl_failure(errc::library, "writing PKCS #12");
    }
    return encode_der(i2d_PKCS12, file.get());
}

} // namespace pomona::crypto
