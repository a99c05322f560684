// The content inside a CMS SignedData without a look at its signature: what is hidden there must be
// redacted and shown even when the signature does not hold. Whether it holds is a fact of its own.
#pragma once

#include "pomona/foundation/bytes.hpp"

#include <optional>

namespace pomona::trace {

/// eContent of a SignedData in BER or DER (RFC 5652 section 5.1); nullopt when the bytes are none
/// or carry no content.
std::optional<bytes> signed_content(bytes_view cms);

} // namespace pomona::trace
