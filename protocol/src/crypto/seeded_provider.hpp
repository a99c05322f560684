// An OpenSSL provider whose only algorithm is a random generator with a known seed: it makes what
// happens in one OSSL_LIB_CTX repeatable. Not a DRBG to keep secrets with.
#pragma once

#include "pomona/foundation/bytes.hpp"

#include <openssl/types.h>

namespace pomona::crypto {

/// Makes the default provider and ours the only ones of `lib`, chooses our generator for it, and
/// keys the generator with SHA-256(seed). False when OpenSSL refuses; its error queue says why.
/// `lib` must be new: nothing may have asked it for randomness. The providers stay loaded until
/// the context is freed.
bool install_seeded_random(OSSL_LIB_CTX* lib, bytes_view seed);

} // namespace pomona::crypto
