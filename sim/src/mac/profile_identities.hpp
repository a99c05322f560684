// The identities that the payloads of a profile ask for, other than the enrollment's own.
#pragma once

#include "mac/core.hpp"

#include <expected>

namespace pomona::sim::mac {

/// Runs SCEP for each SCEP payload of `p`, one after the other, trusting what the enrollment and
/// the profile's own certificates give, and opens what is in PKCS #12. Certificates have to be
/// readable too. The error is what the Mac reports; nothing was changed then.
net::task<std::expected<std::vector<payload_identity>, mdm::error_chain_item>>
obtain_identities(core_ptr self, profile_ptr p, std::uint64_t cause);

} // namespace pomona::sim::mac
