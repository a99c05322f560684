// When a certificate is issued, handed out again, or refused: the rule alone.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/time.hpp"

#include <optional>
#include <string_view>

namespace pomona::server {

/// What the store knows about a one-time challenge.
struct challenge_facts {
    time_point expires;
    bytes used_for; ///< hash of the public key it was spent on; empty: unused
};

enum class issue_verdict { issue, same_again, refuse };

struct issue_judgement {
    issue_verdict verdict = issue_verdict::refuse;
    std::string_view reason;
};

/// `challenge`: nullopt when no such challenge was ever given out (or it was cleaned up).
/// `issued_for_grant_and_key`: a certificate exists for just this challenge and public key.
issue_judgement judge_challenge(const std::optional<challenge_facts>& challenge,
                                const bytes& key_hash, bool issued_for_grant_and_key,
                                time_point now);

} // namespace pomona::server
