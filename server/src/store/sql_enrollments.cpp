#include "store/quiet_channels.hpp"
#include "store/sql.hpp"

namespace pomona::server::sql {
namespace {

binding_facts facts_of(session& s, const std::string& device, const bytes& certificate) {
    binding_facts out;
    s.each(
        "SELECT state, certificate FROM enrollments WHERE id=?",
        [&](sqlite::statement& row) {
            out.state = static_cast<enrollment_state>(row.column_int(0));
            out.bound = row.column_blob(1);
            return false;
        },
        std::string_view{device});
    s.each(
        "SELECT id FROM enrollments WHERE certificate=?",
        [&](sqlite::statement& row) {
            out.owner = row.column_text(0);
            return false;
        },
        bytes_view{certificate});
    s.each(
        "SELECT renews FROM certificates WHERE sha256=?",
        [&](sqlite::statement& row) {
            out.renewed = row.column_blob(0);
            return false;
        },
        bytes_view{certificate});
    // Observed (F13): a Mac renews its identity by PKCSReq, which names no certificate. Choice: a
    // later one for the same key, issued here, is the same Mac's.
    if (out.renewed.empty() && !out.bound.empty() && out.bound != certificate &&
        s.exists("SELECT 1 FROM certificates a JOIN certificates b ON a.key_hash=b.key_hash AND "
                 "a.rowid>b.rowid WHERE a.sha256=? AND b.sha256=?",
                 bytes_view{certificate}, bytes_view{out.bound})) {
        out.renewed = out.bound;
    }
    return out;
}

/// Everything that an old enrollment left behind and a new one must not see, for the device and its
/// users.
void forget(session& s, std::string_view device, defects bugs = {}) {
    if (!bugs.has(defect::queue_outlives_authenticate)) {
        s.change("DELETE FROM commands WHERE status='' AND enrollment IN "
                 "(SELECT id FROM enrollments WHERE device=?)",
                 device);
    }
    // DDM-030: unenrolling or enrolling again forgets what the device said.
    s.change("DELETE FROM ddm_status WHERE enrollment IN "
             "(SELECT id FROM enrollments WHERE device=?)",
             device);
    if (!bugs.has(defect::push_token_never_replaced)) {
        s.change("UPDATE enrollments SET token=NULL, magic='' WHERE device=?", device);
    }
    s.change("UPDATE enrollments SET state=? WHERE device=?",
             static_cast<std::int64_t>(enrollment_state::disabled), device);
}

} // namespace

access admit(session& s, const presented& who) {
    const auto device = device_of(who.from);
    const auto verdict =
        server::judge(facts_of(s, device, who.certificate), device, who.certificate, false);
    if (verdict == access::refused || verdict == access::unrecognized) {
        return verdict;
    }
    if (verdict == access::rebind) {
        s.change("UPDATE enrollments SET certificate=? WHERE id=?", bytes_view{who.certificate},
                 std::string_view{device});
    }
    s.change("UPDATE enrollments SET last_seen=? WHERE id=? OR id=?", to_column(who.now),
             std::string_view{device}, std::string_view{who.from.id().value()});
    return access::allowed;
}

result<access> authenticate(database& db, const presented& who, const mdm::authenticate& message,
                            defects bugs) {
    session s{db};
    const auto device = device_of(who.from);
    const auto facts = facts_of(s, device, who.certificate);
    if (server::judge(facts, device, who.certificate, true) == access::refused) {
        return s.finish(access::refused);
    }
    forget(s, device, bugs);
    // The bootstrap token stays: a renewal looks like this, too, and the Mac does not send it
    // again; after an erase it sends another.
    s.change("INSERT INTO enrollments(id, device, state, certificate) VALUES(?, ?, ?, ?) "
             "ON CONFLICT(id) DO UPDATE SET state=excluded.state, certificate=excluded.certificate,"
             " push_dead=0",
             std::string_view{device}, std::string_view{device},
             static_cast<std::int64_t>(enrollment_state::authenticated),
             bytes_view{who.certificate});
    s.change("UPDATE enrollments SET topic=?, serial=?, device_name=?, model=?, os_version=?, "
             "build_version=?, last_seen=?, user_enrollment=? WHERE id=?",
             std::string_view{message.topic.value()}, std::string_view{message.serial.value()},
             std::string_view{message.device_name}, std::string_view{message.model},
             std::string_view{message.os_version}, std::string_view{message.build_version},
             to_column(who.now), static_cast<std::int64_t>(who.from.device.empty()),
             std::string_view{device});
    return s.finish(access::allowed);
}

result<access> token_update(database& db, const presented& who, const mdm::token_update& message,
                            defects bugs) {
    session s{db};
    const auto verdict = admit(s, who);
    if (verdict != access::allowed) {
        return s.finish(verdict);
    }
    // Apple, "Token Update": the device's comes first, and after a second Authenticate again.
    if (who.from.is_user_channel() &&
        state_of(s, device_of(who.from)) != enrollment_state::enrolled) {
        return s.finish(access::premature);
    }
    const auto id = who.from.id();
    // MDM-CHK-040: a user's channel is a row of its own under the device.
    s.change("INSERT INTO enrollments(id, device, state) VALUES(?, ?, ?) "
             "ON CONFLICT(id) DO UPDATE SET state=excluded.state",
             std::string_view{id.value()}, std::string_view{device_of(who.from)},
             static_cast<std::int64_t>(enrollment_state::enrolled));
    const std::string_view same{id.value()};
    if (!bugs.has(defect::push_token_never_replaced) ||
        s.exists("SELECT 1 FROM enrollments WHERE id=? AND token IS NULL", same)) {
        s.change("UPDATE enrollments SET token=?, magic=? WHERE id=?",
                 bytes_view{message.token.value()}, std::string_view{message.magic.value()}, same);
    }
    s.change("UPDATE enrollments SET topic=?, token_time=?, push_dead=0, user_short_name=?, "
             "last_seen=? WHERE id=?",
             std::string_view{message.topic.value()}, to_column(who.now),
             std::string_view{who.from.user_short_name}, to_column(who.now), same);
    return s.finish(access::allowed);
}

result<access> judge_sender(database& db, const presented& who) {
    session s{db};
    const auto verdict = admit(s, who);
    return s.finish(verdict);
}

result<access> check_out(database& db, const presented& who) {
    session s{db};
    const auto verdict = admit(s, who);
    if (verdict == access::allowed) {
        forget(s, device_of(who.from));
        // Observed (F15): the Mac drops it with the profile.
        s.change("UPDATE enrollments SET bootstrap_token=NULL WHERE id=?",
                 std::string_view{device_of(who.from)});
    }
    return s.finish(verdict);
}

result<access> set_bootstrap_token(database& db, const presented& who, const bytes& token) {
    session s{db};
    const auto verdict = admit(s, who);
    if (verdict == access::allowed) {
        s.change("UPDATE enrollments SET bootstrap_token=? WHERE id=?", bytes_view{token},
                 std::string_view{device_of(who.from)});
    }
    return s.finish(verdict);
}

result<std::pair<access, bytes>> bootstrap_token(database& db, const presented& who) {
    session s{db};
    std::pair<access, bytes> out{admit(s, who), {}};
    if (out.first == access::allowed) {
        s.each(
            "SELECT bootstrap_token FROM enrollments WHERE id=?",
            [&](sqlite::statement& row) {
                out.second = row.column_blob(0);
                return false;
            },
            std::string_view{device_of(who.from)});
    }
    return s.finish(std::move(out));
}

enrollment_state state_of(session& s, const std::string& id) {
    auto out = enrollment_state::none;
    s.each(
        "SELECT state FROM enrollments WHERE id=?",
        [&](sqlite::statement& row) {
            out = static_cast<enrollment_state>(row.column_int(0));
            return false;
        },
        std::string_view{id});
    return out;
}

result<std::vector<enrollment_row>>
enrollments(database& db, const std::vector<enrollment_id>& only, std::int64_t at_most) {
    session s{db};
    std::vector<enrollment_row> out;
    const auto take = [&](sqlite::statement& row) {
        enrollment_row r;
        r.id = enrollment_id{row.column_text(0)};
        r.state = static_cast<enrollment_state>(row.column_int(1));
        r.serial = row.column_text(2);
        r.device_name = row.column_text(3);
        r.model = row.column_text(4);
        r.os_version = row.column_text(5);
        r.build_version = row.column_text(6);
        r.user_short_name = row.column_text(7);
        r.topic = row.column_text(8);
        r.push_dead = row.column_int(9) != 0;
        if (!row.column_is_null(10)) {
            r.last_seen = from_column(row.column_int(10));
        }
        r.pending = row.column_int(11);
        out.push_back(std::move(r));
        return true;
    };
    const std::string columns =
        "SELECT id, state, serial, device_name, model, os_version, build_version, user_short_name, "
        "topic, push_dead, last_seen, (SELECT COUNT(*) FROM commands c WHERE c.enrollment=e.id AND "
        "c.status='') FROM enrollments e ";
    if (only.empty()) {
        s.each(columns + "ORDER BY id LIMIT ?", take, at_most);
    }
    for (const auto& id : only) {
        s.each(columns + "WHERE id=?", take, std::string_view{id.value()});
    }
    return s.finish(std::move(out));
}

result<push_target> push_target_of(database& db, const std::string& id) {
    session s{db};
    push_target out;
    s.each(
        "SELECT state, topic, token, magic, token_time, push_dead FROM enrollments WHERE id=?",
        [&](sqlite::statement& row) {
            out.state = static_cast<enrollment_state>(row.column_int(0));
            out.topic = row.column_text(1);
            out.token = push_token{row.column_blob(2)};
            out.magic = push_magic{row.column_text(3)};
            out.updated = from_column(row.column_int(4));
            out.dead = row.column_int(5) != 0;
            return false;
        },
        std::string_view{id});
    out.has_commands = s.exists("SELECT 1 FROM commands WHERE enrollment=? AND status='' LIMIT 1",
                                std::string_view{id});
    return s.finish(std::move(out));
}

result<void> mark_push_dead(database& db, const std::string& id, const bytes& token) {
    session s{db};
    // Only the token that was refused: a TokenUpdate may have come meanwhile.
    s.change("UPDATE enrollments SET push_dead=1 WHERE id=? AND token=?", std::string_view{id},
             bytes_view{token});
    return s.finish();
}

result<std::vector<enrollment_id>> with_pending_commands(database& db) {
    session s{db};
    std::vector<enrollment_id> out;
    s.each(
        "SELECT id FROM enrollments e WHERE state=? AND EXISTS "
        "(SELECT 1 FROM commands c WHERE c.enrollment=e.id AND c.status='') ORDER BY id",
        [&](sqlite::statement& row) {
            out.emplace_back(row.column_text(0));
            return true;
        },
        static_cast<std::int64_t>(enrollment_state::enrolled));
    return s.finish(std::move(out));
}

} // namespace pomona::server::sql
