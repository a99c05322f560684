// Keys, certificates and times the tests of this folder share. RSA keys are dear, so each is made
// once a process, from a seed: every run tests the same ones.
#pragma once

#include "pomona/protocol/crypto/certificate.hpp"

#include <stdexcept>
#include <string>

namespace pomona::test {

/// The value of a result, or the test's end with the error's message.
template <class T>
T value_of(result<T> r) {
    if (!r) {
        throw std::runtime_error{r.error().message()};
    }
    return *std::move(r);
}

inline const time_point now = *from_rfc3339("2026-03-01T12:00:00Z");
inline constexpr duration day = std::chrono::hours{24};

crypto::context seeded(std::string_view seed);

/// RSA-2048 keys number 0, 1, 2 and 3 of the system context.
const crypto::private_key& rsa_key(std::size_t number);
/// P-256.
const crypto::private_key& ec_key();

/// A year around `now`, serial 1, CN=cn.
crypto::certificate_spec spec_for(std::string cn);
/// A root CA with the usages a SCEP CA needs, on RSA key 0.
const crypto::identity& rsa_ca();
/// A leaf of rsa_ca() with digitalSignature and keyEncipherment, on `key`.
crypto::identity leaf(const std::string& cn, const crypto::private_key& key);
/// Self-signed, as the signer of a first SCEP request.
crypto::identity self_signed(const std::string& cn, const crypto::private_key& key);

} // namespace pomona::test
