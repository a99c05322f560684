#include "pomona/protocol/crypto/context.hpp"

#include "crypto/handles.hpp"
#include "crypto/lean_provider.hpp"
#include "crypto/openssl_memory.hpp"
#include "crypto/seeded_provider.hpp"
#include "pomona/foundation/error_category.hpp"

#include <openssl/err.h>
#include <openssl/rand.h>

#include <stdexcept>

namespace pomona::crypto {
namespace {

constexpr char category_name[] = "crypto";

const char* describe(errc value) {
    switch (value) {
    case errc::malformed:
        return "malformed structure";
    case errc::unsupported:
        return "unsupported algorithm or form";
    case errc::signature_invalid:
        return "the signature does not hold";
    case errc::decrypt_failed:
        return "decryption failed";
    case errc::untrusted:
        return "no path to a trust anchor";
    case errc::expired:
        return "certificate expired";
    case errc::not_yet_valid:
        return "certificate not yet valid";
    case errc::wrong_key:
        return "the key is not the one expected";
    case errc::too_large:
        return "larger than allowed";
    case errc::library:
        return "OpenSSL failed";
    }
    return "unknown crypto error";
}

/// A place to point at when there is nothing: OpenSSL takes a null pointer for an absent argument.
constexpr std::uint8_t nothing = 0;
const std::uint8_t* data_of(bytes_view data) {
    return data.empty() ? &nothing : data.data();
}

bytes hmac(const char* algorithm, std::size_t size, bytes_view key, bytes_view data) {
    bytes out(size);
    std::size_t length = 0;
    if (EVP_Q_mac(nullptr, "HMAC", nullptr, algorithm, nullptr, data_of(key), key.size(),
                  data_of(data), data.size(), out.data(), out.size(), &length) == nullptr ||
        length != out.size()) {
        throw std::runtime_error{"OpenSSL has no HMAC: " + take_openssl_errors()};
    }
    return out;
}

bytes digest(const char* algorithm, std::size_t size, bytes_view data) {
    bytes out(size);
    std::size_t length = 0;
    if (EVP_Q_digest(nullptr, algorithm, nullptr, data_of(data), data.size(), out.data(),
                     &length) != 1 ||
        length != size) {
        throw std::runtime_error{"OpenSSL has no " + std::string{algorithm} + ": " +
                                 take_openssl_errors()};
    }
    return out;
}

} // namespace

std::error_code make_error_code(errc value) {
    return {static_cast<int>(value), category_of<errc, category_name, describe>()};
}

std::string take_openssl_errors() {
    std::string out;
    char line[256];
    while (const auto code = ERR_get_error()) {
        ERR_error_string_n(code, line, sizeof line);
        out += (out.empty() ? "" : "; ") + std::string{line};
    }
    return out;
}

std::unexpected<error> openssl_failure(errc code, std::string_view doing) {
    auto detail = std::string{doing};
    if (const auto queue = take_openssl_errors(); !queue.empty()) {
        detail += " (" + queue + ")";
    }
    return fail(code, std::move(detail));
}

struct context::impl {
    OSSL_LIB_CTX* lib = nullptr;
    std::optional<loaded_providers> providers;
    impl() = default;
    impl(const impl&) = delete;
    impl& operator=(const impl&) = delete;
    ~impl() {
        providers.reset();
        OSSL_LIB_CTX_free(lib);
    }
};

/// The same for all: a key decoded for one part of the program is at home in every other.
context context::system() {
    static const auto made = [] {
        keep_record_buffers();
        ERR_clear_error();
        auto one = std::make_shared<impl>();
        one->lib = OSSL_LIB_CTX_new();
        auto& loaded = one->providers.emplace();
        loaded.standard = install_lean(one->lib);
        if (!loaded.standard) {
            throw std::runtime_error{"cannot make an OpenSSL context: " + take_openssl_errors()};
        }
        return one;
    }();
    return context{made};
}

context context::seeded(bytes_view seed) {
    ERR_clear_error();
    auto made = std::make_shared<impl>();
    made->lib = OSSL_LIB_CTX_new();
    if (made->lib != nullptr) {
        made->providers = install_seeded_random(made->lib, seed);
    }
    if (!made->providers) {
        throw std::runtime_error{"cannot make a seeded OpenSSL context: " + take_openssl_errors()};
    }
    return context{std::move(made)};
}

result<context> context::with_legacy() {
    ERR_clear_error();
    auto made = std::make_shared<impl>();
    made->lib = OSSL_LIB_CTX_new();
    auto& loaded = made->providers.emplace();
    // Loading any provider by name ends the automatic loading of the default one.
    loaded.standard.reset(OSSL_PROVIDER_load(made->lib, "default"));
    loaded.legacy.reset(OSSL_PROVIDER_load(made->lib, "legacy"));
    if (made->lib == nullptr || !loaded.standard || !loaded.legacy) {
        return openssl_failure(errc::library, "OpenSSL's legacy provider");
    }
    return context{std::move(made)};
}

bytes context::random(std::size_t count) const {
    bytes out(count);
    if (count > 0 && RAND_bytes_ex(impl_->lib, out.data(), count, 0) != 1) {
        throw std::runtime_error{"no random bytes from OpenSSL: " + take_openssl_errors()};
    }
    return out;
}

ossl_lib_ctx_st* context::native() const {
    return impl_->lib;
}

bytes sha256(bytes_view data) {
    return digest("SHA256", 32, data);
}

bytes md5(bytes_view data) {
    return digest("MD5", 16, data);
}

bytes sha1(bytes_view data) {
    return digest("SHA1", 20, data);
}

bytes hmac_sha256(bytes_view key, bytes_view data) {
    return hmac("SHA256", 32, key, data);
}

bytes hmac_sha1(bytes_view key, bytes_view data) {
    return hmac("SHA1", 20, key, data);
}

bool equal_constant_time(bytes_view a, bytes_view b) {
    return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

} // namespace pomona::crypto
