// A SignedData and the one certificate inside it, taken apart without decoding either.
#pragma once

#include "pomona/foundation/bytes.hpp"

#include <optional>

namespace pomona::crypto {

struct certificate_apart {
    bytes_view certificate; ///< DER, inside the bytes given
    bytes without;          ///< the same ContentInfo without `certificates`
};
/// nullopt for everything but the plain case: ContentInfo and SignedData (RFC 5652 sections 3 and
/// 5.1) in definite lengths, exactly one certificate, nothing behind.
std::optional<certificate_apart> take_certificate_out(bytes_view cms);

} // namespace pomona::crypto
