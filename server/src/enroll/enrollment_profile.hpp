// The enrollment profile as a document: root, SCEP and MDM payloads. No I/O, no signature.
#pragma once

#include "pomona/foundation/ids.hpp"
#include "pomona/protocol/crypto/certificate.hpp"

#include <array>
#include <string>

namespace pomona::server {

struct enrollment_profile_facts {
    std::string base_url;
    std::string organization;
    crypto::certificate root;
    pomona::topic topic;
    std::string scep_url;
    bytes scep_ca_sha1;               ///< of the CA's certificate: the fingerprint that Macs check
    std::string challenge;            ///< one-time, for this profile only; empty: none
    std::array<std::string, 4> uuids; ///< fresh: profile, root, SCEP, MDM payload
    bool sign_message = true;
    std::int64_t access_rights = 0;
    bool check_out_when_removed = true;
    std::string enrollment_mode = {}; ///< account-driven: "BYOD" or "ADDE"
    std::string managed_account = {};
    std::string server_query = {}; ///< "?…" behind ServerURL and CheckInURL; may be empty
};

/// An XML property list, to be signed.
bytes write_enrollment_profile(const enrollment_profile_facts& f);

} // namespace pomona::server
