// Which of the certificates that GetCACert gave signs, which one decrypts, and which one the
// fingerprint of the SCEP payload names.
#pragma once

#include "pomona/protocol/scep/message.hpp"

#include <vector>

namespace pomona::scep {

struct ca_certificates {
    crypto::certificate signs;
    crypto::certificate encrypts;
    crypto::certificate top; ///< of the chain: what the CA fingerprint is of
};

/// GetCACert's first form: one certificate, used for everything; with `any_usage` whatever its
/// KeyUsage says.
result<ca_certificates> take_ca(const crypto::certificate& ca, bool any_usage = false);
/// The second form, a bag in any order: by KeyUsage and chain, never by position (SCEP-059).
result<ca_certificates> choose_ca(const std::vector<crypto::certificate>& bag);

/// `expected` is MD5, SHA-1 or SHA-256 by its length; errc::mismatch for another length also.
result<void> check_fingerprint(const crypto::certificate& top, bytes_view expected);

} // namespace pomona::scep
