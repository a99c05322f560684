// Enrolling: profile, identity, Authenticate, TokenUpdate; all or nothing.
#pragma once

#include "mac/core.hpp"
#include "mac/enrollment_plan.hpp"

#include <expected>

namespace pomona::sim::mac {

using enroll_result = std::expected<void, enroll_failure>;

/// A step that failed, and the event that showed it.
struct step_failure {
    enroll_failure what;
    std::uint64_t event = 0;
};
struct issued_identity {
    std::shared_ptr<const crypto::identity> identity;
    std::uint64_t event = 0;
};
/// SCEP with this Mac's key (scep_run.cpp).
net::task<std::expected<issued_identity, step_failure>>
run_scep(core_ptr self, scep::client_config config, net::trust_store trust, std::uint64_t cause);

net::task<enroll_result> enroll_from(core_ptr self, std::string url);
/// account_driven.cpp
net::task<enroll_result> enroll_account_driven(core_ptr self, account_enrollment what);
/// By what an enrollment came about, beside its profile.
struct provenance {
    std::string mode = {};   ///< account-driven: "BYOD" or "ADDE"
    std::string bearer = {}; ///< the access token
    bool by_ade = false;     ///< the profile came by Automated Device Enrollment
    bool removable = true;   ///< by the user
};
net::task<enroll_result> enroll_with(core_ptr self, bytes profile, std::uint64_t cause,
                                     provenance from = {});
/// From core::profile_url, as a user's browser does; `cause` becomes the event of the answer.
net::task<std::expected<bytes, step_failure>> download_profile(core_ptr self, std::uint64_t& cause);
/// The profile in the answer, or why there is none.
std::expected<bytes, step_failure> profile_of(net::exchange_result answer);
/// Nothing was begun yet: only told.
enroll_result refuse(core& c, step_failure f);
step_failure failed_at(std::string at, std::string reason, std::uint64_t event,
                       bool transport = false);
/// An update of the enrollment profile: a new identity, and what `how` says with it. On failure the
/// enrollment is what it was.
net::task<enroll_result> renew(core_ptr self, bytes profile, std::uint64_t cause,
                               renewal how = renewal::reinstall);
/// A push token and TokenUpdate of an enrollment that has its identity: the last part of every
/// enrollment. `generation`: of its begin.
net::task<enroll_result> finish_with_token(core_ptr self, std::uint64_t generation,
                                           std::uint64_t cause);

/// Authenticate was accepted in an earlier life of this process: TokenUpdate follows.
net::task<void> finish_enrollment(core_ptr self, std::uint64_t generation);

// announcing.cpp
/// A push token of the channel; it is listened to from then on.
net::task<std::expected<push_token, step_failure>> register_token(channel_ptr self,
                                                                  std::uint64_t cause);
/// One TokenUpdate of the channel with what `address` says.
net::task<exchange_outcome> token_update(channel_ptr self, enrollment e, push_address address,
                                         std::uint64_t cause);
/// The device's TokenUpdate was accepted: sessions may begin, and the users follow.
void become_enrolled(const core_ptr& self, std::uint64_t cause);

/// The trust of a Mac with `anchors` installed; shared with every Mac that has the same.
net::trust_store trust_with(environment& env, const std::vector<crypto::certificate>& anchors);
/// What the plan pins (ENR-111).
void pin(enrollment& e, const enrollment_plan& plan, environment& env);

} // namespace pomona::sim::mac
