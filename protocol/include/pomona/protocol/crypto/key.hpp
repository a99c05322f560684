// Private keys, decoded once and shared by reference count.
#pragma once

#include "pomona/protocol/crypto/context.hpp"

#include <memory>

struct evp_pkey_st; // OpenSSL's EVP_PKEY

namespace pomona::crypto {

/// An RSA or EC private key. Copies share it; safe to use from several threads for signing.
class private_key {
  public:
    static result<private_key> generate_rsa(const context& ctx, int bits = 2048);
    static result<private_key> generate_p256(const context& ctx);
    /// PKCS#8 or traditional DER, unencrypted.
    static result<private_key> from_der(const context& ctx, bytes_view der);
    static result<private_key> from_pem(const context& ctx, bytes_view pem);

    [[nodiscard]] bytes to_der() const;       ///< PKCS#8, unencrypted: write it with mode 0600 only
    [[nodiscard]] std::string to_pem() const; ///< the same
    [[nodiscard]] bytes public_key_info() const;  ///< DER SubjectPublicKeyInfo
    [[nodiscard]] bytes public_key_pkcs1() const; ///< DER RSAPublicKey; empty for EC
    [[nodiscard]] bool is_rsa() const;
    [[nodiscard]] int bits() const;
    /// OpenSSL's object; `rest` of a copy does not end it. Null only when memory is short.
    [[nodiscard]] std::shared_ptr<evp_pkey_st> native() const;
    [[nodiscard]] const context& owner() const;
    /// All copies keep the DER alone until something is asked of one: a key that has been used has
    /// four times as much of numbers that make the next use faster.
    void rest() const;

  private:
    struct shared;
    explicit private_key(std::shared_ptr<shared> s) : shared_{std::move(s)} {}
    std::shared_ptr<shared> shared_;
};

} // namespace pomona::crypto
