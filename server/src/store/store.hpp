// What the server keeps, behind an interface: SQLite implements it today, PostgreSQL can later.
#pragma once

#include "pomona/foundation/error.hpp"
#include "pomona/net/task.hpp"
#include "store/records.hpp"

namespace pomona::server {

/// Each operation is one transaction of its own and comes back once it is durable; an error means
/// that nothing of it was stored. Arguments are taken by value. On the world's thread.
class store {
  public:
    template <class T>
    using answer = net::task<result<T>>;

    virtual ~store() = default;
    /// Refuses new work, finishes what was asked for.
    virtual net::task<void> close() = 0;
    /// How many transactions and how many operations there were: the one grows slower under load.
    struct counters {
        std::uint64_t transactions = 0;
        std::uint64_t operations = 0;
    };
    [[nodiscard]] virtual counters counted() const = 0;

    // Single values: the push identity. Empty: not there.
    virtual answer<bytes> setting(std::string key) = 0;
    virtual answer<void> set_settings(std::vector<std::pair<std::string, bytes>> values) = 0;

    // Certificates. Challenges are known by their SHA-256 only.
    virtual answer<void> add_challenge(bytes hash, time_point expires, time_point now) = 0;
    virtual answer<issue_outcome> may_issue(issue_query query) = 0;
    /// Judges again and stores, atomically: of two that race for one challenge one wins. A serial
    /// that exists already is an error (constraint).
    virtual answer<issue_outcome> record_issue(issue_query query, issued_certificate issued) = 0;
    /// The DER of a certificate that this CA issued to a device; empty: none.
    virtual answer<bytes> issued_certificate_der(bytes sha256) = 0;

    // Check-in. Each judges the certificate's binding first and changes nothing unless allowed.
    /// Does nothing else; a renewed certificate is bound.
    virtual answer<access> judge_sender(presented who) = 0;
    virtual answer<access> authenticate(presented who, mdm::authenticate message) = 0;
    virtual answer<access> token_update(presented who, mdm::token_update message) = 0;
    virtual answer<access> check_out(presented who) = 0;
    virtual answer<access> set_bootstrap_token(presented who, bytes token) = 0;
    virtual answer<std::pair<access, bytes>> bootstrap_token(presented who) = 0;

    // The command loop and its queue. An Idle of a Mac that has nothing waiting may be answered
    // without a transaction: there is nothing to keep but the contact (quiet_channels).
    virtual answer<loop_answer> report(presented who, mdm::command_status status, command_uuid uuid,
                                       std::string errors_json, bytes raw) = 0;
    virtual answer<std::vector<enqueue_outcome>> enqueue(std::vector<enrollment_id> ids,
                                                         command_uuid uuid,
                                                         std::string request_type, bytes body) = 0;
    virtual answer<std::vector<command_row>> commands(enrollment_id id, std::int64_t at_most) = 0;

    // Enrollments and push.
    virtual answer<std::vector<enrollment_row>> enrollments(std::vector<enrollment_id> only,
                                                            std::int64_t at_most) = 0;
    virtual answer<push_target> push_target_of(enrollment_id id) = 0;
    virtual answer<void> mark_push_dead(enrollment_id id, push_token token) = 0;
    virtual answer<std::vector<enrollment_id>> with_pending_commands() = 0;

    // Declarative management.
    /// True when something changed.
    virtual answer<bool> put_declaration(stored_declaration d) = 0;
    virtual answer<bool> delete_declaration(std::string identifier) = 0;
    virtual answer<std::optional<stored_declaration>> declaration(std::string identifier) = 0;
    virtual answer<std::vector<std::string>> declaration_ids() = 0;
    virtual answer<bool> set_member(std::string set, std::string declaration, bool present) = 0;
    virtual answer<bool> enrollment_set(enrollment_id id, std::string set, bool present) = 0;
    virtual answer<std::vector<std::string>> declarations_of_set(std::string set) = 0;
    virtual answer<std::vector<std::string>> sets_of_enrollment(enrollment_id id) = 0;
    virtual answer<std::vector<std::string>> sets() = 0;
    /// Enrollments whose declarations include this one, or that have this set.
    virtual answer<std::vector<enrollment_id>> affected_by_declaration(std::string identifier) = 0;
    virtual answer<std::vector<enrollment_id>> affected_by_set(std::string set) = 0;
    /// Payloads are left out here.
    virtual answer<declared> declared_for(enrollment_id id, time_point now) = 0;
    /// The same for a Mac that asks: judges the binding.
    virtual answer<std::pair<access, declared>> declared_for_device(presented who) = 0;
    /// Queues DeclarativeManagement with the tokens of this moment for each, or puts them into one
    /// that waits and was never offered. `uuids`: as many as `ids`.
    virtual answer<std::vector<enqueue_outcome>>
    enqueue_declarative(std::vector<enrollment_id> ids, std::vector<command_uuid> uuids,
                        time_point now) = 0;
    /// Merges a status report; the second is false when the JSON is not a status report.
    virtual answer<std::pair<access, bool>> merge_status(presented who, bytes report_json) = 0;
    virtual answer<ddm_status_row> ddm_status(enrollment_id id) = 0;
};

} // namespace pomona::server
