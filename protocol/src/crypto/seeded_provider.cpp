#include "crypto/seeded_provider.hpp"

#include "pomona/foundation/c_handle.hpp"
#include "pomona/protocol/crypto/context.hpp"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>

namespace pomona::crypto {
namespace {

constexpr char provider_name[] = "pomona-seeded";
constexpr char generator_name[] = "POMONA-SEEDED";
constexpr char key_parameter[] = "pomona-key";
constexpr std::size_t key_bytes = 32;
constexpr std::size_t max_request_bytes = std::size_t{1} << 24;

using cipher_ptr = c_ptr<EVP_CIPHER, EVP_CIPHER_free>;
using cipher_ctx_ptr = c_ptr<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

/// The one stream of a context: AES-256-CTR over zeros. OpenSSL makes a primary, a public and a
/// private generator, the latter two once a thread; all draw from here, so that only the order of
/// the calls matters. The cipher lives in the default context: asking our own would recurse.
class stream {
  public:
    bool set_key(const std::uint8_t* key) {
        const std::scoped_lock lock{mutex_};
        const cipher_ptr aes{EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr)};
        const std::array<std::uint8_t, 16> counter{};
        ctx_.reset(EVP_CIPHER_CTX_new());
        keyed_ = aes && ctx_ &&
                 EVP_EncryptInit_ex2(ctx_.get(), aes.get(), key, counter.data(), nullptr) == 1;
        return keyed_;
    }
    bool generate(std::uint8_t* out, std::size_t count) {
        const std::scoped_lock lock{mutex_};
        if (!keyed_ || count > max_request_bytes) {
            return false;
        }
        std::memset(out, 0, count);
        int written = 0;
        return count == 0 ||
               EVP_EncryptUpdate(ctx_.get(), out, &written, out, static_cast<int>(count)) == 1;
    }

  private:
    std::mutex mutex_;
    cipher_ctx_ptr ctx_;
    bool keyed_ = false;
};

/// One of OpenSSL's generators.
struct generator {
    stream* source;
};

void* new_generator(void* provider, void* /*parent*/, const OSSL_DISPATCH* /*parent_calls*/) {
    return new (std::nothrow) generator{static_cast<stream*>(provider)};
}
void free_generator(void* g) {
    delete static_cast<generator*>(g);
}
int instantiate(void* /*g*/, unsigned /*strength*/, int /*prediction_resistance*/,
                const unsigned char* /*personalization*/, std::size_t /*length*/,
                const OSSL_PARAM* /*params*/) {
    return 1;
}
int uninstantiate(void* /*g*/) {
    return 1;
}
int generate(void* g, unsigned char* out, std::size_t count, unsigned /*strength*/,
             int /*prediction_resistance*/, const unsigned char* /*additional*/,
             std::size_t /*additional_length*/) {
    return static_cast<generator*>(g)->source->generate(out, count) ? 1 : 0;
}
// Entropy and additional input would make a run unrepeatable: accepted and dropped.
int reseed(void* /*g*/, int /*prediction_resistance*/, const unsigned char* /*entropy*/,
           std::size_t /*entropy_length*/, const unsigned char* /*additional*/,
           std::size_t /*additional_length*/) {
    return 1;
}
// The stream has a mutex of its own.
int enable_locking(void* /*g*/) {
    return 1;
}
int lock(void* /*g*/) {
    return 1;
}
void unlock(void* /*g*/) {}

const OSSL_PARAM* readable_parameters(void* /*g*/, void* /*provider*/) {
    static constexpr OSSL_PARAM table[] = {OSSL_PARAM_int(OSSL_RAND_PARAM_STATE, nullptr),
                                           OSSL_PARAM_uint(OSSL_RAND_PARAM_STRENGTH, nullptr),
                                           OSSL_PARAM_size_t(OSSL_RAND_PARAM_MAX_REQUEST, nullptr),
                                           OSSL_PARAM_END};
    return table;
}
int read_parameters(void* /*g*/, OSSL_PARAM params[]) {
    if (auto* p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STATE);
        p != nullptr && OSSL_PARAM_set_int(p, EVP_RAND_STATE_READY) != 1) {
        return 0;
    }
    if (auto* p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STRENGTH);
        p != nullptr && OSSL_PARAM_set_uint(p, 256) != 1) {
        return 0;
    }
    if (auto* p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_MAX_REQUEST);
        p != nullptr && OSSL_PARAM_set_size_t(p, max_request_bytes) != 1) {
        return 0;
    }
    return 1;
}
const OSSL_PARAM* writable_parameters(void* /*g*/, void* /*provider*/) {
    static constexpr OSSL_PARAM table[] = {OSSL_PARAM_octet_string(key_parameter, nullptr, 0),
                                           OSSL_PARAM_END};
    return table;
}
int write_parameters(void* g, const OSSL_PARAM params[]) {
    const auto* p = OSSL_PARAM_locate_const(params, key_parameter);
    if (p == nullptr) {
        return 1;
    }
    const void* key = nullptr;
    std::size_t length = 0;
    if (OSSL_PARAM_get_octet_string_ptr(p, &key, &length) != 1 || length != key_bytes) {
        return 0;
    }
    const auto& self = *static_cast<generator*>(g);
    return self.source->set_key(static_cast<const std::uint8_t*>(key)) ? 1 : 0;
}

template <class Function>
OSSL_DISPATCH entry(int id, Function* function) {
    return {id, reinterpret_cast<void (*)()>(function)};
}

const OSSL_ALGORITHM* query(void* /*provider*/, int operation, int* no_cache) {
    *no_cache = 0;
    static const OSSL_DISPATCH functions[] = {
        entry(OSSL_FUNC_RAND_NEWCTX, new_generator),
        entry(OSSL_FUNC_RAND_FREECTX, free_generator),
        entry(OSSL_FUNC_RAND_INSTANTIATE, instantiate),
        entry(OSSL_FUNC_RAND_UNINSTANTIATE, uninstantiate),
        entry(OSSL_FUNC_RAND_GENERATE, generate),
        entry(OSSL_FUNC_RAND_RESEED, reseed),
        entry(OSSL_FUNC_RAND_ENABLE_LOCKING, enable_locking),
        entry(OSSL_FUNC_RAND_LOCK, lock),
        entry(OSSL_FUNC_RAND_UNLOCK, unlock),
        entry(OSSL_FUNC_RAND_GETTABLE_CTX_PARAMS, readable_parameters),
        entry(OSSL_FUNC_RAND_GET_CTX_PARAMS, read_parameters),
        entry(OSSL_FUNC_RAND_SETTABLE_CTX_PARAMS, writable_parameters),
        entry(OSSL_FUNC_RAND_SET_CTX_PARAMS, write_parameters),
        {0, nullptr}};
    static const OSSL_ALGORITHM algorithms[] = {
        {generator_name, "provider=pomona-seeded", functions, "repeatable random bytes"},
        {nullptr, nullptr, nullptr, nullptr}};
    return operation == OSSL_OP_RAND ? algorithms : nullptr;
}
void teardown(void* provider) {
    delete static_cast<stream*>(provider);
}

int init_provider(const OSSL_CORE_HANDLE* /*handle*/, const OSSL_DISPATCH* /*in*/,
                  const OSSL_DISPATCH** out, void** provider) {
    static const OSSL_DISPATCH functions[] = {entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
                                              entry(OSSL_FUNC_PROVIDER_TEARDOWN, teardown),
                                              {0, nullptr}};
    *provider = new (std::nothrow) stream;
    *out = functions;
    return *provider != nullptr ? 1 : 0;
}

} // namespace

std::optional<loaded_providers> install_seeded_random(OSSL_LIB_CTX* lib, bytes_view seed) {
    auto key = sha256(seed);
    loaded_providers loaded;
    // Loading any provider by name ends the automatic loading of the default one.
    loaded.standard.reset(OSSL_PROVIDER_load(lib, "default"));
    if (!loaded.standard || OSSL_PROVIDER_add_builtin(lib, provider_name, init_provider) != 1) {
        return std::nullopt;
    }
    loaded.seeded.reset(OSSL_PROVIDER_load(lib, provider_name));
    if (!loaded.seeded || RAND_set_DRBG_type(lib, generator_name, nullptr, nullptr, nullptr) != 1) {
        return std::nullopt;
    }
    auto* primary = RAND_get0_primary(lib);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(key_parameter, key.data(), key.size()),
        OSSL_PARAM_construct_end()};
    if (primary == nullptr || EVP_RAND_CTX_set_params(primary, params) != 1) {
        return std::nullopt;
    }
    return loaded;
}

} // namespace pomona::crypto
