// What a provider's client certificate is worth, remembered so that a thousand pushes on one
// connection cost one verification.
#pragma once

#include "apns/judge.hpp"
#include "pomona/protocol/crypto/certificate.hpp"
#include "pomona/sim/apns/push_portal.hpp"

#include <map>

namespace pomona::sim::apns {

class credential_reader {
  public:
    explicit credential_reader(crypto::certificate root) : roots_{std::move(root)} {}

    /// `chain`: what the client presented, leaf first; possession of the key was proven by TLS.
    /// One that was revoked is refused from that moment on.
    credential read(const std::vector<crypto::certificate>& chain, time_point now,
                    const push_portal& portal);

  private:
    struct known {
        credential who;
        time_point from;
        time_point until;
    };
    std::vector<crypto::certificate> roots_;
    std::map<bytes, known> verified_; ///< by SHA-256; certificates that chained to the root
};

} // namespace pomona::sim::apns
