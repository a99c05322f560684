#include "ca/issue_rules.hpp"

namespace pomona::server {

issue_judgement judge_challenge(const std::optional<challenge_facts>& challenge,
                                const bytes& key_hash, bool issued_for_grant_and_key,
                                time_point now) {
    if (!challenge) {
        return {issue_verdict::refuse, "the challenge is not one of ours"};
    }
    if (!challenge->used_for.empty()) {
        // SCEP-019: the identical retry gets the same certificate, another key nothing.
        if (challenge->used_for == key_hash && issued_for_grant_and_key) {
            return {issue_verdict::same_again, {}};
        }
        return {issue_verdict::refuse, "the challenge was used before"};
    }
    if (now >= challenge->expires) {
        return {issue_verdict::refuse, "the challenge has expired"};
    }
    return {issue_verdict::issue, {}};
}

} // namespace pomona::server
