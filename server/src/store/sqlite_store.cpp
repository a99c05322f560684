#include "store/sqlite_store.hpp"

#include "store/group_commit.hpp"
#include "store/quiet_channels.hpp"
#include "store/sql.hpp"

#include <algorithm>

namespace pomona::server {
namespace {

using sqlite::database;

// Every operation is the same three steps: take the arguments along, queue for the next
// transaction, answer once it is durable. The SQL is in sql_*.cpp.
class sqlite_store final : public store {
  public:
    sqlite_store(net::world& w, database db, defects bugs)
        : bugs_{bugs}, commits_{w, std::move(db)} {}

    net::task<void> close() override { return commits_.close(); }
    [[nodiscard]] counters counted() const override {
        return {commits_.transactions(), commits_.operations()};
    }

    answer<bytes> setting(std::string key) override {
        return commits_.run<bytes>(
            [key = std::move(key)](database& db) { return sql::setting(db, key); });
    }
    answer<void> set_settings(std::vector<std::pair<std::string, bytes>> values) override {
        return commits_.run<void>(
            [values = std::move(values)](database& db) { return sql::set_settings(db, values); });
    }
    answer<void> add_challenge(bytes hash, time_point expires, time_point now) override {
        return commits_.run<void>([hash = std::move(hash), expires, now](database& db) {
            return sql::add_challenge(db, hash, expires, now);
        });
    }
    answer<issue_outcome> may_issue(issue_query query) override {
        return commits_.run<issue_outcome>(
            [query = std::move(query)](database& db) { return sql::may_issue(db, query); });
    }
    answer<issue_outcome> record_issue(issue_query query, issued_certificate issued) override {
        return commits_.run<issue_outcome>(
            [query = std::move(query), issued = std::move(issued)](database& db) {
                return sql::record_issue(db, query, issued);
            });
    }
    answer<bytes> issued_certificate_der(bytes sha256) override {
        return commits_.run<bytes>([sha256 = std::move(sha256)](database& db) {
            return sql::issued_certificate_der(db, sha256);
        });
    }
    answer<access> authenticate(presented who, mdm::authenticate message) override {
        quiet_.forget(device_of(who.from));
        return commits_.run<access>(
            [who = std::move(who), message = std::move(message), bugs = bugs_](database& db) {
                return sql::authenticate(db, who, message, bugs);
            });
    }
    answer<access> token_update(presented who, mdm::token_update message) override {
        quiet_.forget(device_of(who.from));
        return commits_.run<access>(
            [who = std::move(who), message = std::move(message), bugs = bugs_](database& db) {
                return sql::token_update(db, who, message, bugs);
            });
    }
    answer<access> check_out(presented who) override {
        quiet_.forget(device_of(who.from));
        return commits_.run<access>(
            [who = std::move(who)](database& db) { return sql::check_out(db, who); });
    }
    answer<access> judge_sender(presented who) override {
        return commits_.run<access>(
            [who = std::move(who)](database& db) { return sql::judge_sender(db, who); });
    }
    answer<access> set_bootstrap_token(presented who, bytes token) override {
        quiet_.forget(device_of(who.from));
        return commits_.run<access>([who = std::move(who), token = std::move(token)](database& db) {
            return sql::set_bootstrap_token(db, who, token);
        });
    }
    answer<std::pair<access, bytes>> bootstrap_token(presented who) override {
        quiet_.forget(device_of(who.from));
        return commits_.run<std::pair<access, bytes>>(
            [who = std::move(who)](database& db) { return sql::bootstrap_token(db, who); });
    }
    answer<std::vector<enqueue_outcome>> enqueue(std::vector<enrollment_id> ids, command_uuid uuid,
                                                 std::string request_type, bytes body) override {
        forget(ids);
        return commits_.run<std::vector<enqueue_outcome>>(
            [ids = std::move(ids), uuid = std::move(uuid), request_type = std::move(request_type),
             body = std::move(body)](database& db) {
                return sql::enqueue(db, ids, uuid.value(), request_type, body);
            });
    }
    answer<std::vector<command_row>> commands(enrollment_id id, std::int64_t at_most) override {
        return commits_.run<std::vector<command_row>>([id = std::move(id), at_most](database& db) {
            return sql::commands(db, id.value(), at_most);
        });
    }
    answer<std::vector<enrollment_row>> enrollments(std::vector<enrollment_id> only,
                                                    std::int64_t at_most) override {
        auto rows = co_await commits_.run<std::vector<enrollment_row>>(
            [only = std::move(only), at_most](database& db) {
                return sql::enrollments(db, only, at_most);
            });
        for (std::size_t i = 0; rows && i < rows->size(); ++i) {
            auto& row = (*rows)[i];
            if (const auto seen = quiet_.seen(row.id.value())) {
                row.last_seen = std::max(row.last_seen.value_or(*seen), *seen);
            }
        }
        co_return rows;
    }
    answer<push_target> push_target_of(enrollment_id id) override {
        return commits_.run<push_target>(
            [id = std::move(id)](database& db) { return sql::push_target_of(db, id.value()); });
    }
    answer<void> mark_push_dead(enrollment_id id, push_token token) override {
        return commits_.run<void>([id = std::move(id), token = std::move(token)](database& db) {
            return sql::mark_push_dead(db, id.value(), token.value());
        });
    }
    answer<std::vector<enrollment_id>> with_pending_commands() override {
        return commits_.run<std::vector<enrollment_id>>(
            [](database& db) { return sql::with_pending_commands(db); });
    }
    answer<bool> put_declaration(stored_declaration d) override {
        return commits_.run<bool>(
            [d = std::move(d)](database& db) { return sql::put_declaration(db, d); });
    }
    answer<bool> delete_declaration(std::string identifier) override {
        return commits_.run<bool>([identifier = std::move(identifier)](database& db) {
            return sql::delete_declaration(db, identifier);
        });
    }
    answer<std::optional<stored_declaration>> declaration(std::string identifier) override {
        return commits_.run<std::optional<stored_declaration>>(
            [identifier = std::move(identifier)](database& db) {
                return sql::declaration(db, identifier);
            });
    }
    answer<bool> set_member(std::string set, std::string declaration, bool present) override {
        return commits_.run<bool>(
            [set = std::move(set), declaration = std::move(declaration), present](database& db) {
                return sql::set_member(db, set, declaration, present);
            });
    }
    answer<bool> enrollment_set(enrollment_id id, std::string set, bool present) override {
        return commits_.run<bool>(
            [id = std::move(id), set = std::move(set), present](database& db) {
                return sql::enrollment_set(db, id.value(), set, present);
            });
    }
    answer<declared> declared_for(enrollment_id id, time_point now) override {
        return commits_.run<declared>([id = std::move(id), now](database& db) {
            return sql::declared_for(db, id.value(), now);
        });
    }
    answer<std::pair<access, declared>> declared_for_device(presented who) override {
        quiet_.forget(device_of(who.from));
        return commits_.run<std::pair<access, declared>>(
            [who = std::move(who)](database& db) { return sql::declared_for_device(db, who); });
    }
    answer<std::vector<enqueue_outcome>> enqueue_declarative(std::vector<enrollment_id> ids,
                                                             std::vector<command_uuid> uuids,
                                                             time_point now) override {
        forget(ids);
        return commits_.run<std::vector<enqueue_outcome>>(
            [all = std::move(ids), uuids = std::move(uuids), now](database& db) {
                return sql::enqueue_declarative(db, all, uuids, now);
            });
    }
    answer<std::pair<access, bool>> merge_status(presented who, bytes report_json) override {
        quiet_.forget(device_of(who.from));
        return commits_.run<std::pair<access, bool>>(
            [who = std::move(who), report_json = std::move(report_json)](database& db) {
                return sql::merge_status(db, who, report_json);
            });
    }
    answer<ddm_status_row> ddm_status(enrollment_id id) override {
        return commits_.run<ddm_status_row>(
            [id = std::move(id)](database& db) { return sql::ddm_status(db, id.value()); });
    }
    answer<loop_answer> report(presented who, mdm::command_status status, command_uuid uuid,
                               std::string errors_json, bytes raw) override {
        if (status != mdm::command_status::idle || who.from.is_user_channel()) {
            quiet_.forget(device_of(who.from));
            return report_to_database(
                std::move(who), {status, uuid.value(), std::move(errors_json), std::move(raw)});
        }
        return idle(std::move(who));
    }

    answer<std::vector<std::string>> declaration_ids() override {
        return list("SELECT identifier FROM declarations WHERE ?='' ORDER BY identifier", {});
    }
    answer<std::vector<std::string>> declarations_of_set(std::string set) override {
        return list("SELECT identifier FROM set_declarations WHERE set_name=? ORDER BY identifier",
                    std::move(set));
    }
    answer<std::vector<std::string>> sets_of_enrollment(enrollment_id id) override {
        return list("SELECT set_name FROM enrollment_sets WHERE enrollment=? ORDER BY set_name",
                    id.value());
    }
    answer<std::vector<std::string>> sets() override {
        return list("SELECT DISTINCT set_name FROM set_declarations WHERE ?='' ORDER BY set_name",
                    {});
    }
    answer<std::vector<enrollment_id>> affected_by_declaration(std::string identifier) override {
        return ids("SELECT DISTINCT e.enrollment FROM set_declarations s JOIN enrollment_sets e "
                   "ON e.set_name=s.set_name WHERE s.identifier=? ORDER BY e.enrollment",
                   std::move(identifier));
    }
    answer<std::vector<enrollment_id>> affected_by_set(std::string set) override {
        return ids("SELECT enrollment FROM enrollment_sets WHERE set_name=? ORDER BY enrollment",
                   std::move(set));
    }

  private:
    void forget(const std::vector<enrollment_id>& ids) {
        for (const auto& id : ids) {
            quiet_.forget(id.value());
        }
    }
    answer<loop_answer> report_to_database(presented who, sql::report_facts what) {
        return commits_.run<loop_answer>(
            [who = std::move(who), what = std::move(what), bugs = bugs_](database& db) {
                return sql::report(db, who, what, bugs);
            });
    }
    answer<loop_answer> idle(presented who) {
        if (quiet_.answers(who)) {
            co_return loop_answer{access::allowed, {}, false};
        }
        const auto ticket = quiet_.open(who);
        auto out = co_await report_to_database(who, {mdm::command_status::idle, {}, {}, {}});
        quiet_.close(who, ticket,
                     out && out->verdict == access::allowed && out->command.empty() &&
                         !out->follow_up);
        co_return out;
    }
    /// `query` is a literal with one parameter.
    answer<std::vector<std::string>> list(std::string_view query, std::string argument) {
        return commits_.run<std::vector<std::string>>(
            [query, argument = std::move(argument)](database& db) {
                return sql::texts(db, query, argument);
            });
    }
    answer<std::vector<enrollment_id>> ids(std::string_view query, std::string argument) {
        return commits_.run<std::vector<enrollment_id>>(
            [query,
             argument = std::move(argument)](database& db) -> result<std::vector<enrollment_id>> {
                auto all = sql::texts(db, query, argument);
                if (!all) {
                    return std::unexpected(std::move(all.error()));
                }
                return std::vector<enrollment_id>(all->begin(), all->end());
            });
    }

    defects bugs_;
    group_commit commits_;
    quiet_channels quiet_;
};

} // namespace

result<std::unique_ptr<store>> open_sqlite_store(net::world& w, const std::string& path,
                                                 defects bugs) {
    auto db = database::open(path);
    if (!db) {
        return std::unexpected(std::move(db.error()));
    }
    if (auto made = sql::make_schema(*db); !made) {
        return std::unexpected(std::move(made.error()));
    }
    return std::make_unique<sqlite_store>(w, std::move(*db), bugs);
}

} // namespace pomona::server
