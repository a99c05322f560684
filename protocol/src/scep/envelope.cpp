// The pkcsPKIEnvelope (RFC 8894 section 3.1): EnvelopedData with RSA key transport.
#include "crypto/enveloped.hpp"
#include "scep/pki_message.hpp"

#include <openssl/err.h>

namespace pomona::scep {
namespace {

const EVP_CIPHER* openssl_cipher(cipher c) {
    switch (c) {
    case cipher::aes_256_cbc:
        return EVP_aes_256_cbc();
    case cipher::des3_cbc:
        return EVP_des_ede3_cbc();
    case cipher::des_cbc:
        return EVP_des_cbc();
    case cipher::aes_128_cbc:
        break;
    }
    return EVP_aes_128_cbc();
}

/// Every SCEP content is one ASN.1 SEQUENCE: what a wrong key makes of one almost never is.
bool is_one_sequence(const bytes& content) {
    const auto* cursor = content.data();
    long length = 0;
    int tag = 0;
    int tag_class = 0;
    const int kind =
        ASN1_get_object(&cursor, &length, &tag, &tag_class, static_cast<long>(content.size()));
    ERR_clear_error();
    if ((kind & 0x80) != 0 || tag != V_ASN1_SEQUENCE || tag_class != V_ASN1_UNIVERSAL) {
        return false;
    }
    const bool indefinite = (kind & 0x01) != 0;
    return indefinite || cursor + length == content.data() + content.size();
}

std::unexpected<error> refused_des() {
    return fail(errc::refused_algorithm,
                "single DES (DES-CBC): only the setting scep-legacy permits it");
}

/// Keys and certificates belong to a library context; single DES is done in another one.
result<crypto::identity> moved(const crypto::identity& what, const crypto::context& to) {
    auto cert = crypto::certificate::from_der(to, what.cert.der());
    auto key = crypto::private_key::from_der(to, what.key.to_der());
    if (!cert || !key) {
        return std::unexpected{cert ? key.error() : cert.error()};
    }
    return crypto::identity{*std::move(cert), *std::move(key), {}};
}

result<bytes> encrypt(const crypto::context& ctx, bytes_view content,
                      const crypto::certificate& recipient, cipher content_cipher, bool ber) {
    // With another key OpenSSL would silently make a key agreement of it, which SCEP has not.
    if (!recipient.key_is_rsa() || recipient.key_bits() < min_rsa_bits) {
        return fail(errc::refused_algorithm, "recipient without an RSA key of 2048 bits or more");
    }
    return crypto::write_enveloped(ctx, content, recipient, openssl_cipher(content_cipher), ber);
}

result<bytes> decrypt(const crypto::context& ctx, bytes_view envelope,
                      const crypto::identity& recipient) {
    auto content = crypto::read_enveloped(ctx, envelope, recipient);
    if (!content) {
        return fail(errc::malformed, content.error().detail);
    }
    // With the certificate given, OpenSSL answers a padding error with a random content key (RFC
    // 3218 section 2.3.2), so a wrong key shows up as garbage. No detail: why it failed must not be
    // told apart (SCEP-039).
    if (!is_one_sequence(*content)) {
        return fail(errc::decrypt_failed);
    }
    return content;
}

} // namespace

result<bytes> seal(const crypto::context& ctx, bytes_view content,
                   const crypto::certificate& recipient, cipher content_cipher,
                   const crypto::context* legacy, bool ber) {
    if (content_cipher != cipher::des_cbc) {
        return encrypt(ctx, content, recipient, content_cipher, ber);
    }
    if (legacy == nullptr) {
        return refused_des();
    }
    const auto there = crypto::certificate::from_der(*legacy, recipient.der());
    return there ? encrypt(*legacy, content, *there, content_cipher, ber)
                 : std::unexpected{there.error()};
}

result<opened_envelope> open_envelope(const crypto::context& ctx, bytes_view envelope,
                                      const crypto::identity& recipient,
                                      const crypto::context* legacy) {
    if (envelope.size() > max_message_bytes) {
        return fail(errc::malformed, "envelope too large");
    }
    const auto content_cipher = content_cipher_of(envelope);
    if (!content_cipher) {
        return std::unexpected{content_cipher.error()};
    }
    const bool des = *content_cipher == cipher::des_cbc;
    if (des && legacy == nullptr) {
        return refused_des();
    }
    const auto who = des ? moved(recipient, *legacy) : result<crypto::identity>{recipient};
    auto content =
        who ? decrypt(des ? *legacy : ctx, envelope, *who) : std::unexpected{who.error()};
    if (!content) {
        return std::unexpected{std::move(content.error())};
    }
    return opened_envelope{.content = *std::move(content), .content_cipher = *content_cipher};
}

} // namespace pomona::scep
