// PKCS #12 (RFC 7292): a key with its certificates behind a password. Walked bag by bag instead of
// by PKCS12_parse, so that nobody can make us derive keys for hours.
#include "pomona/protocol/crypto/pkcs12.hpp"

#include "crypto/handles.hpp"

#include <openssl/err.h>
#include <openssl/pkcs12.h>

#include <optional>

namespace pomona::crypto {
namespace {

/// Choice: what is common stays far below (2048 to 600,000); a derivation of that many rounds takes
/// half a second.
constexpr long max_iterations = 1'000'000;
constexpr std::size_t max_pkcs12_bytes = std::size_t{1} << 20U;
constexpr int max_bags = 64;

inline void free_authsafes(STACK_OF(PKCS7) * all) {
    sk_PKCS7_pop_free(all, PKCS7_free);
}
inline void free_bags(STACK_OF(PKCS12_SAFEBAG) * all) {
    sk_PKCS12_SAFEBAG_pop_free(all, PKCS12_SAFEBAG_free);
}
using pkcs12_ptr = c_ptr<PKCS12, PKCS12_free>;
using authsafes_ptr = c_ptr<STACK_OF(PKCS7), free_authsafes>;
using bags_ptr = c_ptr<STACK_OF(PKCS12_SAFEBAG), free_bags>;
using pkcs8_ptr = c_ptr<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using pbe_ptr = c_ptr<PBEPARAM, PBEPARAM_free>;
using pbe2_ptr = c_ptr<PBE2PARAM, PBE2PARAM_free>;
using pbkdf2_ptr = c_ptr<PBKDF2PARAM, PBKDF2PARAM_free>;

bool is_bounded(const ASN1_INTEGER* count) {
    const auto n = count == nullptr ? 1 : ASN1_INTEGER_get(count);
    return n >= 1 && n <= max_iterations;
}

template <class Handle>
Handle parameter_of(const X509_ALGOR* algorithm, const ASN1_ITEM* item) {
    using type = typename Handle::element_type;
    return Handle{static_cast<type*>(ASN1_TYPE_unpack_sequence(item, algorithm->parameter))};
}

/// Only password-based schemes whose number of rounds can be read are followed.
bool is_bounded(const X509_ALGOR* algorithm) {
    if (algorithm == nullptr) {
        return false;
    }
    if (OBJ_obj2nid(algorithm->algorithm) != NID_pbes2) {
        const auto pbe = parameter_of<pbe_ptr>(algorithm, ASN1_ITEM_rptr(PBEPARAM));
        return pbe && is_bounded(pbe->iter);
    }
    const auto outer = parameter_of<pbe2_ptr>(algorithm, ASN1_ITEM_rptr(PBE2PARAM));
    if (!outer || OBJ_obj2nid(outer->keyfunc->algorithm) != NID_id_pbkdf2) {
        return false;
    }
    const auto inner = parameter_of<pbkdf2_ptr>(outer->keyfunc, ASN1_ITEM_rptr(PBKDF2PARAM));
    return inner && is_bounded(inner->iter);
}

struct reading {
    const context& ctx;
    std::string_view password;
    int bags = 0;
    std::optional<private_key> key;
    std::vector<certificate> certificates;

    [[nodiscard]] int password_size() const { return static_cast<int>(password.size()); }
};

result<void> take_key(reading& r, const PKCS8_PRIV_KEY_INFO* info) {
    auto der = encode_der(i2d_PKCS8_PRIV_KEY_INFO, info);
    auto key = private_key::from_der(r.ctx, der);
    if (!key) {
        return std::unexpected{std::move(key.error())};
    }
    if (!r.key) {
        r.key = *std::move(key);
    }
    return {};
}

result<void> take_bag(reading& r, const PKCS12_SAFEBAG* bag) {
    if (++r.bags > max_bags) {
        return fail(errc::too_large, "PKCS #12: too many bags");
    }
    switch (PKCS12_SAFEBAG_get_nid(bag)) {
    case NID_keyBag:
        return take_key(r, PKCS12_SAFEBAG_get0_p8inf(bag));
    case NID_pkcs8ShroudedKeyBag: {
        const X509_ALGOR* algorithm = nullptr;
        X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, nullptr);
        if (!is_bounded(algorithm)) {
            return fail(errc::unsupported, "PKCS #12: the encryption of the key");
        }
        const pkcs8_ptr info{PKCS12_decrypt_skey_ex(bag, r.password.data(), r.password_size(),
                                                    r.ctx.native(), nullptr)};
        return info ? take_key(r, info.get()) : fail(errc::decrypt_failed, "PKCS #12: the key");
    }
    case NID_certBag: {
        const x509_ptr cert{PKCS12_SAFEBAG_get1_cert(bag)};
        auto read = cert ? certificate::from_der(r.ctx, encode_der(i2d_X509, cert.get()))
                         : fail(errc::malformed, "PKCS #12: a certificate");
        if (!read) {
            return std::unexpected{std::move(read.error())};
        }
        r.certificates.push_back(*std::move(read));
        return {};
    }
    default:
        return {};
    }
}

bags_ptr open_safe(const reading& r, PKCS7* safe) {
    if (PKCS7_type_is_data(safe)) {
        return bags_ptr{PKCS12_unpack_p7data(safe)};
    }
    if (!PKCS7_type_is_encrypted(safe) || !is_bounded(safe->d.encrypted->enc_data->algorithm)) {
        return {};
    }
    return bags_ptr{PKCS12_unpack_p7encdata(safe, r.password.data(), r.password_size())};
}

/// The certificate that belongs to the key, and the others behind it.
result<identity> assemble(reading&& r) {
    if (!r.key) {
        return fail(errc::malformed, "PKCS #12: no key");
    }
    const auto info = r.key->public_key_info();
    for (auto at = r.certificates.begin(); at != r.certificates.end(); ++at) {
        if (at->public_key_info() == info) {
            auto own = std::move(*at);
            r.certificates.erase(at);
            return identity{std::move(own), *std::move(r.key), std::move(r.certificates)};
        }
    }
    return fail(errc::wrong_key, "PKCS #12: no certificate for the key");
}

} // namespace

result<identity> read_pkcs12(const context& ctx, bytes_view data, std::string_view password) {
    if (data.size() > max_pkcs12_bytes || password.size() > max_pkcs12_bytes) {
        return fail(errc::too_large, "PKCS #12");
    }
    ERR_clear_error();
    PKCS12* made = PKCS12_init_ex(NID_pkcs7_data, ctx.native(), nullptr);
    const auto* cursor = data.data();
    const pkcs12_ptr file{d2i_PKCS12(&made, &cursor, static_cast<long>(data.size()))};
    ERR_clear_error();
    if (!file || cursor != data.data() + data.size()) {
        return fail(errc::malformed, "PKCS #12");
    }
    const ASN1_INTEGER* rounds = nullptr;
    PKCS12_get0_mac(nullptr, nullptr, nullptr, &rounds, file.get());
    if (PKCS12_mac_present(file.get()) != 1 || !is_bounded(rounds)) {
        return fail(errc::unsupported, "PKCS #12 without a usable MAC");
    }
    reading r{.ctx = ctx, .password = password, .key = std::nullopt, .certificates = {}};
    if (PKCS12_verify_mac(file.get(), password.data(), r.password_size()) != 1) {
        ERR_clear_error();
        return fail(errc::decrypt_failed, "PKCS #12: the password is wrong");
    }
    const authsafes_ptr safes{PKCS12_unpack_authsafes(file.get())};
    for (int i = 0; safes && i < sk_PKCS7_num(safes.get()); ++i) {
        const auto bags = open_safe(r, sk_PKCS7_value(safes.get(), i));
        ERR_clear_error();
        if (!bags) {
            return fail(errc::unsupported, "PKCS #12: the encryption of a part");
        }
        for (int b = 0; b < sk_PKCS12_SAFEBAG_num(bags.get()); ++b) {
            auto taken = take_bag(r, sk_PKCS12_SAFEBAG_value(bags.get(), b));
            ERR_clear_error();
            if (!taken) {
                return std::unexpected{std::move(taken.error())};
            }
        }
    }
    return assemble(std::move(r));
}

result<bytes> write_pkcs12(const identity& who, const std::string& password) {
    ERR_clear_error();
    // OpenSSL's default, AES-256 and SHA-256; choice: read since macOS 10.15.
    const auto key = who.key.native();
    const auto cert = who.cert.native();
    const pkcs12_ptr file{PKCS12_create_ex(password.c_str(), nullptr, key.get(), cert.get(),
                                           nullptr, 0, 0, 0, 0, 0, who.key.owner().native(),
                                           nullptr)};
    if (!file) {
        return openssl_failure(errc::library, "writing PKCS #12");
    }
    return encode_der(i2d_PKCS12, file.get());
}

} // namespace pomona::crypto
