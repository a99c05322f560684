#include "commands/queue_rules.hpp"
#include "pomona/protocol/schema/validate.hpp"
#include "store/sql.hpp"

namespace pomona::server::sql {
namespace {

/// Choice: more waiting commands than this for one enrollment are a mistake of whoever enqueues.
constexpr std::int64_t max_pending = 10'000;

void note_report(session& s, std::string_view id, const report_facts& what, time_point now,
                 defects bugs) {
    if (what.status == mdm::command_status::idle) {
        s.change("UPDATE commands SET refused=0 WHERE enrollment=? AND status='' AND refused=1",
                 id);
    } else if (what.status == mdm::command_status::not_now) {
        s.change("UPDATE commands SET refused=1 WHERE enrollment=? AND uuid=? AND status=''", id,
                 std::string_view{what.uuid});
    } else if (bugs.has(defect::acknowledged_command_again) &&
               what.status == mdm::command_status::acknowledged &&
               s.change("UPDATE commands SET offered=2 WHERE enrollment=? AND uuid=? AND offered=1",
                        id, std::string_view{what.uuid}) > 0) {
        return;
    } else {
        // MDM-CHK-015: the first result stays; one that comes again changes nothing.
        s.change("UPDATE commands SET status=?, errors=?, result=?, reported=? "
                 "WHERE enrollment=? AND uuid=? AND status=''",
                 mdm::to_text(what.status), std::string_view{what.errors_json},
                 bytes_view{what.raw}, to_column(now), id, std::string_view{what.uuid});
    }
}

bytes offer_next(session& s, std::string_view id, const report_facts& what, defects bugs) {
    bytes out;
    std::int64_t seq = 0;
    s.each(
        "SELECT seq, refused, body FROM commands WHERE enrollment=? AND status='' ORDER BY seq",
        [&](sqlite::statement& row) {
            if (!may_offer(row.column_int(1) != 0, what.status) &&
                !bugs.has(defect::not_now_in_a_circle)) {
                return true;
            }
            seq = row.column_int(0);
            out = row.column_blob(2);
            return false;
        },
        id);
    if (seq != 0) {
        s.change("UPDATE commands SET offered=1 WHERE seq=? AND offered=0", seq);
    }
    return out;
}

/// Schema mdm/commands, userenrollment: unknown commands are the operator's own matter.
bool allowed_in_user_enrollment(std::string_view request_type) {
    const auto* known = schema::find_command(request_type);
    schema::context c;
    c.enrollment = schema::enrollment_kind::user;
    return known == nullptr || schema::obstacle_of(*known, c) != schema::obstacle::enrollment;
}

} // namespace

result<loop_answer> report(database& db, const presented& who, const report_facts& what,
                           defects bugs) {
    session s{db};
    loop_answer out;
    out.verdict = admit(s, who);
    const auto id = who.from.id().value();
    // ENR-015: nothing is served before TokenUpdate. A user channel that never had one gets an
    // empty answer rather than an error, which would cost the Mac its enrollment.
    if (out.verdict != access::allowed || state_of(s, id) != enrollment_state::enrolled) {
        return s.finish(std::move(out));
    }
    note_report(s, id, what, who.now, bugs);
    out.command = offer_next(s, id, what, bugs);
    out.follow_up = needs_follow_up(
        what.status,
        s.exists("SELECT 1 FROM commands WHERE enrollment=? AND status='' AND refused=1 LIMIT 1",
                 std::string_view{id}));
    return s.finish(std::move(out));
}

enqueue_outcome enqueue_one(session& s, const std::string& id, const std::string& uuid,
                            const std::string& request_type, const bytes& body) {
    const auto state = state_of(s, id);
    if (state == enrollment_state::none) {
        return enqueue_outcome::unknown_enrollment;
    }
    if (state == enrollment_state::disabled) {
        return enqueue_outcome::disabled;
    }
    if (s.exists("SELECT 1 FROM enrollments e JOIN enrollments d ON d.id=e.device "
                 "WHERE e.id=? AND d.user_enrollment=1",
                 std::string_view{id}) &&
        !allowed_in_user_enrollment(request_type)) { // MDM-CHK-043
        return enqueue_outcome::not_for_users;
    }
    if (s.exists("SELECT 1 FROM commands WHERE enrollment=? AND uuid=?", std::string_view{id},
                 std::string_view{uuid})) {
        return enqueue_outcome::duplicate;
    }
    if (s.exists("SELECT 1 FROM commands WHERE enrollment=? AND status='' ORDER BY seq LIMIT 1 "
                 "OFFSET ?",
                 std::string_view{id}, max_pending - 1)) {
        return enqueue_outcome::full;
    }
    s.change("INSERT INTO commands(enrollment, uuid, request_type, body) VALUES(?, ?, ?, ?)",
             std::string_view{id}, std::string_view{uuid}, std::string_view{request_type},
             bytes_view{body});
    return enqueue_outcome::queued;
}

result<std::vector<enqueue_outcome>> enqueue(database& db, const std::vector<enrollment_id>& ids,
                                             const std::string& uuid,
                                             const std::string& request_type, const bytes& body) {
    session s{db};
    std::vector<enqueue_outcome> out;
    out.reserve(ids.size());
    for (const auto& id : ids) {
        out.push_back(enqueue_one(s, id.value(), uuid, request_type, body));
    }
    return s.finish(std::move(out));
}

result<std::vector<command_row>> commands(database& db, const std::string& id,
                                          std::int64_t at_most) {
    session s{db};
    std::vector<command_row> out;
    s.each(
        "SELECT uuid, request_type, status, errors, result, reported FROM commands "
        "WHERE enrollment=? ORDER BY seq DESC LIMIT ?",
        [&](sqlite::statement& row) {
            command_row r;
            r.uuid = row.column_text(0);
            r.request_type = row.column_text(1);
            r.status = row.column_text(2);
            r.errors = row.column_text(3);
            r.result = row.column_blob(4);
            if (!row.column_is_null(5)) {
                r.reported = from_column(row.column_int(5));
            }
            out.push_back(std::move(r));
            return true;
        },
        std::string_view{id}, at_most);
    return s.finish(std::move(out));
}

} // namespace pomona::server::sql
