#include "pomona/protocol/crypto/jws.hpp"

#include "crypto/public_key.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/signature.hpp"

#include <openssl/ecdsa.h>
#include <openssl/err.h>

namespace pomona::crypto {
namespace {

using ecdsa_sig_ptr = c_ptr<ECDSA_SIG, ECDSA_SIG_free>;

constexpr std::size_t max_jws_bytes = std::size_t{16} * 1024;
constexpr int coordinate_bytes = 32; ///< of P-256 (RFC 7518 section 3.4)
constexpr int p256_bits = 256;

/// RFC 7515 section 2: the URL-safe alphabet, no padding, nothing else.
std::optional<bytes> decode_part(std::string_view text) {
    if (text.find_first_of("+/= \t\r\n") != std::string_view::npos) {
        return std::nullopt;
    }
    return from_base64_liberal(text);
}

std::string as_text(const bytes& data) {
    return {data.begin(), data.end()};
}

/// R and S side by side, as JWS has them, to the DER that OpenSSL verifies.
result<bytes> to_der_signature(bytes_view raw) {
    if (raw.size() != std::size_t{2} * coordinate_bytes) {
        return fail(errc::signature_invalid, "an ES256 signature has 64 octets");
    }
    ecdsa_sig_ptr sig{ECDSA_SIG_new()};
    auto* r = BN_bin2bn(raw.data(), coordinate_bytes, nullptr);
    auto* s = BN_bin2bn(raw.data() + coordinate_bytes, coordinate_bytes, nullptr);
    if (!sig || r == nullptr || s == nullptr || ECDSA_SIG_set0(sig.get(), r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return openssl_failure(errc::library, "ES256 signature");
    }
    return encode_der(i2d_ECDSA_SIG, sig.get());
}

result<bytes> to_raw_signature(bytes_view der) {
    const auto* cursor = der.data();
    const ecdsa_sig_ptr sig{d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(der.size()))};
    bytes out(std::size_t{2} * coordinate_bytes);
    if (!sig || BN_bn2binpad(ECDSA_SIG_get0_r(sig.get()), out.data(), coordinate_bytes) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(sig.get()), out.data() + coordinate_bytes, coordinate_bytes) <
            0) {
        return openssl_failure(errc::library, "ES256 signature");
    }
    return out;
}

bool fits(EVP_PKEY* key, jws_algorithm algorithm) {
    return algorithm == jws_algorithm::rs256
               ? EVP_PKEY_is_a(key, "RSA") == 1
               : EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_bits(key) == p256_bits;
}

} // namespace

result<compact_jws> parse_jws(std::string_view text) {
    if (text.size() > max_jws_bytes) {
        return fail(errc::too_large, "JSON Web Signature");
    }
    const auto first = text.find('.');
    const auto second = first == std::string_view::npos ? first : text.find('.', first + 1);
    if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos) {
        return fail(errc::malformed, "a JSON Web Signature has three parts");
    }
    const auto header = decode_part(text.substr(0, first));
    const auto claims = decode_part(text.substr(first + 1, second - first - 1));
    auto signature = decode_part(text.substr(second + 1));
    if (!header || !claims || !signature) {
        return fail(errc::malformed, "a part of the JSON Web Signature is no base64url");
    }
    return compact_jws{.header = as_text(*header),
                       .claims = as_text(*claims),
                       .signed_text = std::string{text.substr(0, second)},
                       .signature = *std::move(signature)};
}

result<void> verify_jws(const context& ctx, const compact_jws& what, jws_algorithm algorithm,
                        bytes_view spki) {
    const auto key = read_public_key(ctx, spki);
    if (!key) {
        return std::unexpected(key.error());
    }
    if (!fits(key->get(), algorithm)) {
        return fail(errc::wrong_key, "the key is not of the signature's kind");
    }
    auto signature = what.signature;
    if (algorithm == jws_algorithm::es256) {
        auto der = to_der_signature(signature);
        if (!der) {
            return std::unexpected(std::move(der.error()));
        }
        signature = *std::move(der);
    }
    return verify_with(ctx, key->get(), as_bytes(what.signed_text), signature);
}

result<std::string> sign_jws(std::string_view header, std::string_view claims,
                             const private_key& key) {
    ERR_clear_error();
    const auto algorithm = key.is_rsa() ? jws_algorithm::rs256 : jws_algorithm::es256;
    if (!fits(key.native().get(), algorithm)) {
        return fail(errc::wrong_key, "neither RSA nor P-256");
    }
    auto text = to_base64url(as_bytes(header)) + '.' + to_base64url(as_bytes(claims));
    auto made = sign_sha256(as_bytes(text), key);
    if (!made) {
        return std::unexpected(std::move(made.error()));
    }
    auto signature = *std::move(made);
    if (algorithm == jws_algorithm::es256) {
        auto raw = to_raw_signature(signature);
        if (!raw) {
            return std::unexpected(std::move(raw.error()));
        }
        signature = *std::move(raw);
    }
    return text + '.' + to_base64url(signature);
}

} // namespace pomona::crypto
