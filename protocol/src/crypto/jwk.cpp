#include "pomona/protocol/crypto/jwk.hpp"

#include "crypto/handles.hpp"
#include "pomona/foundation/encoding.hpp"

#include <nlohmann/json.hpp>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

namespace pomona::crypto {
namespace {

using json = nlohmann::ordered_json;
using bignum_ptr = c_ptr<BIGNUM, BN_free>;
using param_build_ptr = c_ptr<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using params_ptr = c_ptr<OSSL_PARAM, OSSL_PARAM_free>;

constexpr std::size_t max_set_bytes = std::size_t{256} * 1024;
constexpr std::size_t max_keys = 100;
constexpr std::size_t max_modulus_bytes = 1024; ///< 8192 bits
constexpr int coordinate_bytes = 32;            ///< of P-256 (RFC 7518 section 6.2.1)

/// RFC 7518 section 2: big-endian, as few octets as hold it; coordinates have all of theirs.
result<std::string> number_of(EVP_PKEY* key, const char* name, int octets) {
    BIGNUM* raw = nullptr;
    if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) {
        return openssl_failure(errc::library, name);
    }
    const bignum_ptr number{raw};
    bytes out(static_cast<std::size_t>(octets > 0 ? octets : BN_num_bytes(raw)));
    if (BN_bn2binpad(raw, out.data(), static_cast<int>(out.size())) < 0) {
        return openssl_failure(errc::library, name);
    }
    return to_base64url(out);
}

std::string text_of(const json& key, const char* name) {
    const auto found = key.find(name);
    return found == key.end() || !found->is_string() ? std::string{} : found->get<std::string>();
}

result<bytes> spki_of(const context& ctx, const char* type, OSSL_PARAM_BLD* build) {
    const params_ptr params{OSSL_PARAM_BLD_to_param(build)};
    const evp_pkey_ctx_ptr maker{EVP_PKEY_CTX_new_from_name(ctx.native(), type, nullptr)};
    EVP_PKEY* raw = nullptr;
    if (!params || !maker || EVP_PKEY_fromdata_init(maker.get()) != 1 ||
        EVP_PKEY_fromdata(maker.get(), &raw, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
        return openssl_failure(errc::malformed, "JSON Web Key");
    }
    const evp_pkey_ptr key{raw};
    return encode_der(i2d_PUBKEY, key.get());
}

result<bytes> rsa_spki(const context& ctx, const json& key) {
    const auto n = from_base64_liberal(text_of(key, "n"));
    const auto e = from_base64_liberal(text_of(key, "e"));
    if (!n || !e || n->empty() || e->empty() || n->size() > max_modulus_bytes || e->size() > 8) {
        return fail(errc::malformed, "an RSA key has n and e");
    }
    const bignum_ptr modulus{BN_bin2bn(n->data(), static_cast<int>(n->size()), nullptr)};
    const bignum_ptr exponent{BN_bin2bn(e->data(), static_cast<int>(e->size()), nullptr)};
    const param_build_ptr build{OSSL_PARAM_BLD_new()};
    if (!modulus || !exponent || !build ||
        OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
        return openssl_failure(errc::library, "JSON Web Key");
    }
    return spki_of(ctx, "RSA", build.get());
}

result<bytes> p256_spki(const context& ctx, const json& key) {
    const auto x = from_base64_liberal(text_of(key, "x"));
    const auto y = from_base64_liberal(text_of(key, "y"));
    if (text_of(key, "crv") != "P-256" || !x || !y || x->size() != coordinate_bytes ||
        y->size() != coordinate_bytes) {
        return fail(errc::malformed, "an EC key has crv P-256, x and y");
    }
    bytes point{0x04}; // SEC 1 section 2.3.3: not compressed
    point.insert(point.end(), x->begin(), x->end());
    point.insert(point.end(), y->begin(), y->end());
    const param_build_ptr build{OSSL_PARAM_BLD_new()};
    if (!build ||
        OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) !=
            1 ||
        OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                         point.size()) != 1) {
        return openssl_failure(errc::library, "JSON Web Key");
    }
    return spki_of(ctx, "EC", build.get());
}

} // namespace

result<std::string> write_jwk_set(const private_key& key, std::string_view id) {
    const auto native = key.native();
    if (!native) {
        return fail(errc::library, "JSON Web Key");
    }
    json out{{"use", "sig"}, {"kid", id}};
    const auto put = [&](const char* name, const char* param, int octets) -> result<void> {
        auto text = number_of(native.get(), param, octets);
        if (!text) {
            return std::unexpected(text.error());
        }
        out[name] = *std::move(text);
        return {};
    };
    auto done = [&]() -> result<void> {
        if (key.is_rsa()) {
            out["kty"] = "RSA";
            out["alg"] = "RS256";
            auto n = put("n", OSSL_PKEY_PARAM_RSA_N, 0);
            return n ? put("e", OSSL_PKEY_PARAM_RSA_E, 0) : n;
        }
        out["kty"] = "EC";
        out["alg"] = "ES256";
        out["crv"] = "P-256";
        auto x = put("x", OSSL_PKEY_PARAM_EC_PUB_X, coordinate_bytes);
        return x ? put("y", OSSL_PKEY_PARAM_EC_PUB_Y, coordinate_bytes) : x;
    }();
    if (!done) {
        return std::unexpected(done.error());
    }
    return json{{"keys", json::array({std::move(out)})}}.dump();
}

result<std::vector<verification_key>> read_jwk_set(const context& ctx, std::string_view text) {
    if (text.size() > max_set_bytes) {
        return fail(errc::too_large, "JSON Web Key Set");
    }
    const auto set = json::parse(text, nullptr, false);
    const auto keys = set.is_object() ? set.find("keys") : set.end();
    if (!set.is_object() || keys == set.end() || !keys->is_array()) {
        return fail(errc::malformed, "a JSON Web Key Set has an array \"keys\"");
    }
    std::vector<verification_key> out;
    std::size_t looked_at = 0;
    for (const auto& key : *keys) {
        if (++looked_at > max_keys) {
            break;
        }
        const auto use = key.is_object() ? text_of(key, "use") : std::string{};
        if (!key.is_object() || (!use.empty() && use != "sig")) {
            continue;
        }
        const auto type = text_of(key, "kty");
        const bool rsa = type == "RSA";
        auto spki = rsa            ? rsa_spki(ctx, key)
                    : type == "EC" ? p256_spki(ctx, key)
                                   : fail(errc::unsupported, "kty");
        if (spki) {
            out.push_back({.id = text_of(key, "kid"),
                           .algorithm = rsa ? jws_algorithm::rs256 : jws_algorithm::es256,
                           .spki = *std::move(spki)});
        }
    }
    return out;
}

} // namespace pomona::crypto
