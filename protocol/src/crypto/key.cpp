#include "pomona/protocol/crypto/key.hpp"

#include "crypto/handles.hpp"
#include "crypto/pem_blocks.hpp"
#include "crypto/resting.hpp"

#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace pomona::crypto {
namespace {

using decoder_ptr = c_ptr<OSSL_DECODER_CTX, OSSL_DECODER_CTX_free>;
using encoder_ptr = c_ptr<OSSL_ENCODER_CTX, OSSL_ENCODER_CTX_free>;

constexpr int min_rsa_bits = 512; ///< what OpenSSL can make; policy is the caller's
constexpr int max_rsa_bits = 16384;
constexpr std::size_t max_key_bytes = std::size_t{64} * 1024;

bytes encode(EVP_PKEY* key, int selection, const char* format, const char* structure) {
    const encoder_ptr encoder{
        OSSL_ENCODER_CTX_new_for_pkey(key, selection, format, structure, nullptr)};
    unsigned char* data = nullptr;
    std::size_t length = 0;
    if (!encoder || OSSL_ENCODER_to_data(encoder.get(), &data, &length) != 1) {
        ERR_clear_error();
        return {};
    }
    bytes out(data, data + length);
    OPENSSL_clear_free(data, length);
    return out;
}

/// A public key and bare parameters also decode; a private key has its secret number.
bool has_private_part(const EVP_PKEY* key) {
    BIGNUM* secret = nullptr;
    const auto* parameter =
        EVP_PKEY_is_a(key, "RSA") == 1 ? OSSL_PKEY_PARAM_RSA_D : OSSL_PKEY_PARAM_PRIV_KEY;
    const bool found = EVP_PKEY_get_bn_param(key, parameter, &secret) == 1;
    BN_clear_free(secret);
    return found;
}

result<evp_pkey_ptr> decode(const context& ctx, bytes_view der) {
    if (der.size() > max_key_bytes) {
        return fail(errc::too_large, "private key");
    }
    EVP_PKEY* raw = nullptr;
    const decoder_ptr decoder{OSSL_DECODER_CTX_new_for_pkey(
        &raw, "DER", nullptr, nullptr, OSSL_KEYMGMT_SELECT_KEYPAIR, ctx.native(), nullptr)};
    const auto* cursor = der.data();
    auto left = der.size();
    const bool decoded =
        decoder && !der.empty() && OSSL_DECODER_from_data(decoder.get(), &cursor, &left) == 1;
    evp_pkey_ptr key{raw};
    if (!decoded || !key) {
        return openssl_failure(errc::malformed, "private key");
    }
    if (EVP_PKEY_is_a(key.get(), "RSA") != 1 && EVP_PKEY_is_a(key.get(), "EC") != 1) {
        return fail(errc::unsupported, "private key that is neither RSA nor EC");
    }
    if (!has_private_part(key.get())) {
        return openssl_failure(errc::malformed, "private key without its private part");
    }
    ERR_clear_error();
    return key;
}

} // namespace

struct private_key::shared : resting<EVP_PKEY> {
    using resting::resting;
};

std::shared_ptr<evp_pkey_st> private_key::native() const {
    return shared_->wake([](const context& ctx, bytes_view der) {
        auto key = decode(ctx, der);
        return key ? bound_to(ctx, key->release(), EVP_PKEY_free) : nullptr;
    });
}

const context& private_key::owner() const {
    return shared_->owner();
}

void private_key::rest() const {
    shared_->rest(
        [](EVP_PKEY* key) { return encode(key, EVP_PKEY_KEYPAIR, "DER", "PrivateKeyInfo"); });
}

result<private_key> private_key::generate_rsa(const context& ctx, int bits) {
    ERR_clear_error();
    if (bits < min_rsa_bits || bits > max_rsa_bits) {
        return fail(errc::unsupported, "RSA key of " + std::to_string(bits) + " bits");
    }
    const evp_pkey_ctx_ptr generator{EVP_PKEY_CTX_new_from_name(ctx.native(), "RSA", nullptr)};
    EVP_PKEY* raw = nullptr;
    if (!generator || EVP_PKEY_keygen_init(generator.get()) != 1 ||
        EVP_PKEY_CTX_set_rsa_keygen_bits(generator.get(), bits) != 1 ||
        EVP_PKEY_generate(generator.get(), &raw) != 1) {
        return openssl_failure(errc::library, "RSA key generation");
    }
    return private_key{std::make_shared<shared>(ctx, bound_to(ctx, raw, EVP_PKEY_free))};
}

result<private_key> private_key::generate_p256(const context& ctx) {
    ERR_clear_error();
    EVP_PKEY* raw = EVP_PKEY_Q_keygen(ctx.native(), nullptr, "EC", "P-256");
    if (raw == nullptr) {
        return openssl_failure(errc::library, "P-256 key generation");
    }
    return private_key{std::make_shared<shared>(ctx, bound_to(ctx, raw, EVP_PKEY_free))};
}

result<private_key> private_key::from_der(const context& ctx, bytes_view der) {
    ERR_clear_error();
    auto key = decode(ctx, der);
    if (!key) {
        return std::unexpected{key.error()};
    }
    return private_key{std::make_shared<shared>(ctx, bound_to(ctx, key->release(), EVP_PKEY_free))};
}

result<private_key> private_key::from_pem(const context& ctx, bytes_view pem) {
    ERR_clear_error();
    if (pem.size() > max_key_bytes) {
        return fail(errc::too_large, "private key");
    }
    const auto source = reading_bio(pem);
    // Other blocks may stand before the key: `openssl ecparam -genkey` writes the curve.
    while (const auto block = pem_block::read(source.get())) {
        if (block->label() == PEM_STRING_PKCS8 || block->header().contains("ENCRYPTED")) {
            return fail(errc::unsupported, "encrypted private key");
        }
        if (block->label().ends_with("PRIVATE KEY")) {
            return from_der(ctx, block->data());
        }
    }
    return openssl_failure(errc::malformed, "no private key in the PEM text");
}

bytes private_key::to_der() const {
    return encode(native().get(), EVP_PKEY_KEYPAIR, "DER", "PrivateKeyInfo");
}

std::string private_key::to_pem() const {
    return pomona::to_text(encode(native().get(), EVP_PKEY_KEYPAIR, "PEM", "PrivateKeyInfo"));
}

bytes private_key::public_key_info() const {
    return encode_der(i2d_PUBKEY, native().get());
}

bytes private_key::public_key_pkcs1() const {
    return is_rsa() ? encode(native().get(), EVP_PKEY_PUBLIC_KEY, "DER", "type-specific") : bytes{};
}

bool private_key::is_rsa() const {
    return EVP_PKEY_is_a(native().get(), "RSA") == 1;
}

int private_key::bits() const {
    return EVP_PKEY_get_bits(native().get());
}

} // namespace pomona::crypto
