#include "pomona/protocol/crypto/signature.hpp"

#include "crypto/public_key.hpp"

#include <openssl/err.h>

namespace pomona::crypto {
namespace {

using evp_md_ctx_ptr = c_ptr<EVP_MD_CTX, EVP_MD_CTX_free>;

} // namespace

result<bytes> sign_sha256(bytes_view data, const private_key& key) {
    ERR_clear_error();
    const evp_md_ctx_ptr hash{EVP_MD_CTX_new()};
    std::size_t length = 0;
    if (!hash ||
        EVP_DigestSignInit_ex(hash.get(), nullptr, "SHA256", key.owner().native(), nullptr,
                              key.native().get(), nullptr) != 1 ||
        EVP_DigestSign(hash.get(), nullptr, &length, data.data(), data.size()) != 1) {
        return openssl_failure(errc::library, "signing");
    }
    bytes signature(length);
    if (EVP_DigestSign(hash.get(), signature.data(), &length, data.data(), data.size()) != 1) {
        return openssl_failure(errc::library, "signing");
    }
    signature.resize(length);
    return signature;
}

result<evp_pkey_ptr> read_public_key(const context& ctx, bytes_view spki) {
    ERR_clear_error();
    const auto* cursor = spki.data();
    evp_pkey_ptr key{
        d2i_PUBKEY_ex(nullptr, &cursor, static_cast<long>(spki.size()), ctx.native(), nullptr)};
    if (!key) {
        return openssl_failure(errc::malformed, "public key");
    }
    return key;
}

result<void> verify_with(const context& ctx, EVP_PKEY* key, bytes_view data, bytes_view signature) {
    ERR_clear_error();
    const evp_md_ctx_ptr hash{EVP_MD_CTX_new()};
    const bool holds = hash &&
                       EVP_DigestVerifyInit_ex(hash.get(), nullptr, "SHA256", ctx.native(), nullptr,
                                               key, nullptr) == 1 &&
                       EVP_DigestVerify(hash.get(), signature.data(), signature.size(), data.data(),
                                        data.size()) == 1;
    ERR_clear_error();
    return holds ? result<void>{} : fail(errc::signature_invalid, "signature");
}

result<void> verify_sha256(const context& ctx, bytes_view data, bytes_view signature,
                           bytes_view spki) {
    const auto key = read_public_key(ctx, spki);
    return key ? verify_with(ctx, key->get(), data, signature) : std::unexpected(key.error());
}

} // namespace pomona::crypto
