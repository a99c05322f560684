// OpenSSL's default provider with fewer decoders and encoders. OpenSSL 3.0 walks every decoder of a
// context for each public key it meets, which costs several times as much as verifying a signature
// with it: here it finds only those of the keys that certificates and requests have.
#pragma once

#include "crypto/seeded_provider.hpp"

namespace pomona::crypto {

/// Makes a new `lib` offer all algorithms of OpenSSL's default provider, but of its decoders and
/// encoders only those of DER and PEM for RSA and EC keys, and for public Edwards and RSA-PSS keys.
/// Null when OpenSSL refuses; its error queue says why. What is returned goes before `lib` does.
provider_ptr install_lean(OSSL_LIB_CTX* lib);

} // namespace pomona::crypto
