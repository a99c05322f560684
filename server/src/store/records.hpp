// What the store keeps and what its operations take and give: plain values, no database in sight.
#pragma once

#include "checkin/binding.hpp"
#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/ids.hpp"
#include "pomona/foundation/time.hpp"
#include "pomona/protocol/mdm/command.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pomona::server {

// --- certificates and challenges

/// What authorises one certificate: SHA-256 of a one-time challenge, or of the certificate that
/// signed a renewal.
struct issue_query {
    bytes grant;
    bool renewal = false;
    bytes key_hash;     ///< SHA-256 of the requested public key (SubjectPublicKeyInfo)
    bytes message_hash; ///< SHA-256 of the whole pkiMessage: a replay is the same message again
    time_point now;
};

struct issued_certificate {
    bytes sha256;
    bytes serial;
    bytes der;
    time_point not_after;
};

struct issue_outcome {
    enum class what { may_issue, existing, refused };
    what decision = what::refused;
    bytes der;          ///< of the existing certificate
    std::string reason; ///< of the refusal; ours, without secrets
};

// --- enrollments

/// Who asks: the certificate that was proven, by its SHA-256, and under which enrollment.
struct presented {
    bytes certificate;
    mdm::sender from;
    time_point now;
};

struct enrollment_row {
    enrollment_id id;
    enrollment_state state = enrollment_state::none;
    std::string serial, device_name, model, os_version, build_version, user_short_name;
    std::string topic;
    bool push_dead = false;
    std::optional<time_point> last_seen;
    std::int64_t pending = 0; ///< commands without a terminal status
};

struct push_target {
    enrollment_state state = enrollment_state::none;
    std::string topic;
    push_token token;
    push_magic magic;
    time_point updated; ///< of the last TokenUpdate
    bool dead = false;  ///< APNs said so since the last TokenUpdate
    bool has_commands = false;
};

// --- commands

struct loop_answer {
    access verdict = access::refused;
    bytes command;          ///< empty: nothing to offer
    bool follow_up = false; ///< a refused command waits and the Mac will not poll by itself
};

enum class enqueue_outcome { queued, duplicate, unknown_enrollment, disabled, full, not_for_users };

struct command_row {
    std::string uuid, request_type;
    std::string status; ///< empty: pending
    std::string errors; ///< JSON array of the ErrorChain
    bytes result;       ///< the report as it came
    std::optional<time_point> reported;
};

// --- declarative management

struct stored_declaration {
    std::string identifier, type, server_token, payload;
};

struct declared {
    std::vector<stored_declaration> items; ///< sorted by identifier
    std::string token;
    time_point changed; ///< when the token became what it is
};

struct ddm_status_row {
    std::string items;  ///< JSON object: the merged StatusItems
    std::string errors; ///< JSON array: Errors of the last report that had any
    std::optional<time_point> received;
};

} // namespace pomona::server
