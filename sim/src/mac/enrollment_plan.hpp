// What an enrollment profile asks of this Mac: read, checked, with its variables replaced.
#pragma once

#include "pomona/protocol/profile/profile.hpp"
#include "pomona/sim/mac/persona.hpp"

#include <memory>
#include <vector>

namespace pomona::sim::mac {

struct enrollment_plan {
    profile::profile content;
    profile::mdm_payload mdm;
    std::vector<crypto::certificate> anchors; ///< of the certificate payloads: trusted from now on
    /// Those that the MDM payload names for its URLs (ENR-111); empty: nothing is pinned.
    std::vector<crypto::certificate> server_pins, checkin_pins;
    profile::scep_payload scep;
    /// The profile brought the identity along (com.apple.security.pkcs12): no SCEP.
    std::shared_ptr<const crypto::identity> given;
};

/// Signed or bare. Errors say what is wrong with the profile, or why this Mac cannot use it.
result<enrollment_plan> plan_enrollment(const crypto::context& ctx, bytes_view data,
                                        const hardware& machine);
/// Keysize of the payload against the key this Mac has (SCEP runs with that one only).
result<void> check_key(const profile::scep_payload& wanted, const crypto::private_key& key);
result<void> check_key(const enrollment_plan& plan, const crypto::private_key& key);

/// The certificates of all certificate payloads.
result<std::vector<crypto::certificate>> anchors_of(const crypto::context& ctx,
                                                    const profile::profile& p);
/// A SCEP payload with the variables in its subject replaced.
result<profile::scep_payload> scep_of(const profile::payload& p, const hardware& machine);

/// %SerialNumber% and the like in a subject.
std::string replace_variables(std::string text, const hardware& machine);

} // namespace pomona::sim::mac
