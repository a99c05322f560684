// Bare RSA-2048 operations of OpenSSL, CPU seconds each: key and context made once, SHA-256.
#include "bare.hpp"
#include "figures.hpp"

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <array>
#include <functional>
#include <stdexcept>
#include <vector>

namespace pomona::bench {
namespace {

constexpr int rounds = 1500;
constexpr int public_rounds = 15'000;

void need(bool good) {
    if (!good) {
        throw std::runtime_error{"a bare RSA operation failed"};
    }
}

void time(const char* name, int count, const std::function<void()>& operation) {
    for (int i = 0; i < count / 10; ++i) {
        operation();
    }
    const stretch all;
    for (int i = 0; i < count; ++i) {
        operation();
    }
    all.print(name, static_cast<std::uint64_t>(count));
}

} // namespace

void time_rsa() {
    EVP_PKEY* key = EVP_RSA_gen(2048);
    need(key != nullptr);
    std::vector<unsigned char> hash(32, 7), signature(256), secret(256), plain(256);
    std::size_t length = signature.size();

    EVP_PKEY_CTX* sign = EVP_PKEY_CTX_new(key, nullptr);
    need(EVP_PKEY_sign_init(sign) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(sign, RSA_PKCS1_PADDING) == 1 &&
         EVP_PKEY_CTX_set_signature_md(sign, EVP_sha256()) == 1);
    time("rsa sign", rounds, [&] {
        length = signature.size();
        need(EVP_PKEY_sign(sign, signature.data(), &length, hash.data(), hash.size()) == 1);
    });

    EVP_PKEY_CTX* verify = EVP_PKEY_CTX_new(key, nullptr);
    need(EVP_PKEY_verify_init(verify) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(verify, RSA_PKCS1_PADDING) == 1 &&
         EVP_PKEY_CTX_set_signature_md(verify, EVP_sha256()) == 1);
    time("rsa verify", public_rounds, [&] {
        need(EVP_PKEY_verify(verify, signature.data(), signature.size(), hash.data(),
                             hash.size()) == 1);
    });

    EVP_PKEY_CTX* encrypt = EVP_PKEY_CTX_new(key, nullptr);
    need(EVP_PKEY_encrypt_init(encrypt) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(encrypt, RSA_PKCS1_PADDING) == 1);
    time("rsa encrypt", public_rounds, [&] {
        length = secret.size();
        need(EVP_PKEY_encrypt(encrypt, secret.data(), &length, hash.data(), hash.size()) == 1);
    });

    EVP_PKEY_CTX* decrypt = EVP_PKEY_CTX_new(key, nullptr);
    need(EVP_PKEY_decrypt_init(decrypt) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(decrypt, RSA_PKCS1_PADDING) == 1);
    time("rsa decrypt", rounds, [&] {
        length = plain.size();
        need(EVP_PKEY_decrypt(decrypt, plain.data(), &length, secret.data(), secret.size()) == 1);
    });
    for (auto* one : {sign, verify, encrypt, decrypt}) {
        EVP_PKEY_CTX_free(one);
    }
    EVP_PKEY_free(key);
}

} // namespace pomona::bench
