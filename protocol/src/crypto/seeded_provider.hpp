// An OpenSSL provider whose only algorithm is a random generator with a known seed: it makes what
// happens in one OSSL_LIB_CTX repeatable. Not a DRBG to keep secrets with.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/c_handle.hpp"

#include <openssl/provider.h>
#include <openssl/types.h>

#include <optional>

namespace pomona::crypto {

/// A loaded provider; unloads it. OSSL_LIB_CTX_free alone would leak it.
using provider_ptr = c_ptr<OSSL_PROVIDER, OSSL_PROVIDER_unload>;
struct loaded_providers {
    provider_ptr standard;
    provider_ptr seeded;
    provider_ptr legacy;
};

/// Makes the default provider and ours the only ones of `lib`, chooses our generator for it, and
/// keys the generator with SHA-256(seed). nullopt when OpenSSL refuses; its error queue says why.
/// `lib` must be new: nothing may have asked it for randomness. What is returned has to go before
/// the context is freed, and after everything that was made in it.
std::optional<loaded_providers> install_seeded_random(OSSL_LIB_CTX* lib, bytes_view seed);

} // namespace pomona::crypto
