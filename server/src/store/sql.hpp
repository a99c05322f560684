// The store's operations as SQL for SQLite: each runs inside a transaction that is not its own.
#pragma once

#include "pomona/foundation/sqlite.hpp"
#include "pomona/server/defects.hpp"
#include "store/records.hpp"
#include "store/session.hpp"

namespace pomona::server::sql {

using sqlite::database;

/// Tables and indexes, made when missing.
result<void> make_schema(database& db);

result<bytes> setting(database& db, const std::string& key);
result<void> set_settings(database& db, const std::vector<std::pair<std::string, bytes>>& values);

result<void> add_challenge(database& db, const bytes& hash, time_point expires, time_point now);
result<issue_outcome> may_issue(database& db, const issue_query& query);
result<issue_outcome> record_issue(database& db, const issue_query& query,
                                   const issued_certificate& issued);
result<bytes> issued_certificate_der(database& db, const bytes& sha256);

/// Judges the binding of a request and carries a rebinding out. Not for Authenticate.
access admit(session& s, const presented& who);
result<access> authenticate(database& db, const presented& who, const mdm::authenticate& message,
                            defects bugs);
result<access> token_update(database& db, const presented& who, const mdm::token_update& message,
                            defects bugs);
result<access> judge_sender(database& db, const presented& who);
result<access> check_out(database& db, const presented& who);
result<access> set_bootstrap_token(database& db, const presented& who, const bytes& token);
result<std::pair<access, bytes>> bootstrap_token(database& db, const presented& who);

struct report_facts {
    mdm::command_status status{};
    std::string uuid;
    std::string errors_json;
    bytes raw;
};
result<loop_answer> report(database& db, const presented& who, const report_facts& what,
                           defects bugs);
enrollment_state state_of(session& s, const std::string& id);
enqueue_outcome enqueue_one(session& s, const std::string& id, const std::string& uuid,
                            const std::string& request_type, const bytes& body);
result<std::vector<enqueue_outcome>> enqueue(database& db, const std::vector<enrollment_id>& ids,
                                             const std::string& uuid,
                                             const std::string& request_type, const bytes& body);
result<std::vector<command_row>> commands(database& db, const std::string& id,
                                          std::int64_t at_most);

result<std::vector<enrollment_row>>
enrollments(database& db, const std::vector<enrollment_id>& only, std::int64_t at_most);
result<push_target> push_target_of(database& db, const std::string& id);
result<void> mark_push_dead(database& db, const std::string& id, const bytes& token);
result<std::vector<enrollment_id>> with_pending_commands(database& db);

result<bool> put_declaration(database& db, const stored_declaration& d);
result<bool> delete_declaration(database& db, const std::string& identifier);
result<std::optional<stored_declaration>> declaration(database& db, const std::string& identifier);
result<bool> set_member(database& db, const std::string& set, const std::string& declaration,
                        bool present);
result<bool> enrollment_set(database& db, const std::string& id, const std::string& set,
                            bool present);
/// One column of texts, as the query gives them.
result<std::vector<std::string>> texts(database& db, std::string_view query,
                                       const std::string& argument);
result<declared> declared_for(database& db, const std::string& id, time_point now);
result<std::pair<access, declared>> declared_for_device(database& db, const presented& who);
result<std::vector<enqueue_outcome>> enqueue_declarative(database& db,
                                                         const std::vector<enrollment_id>& ids,
                                                         const std::vector<command_uuid>& uuids,
                                                         time_point now);
result<std::pair<access, bool>> merge_status(database& db, const presented& who,
                                             const bytes& report);
result<ddm_status_row> ddm_status(database& db, const std::string& id);

} // namespace pomona::server::sql
