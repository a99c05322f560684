#include "crypto/lean_provider.hpp"

#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>

#include <string_view>
#include <vector>

namespace pomona::crypto {
namespace {

constexpr char provider_name[] = "pomona-lean";

using query_function = OSSL_FUNC_provider_query_operation_fn;
using lib_ptr = c_ptr<OSSL_LIB_CTX, OSSL_LIB_CTX_free>;

bool wanted(const OSSL_ALGORITHM& a) {
    const std::string_view names{a.algorithm_names}; // "RSA:rsaEncryption"
    const auto name = names.substr(0, names.find(':'));
    const std::string_view properties{a.property_definition};
    const auto has = [&](std::string_view part) {
        return properties.find(part) != std::string_view::npos;
    };
    const bool format = has("input=der") || has("output=der") || has("output=pem");
    const bool whole = name == "RSA" || name == "EC";
    const bool only_public = name == "RSA-PSS" || name == "ED25519" || name == "ED448";
    // There is "structure=rsa", too: the same as "type-specific".
    return format &&
           ((whole && (has("structure=PrivateKeyInfo") || has("structure=type-specific"))) ||
            ((whole || only_public) && has("structure=SubjectPublicKeyInfo")));
}

/// OpenSSL's whole default provider, in a context of its own, and what is left of its tables. They
/// point into constant tables of the library.
class full_provider {
  public:
    full_provider()
        : lib_{OSSL_LIB_CTX_new()}, provider_{OSSL_PROVIDER_load(lib_.get(), "default")} {
        if (!provider_) {
            return;
        }
        for (const auto* f = OSSL_PROVIDER_get0_dispatch(provider_.get()); f->function_id != 0;
             ++f) {
            if (f->function_id == OSSL_FUNC_PROVIDER_QUERY_OPERATION) {
                query = reinterpret_cast<query_function*>(f->function);
                functions.push_back({f->function_id, reinterpret_cast<void (*)()>(lean_query)});
            } else if (f->function_id != OSSL_FUNC_PROVIDER_TEARDOWN) { // it stays loaded here
                functions.push_back(*f);
            }
        }
        functions.push_back({0, nullptr});
        decoders = filtered(OSSL_OP_DECODER);
        encoders = filtered(OSSL_OP_ENCODER);
    }
    /// What the algorithms expect as their provider's context.
    [[nodiscard]] void* context() const {
        return provider_ ? OSSL_PROVIDER_get0_provider_ctx(provider_.get()) : nullptr;
    }

    query_function* query = nullptr;
    std::vector<OSSL_DISPATCH> functions;
    std::vector<OSSL_ALGORITHM> decoders;
    std::vector<OSSL_ALGORITHM> encoders;

  private:
    static const OSSL_ALGORITHM* lean_query(void* provider, int operation, int* no_cache);
    [[nodiscard]] std::vector<OSSL_ALGORITHM> filtered(int operation) const {
        int no_cache = 0;
        std::vector<OSSL_ALGORITHM> out;
        const auto* a = query != nullptr ? query(context(), operation, &no_cache) : nullptr;
        for (; a != nullptr && a->algorithm_names != nullptr; ++a) {
            if (wanted(*a)) {
                out.push_back(*a);
            }
        }
        out.push_back({nullptr, nullptr, nullptr, nullptr});
        return out;
    }

    lib_ptr lib_;
    provider_ptr provider_; // goes before lib_
};

/// One for the process, as OpenSSL's own default context is: a provider's entry point gets nothing
/// that could name another.
const full_provider& full() {
    static const full_provider made;
    return made;
}

const OSSL_ALGORITHM* full_provider::lean_query(void* provider, int operation, int* no_cache) {
    *no_cache = 0;
    switch (operation) {
    case OSSL_OP_DECODER:
        return full().decoders.data();
    case OSSL_OP_ENCODER:
        return full().encoders.data();
    default:
        return full().query(provider, operation, no_cache);
    }
}

int init_provider(const OSSL_CORE_HANDLE* /*handle*/, const OSSL_DISPATCH* /*in*/,
                  const OSSL_DISPATCH** out, void** provider) {
    *out = full().functions.data();
    *provider = full().context();
    return *provider != nullptr && full().query != nullptr ? 1 : 0;
}

} // namespace

provider_ptr install_lean(OSSL_LIB_CTX* lib) {
    if (lib == nullptr || OSSL_PROVIDER_add_builtin(lib, provider_name, init_provider) != 1) {
        return nullptr;
    }
    // Loading any provider by name ends the automatic loading of the default one.
    return provider_ptr{OSSL_PROVIDER_load(lib, provider_name)};
}

} // namespace pomona::crypto
