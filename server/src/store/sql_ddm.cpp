#include "ddm/status_merge.hpp"
#include "ddm/tokens.hpp"
#include "store/sql.hpp"

namespace pomona::server::sql {
namespace {

stored_declaration read_declaration(sqlite::statement& row) {
    return {row.column_text(0), row.column_text(1), row.column_text(2), row.column_text(3)};
}

declared load_declared(session& s, const std::string& id, time_point now) {
    declared out;
    s.each(
        "SELECT DISTINCT d.identifier, d.type, d.server_token, '' FROM enrollment_sets e "
        "JOIN set_declarations s ON s.set_name=e.set_name "
        "JOIN declarations d ON d.identifier=s.identifier "
        "WHERE e.enrollment=? ORDER BY d.identifier",
        [&](sqlite::statement& row) {
            out.items.push_back(read_declaration(row));
            return true;
        },
        std::string_view{id});
    out.token = declarations_token(out.items);
    out.changed = now;
    bool same = false;
    s.each(
        "SELECT token, changed FROM ddm_tokens WHERE enrollment=?",
        [&](sqlite::statement& row) {
            same = row.column_text(0) == out.token;
            out.changed = same ? from_column(row.column_int(1)) : now;
            return false;
        },
        std::string_view{id});
    if (!same) {
        s.change("INSERT INTO ddm_tokens(enrollment, token, changed) VALUES(?, ?, ?) "
                 "ON CONFLICT(enrollment) DO UPDATE SET token=excluded.token, "
                 "changed=excluded.changed",
                 std::string_view{id}, std::string_view{out.token}, to_column(now));
    }
    return out;
}

enqueue_outcome enqueue_tokens(session& s, const std::string& id, const std::string& uuid,
                               time_point now) {
    constexpr std::string_view request_type = "DeclarativeManagement";
    // One that the Mac may have begun is left alone: it would not notice the newer tokens.
    std::string waiting;
    s.each(
        "SELECT uuid FROM commands WHERE enrollment=? AND status='' AND offered=0 AND "
        "request_type=? ORDER BY seq LIMIT 1",
        [&](sqlite::statement& row) {
            waiting = row.column_text(0);
            return false;
        },
        std::string_view{id}, request_type);
    const auto d = load_declared(s, id, now);
    if (waiting.empty()) {
        return enqueue_one(s, id, uuid, std::string{request_type},
                           declarative_management_command(uuid, d));
    }
    s.change("UPDATE commands SET body=? WHERE enrollment=? AND uuid=?",
             bytes_view{declarative_management_command(waiting, d)}, std::string_view{id},
             std::string_view{waiting});
    return enqueue_outcome::queued;
}

} // namespace

result<bool> put_declaration(database& db, const stored_declaration& d) {
    session s{db};
    if (s.exists("SELECT 1 FROM declarations WHERE identifier=? AND server_token=?",
                 std::string_view{d.identifier}, std::string_view{d.server_token})) {
        return s.finish(false);
    }
    s.change("INSERT INTO declarations(identifier, type, server_token, payload) "
             "VALUES(?, ?, ?, ?) ON CONFLICT(identifier) DO UPDATE SET type=excluded.type, "
             "server_token=excluded.server_token, payload=excluded.payload",
             std::string_view{d.identifier}, std::string_view{d.type},
             std::string_view{d.server_token}, std::string_view{d.payload});
    return s.finish(true);
}

result<bool> delete_declaration(database& db, const std::string& identifier) {
    session s{db};
    s.change("DELETE FROM set_declarations WHERE identifier=?", std::string_view{identifier});
    const auto gone =
        s.change("DELETE FROM declarations WHERE identifier=?", std::string_view{identifier});
    return s.finish(gone > 0);
}

result<std::optional<stored_declaration>> declaration(database& db, const std::string& identifier) {
    session s{db};
    std::optional<stored_declaration> out;
    s.each(
        "SELECT identifier, type, server_token, payload FROM declarations WHERE identifier=?",
        [&](sqlite::statement& row) {
            out = read_declaration(row);
            return false;
        },
        std::string_view{identifier});
    return s.finish(std::move(out));
}

result<bool> set_member(database& db, const std::string& set, const std::string& declaration,
                        bool present) {
    session s{db};
    const std::string_view name{set};
    const std::string_view identifier{declaration};
    std::int64_t changed = 0;
    if (!present) {
        changed = s.change("DELETE FROM set_declarations WHERE set_name=? AND identifier=?", name,
                           identifier);
    } else if (s.exists("SELECT 1 FROM declarations WHERE identifier=?", identifier)) {
        changed = s.change("INSERT OR IGNORE INTO set_declarations VALUES(?, ?)", name, identifier);
    } else {
        s.refuse(sqlite::errc::constraint, "there is no such declaration");
    }
    return s.finish(changed > 0);
}

result<bool> enrollment_set(database& db, const std::string& id, const std::string& set,
                            bool present) {
    session s{db};
    const auto changed =
        present ? s.change("INSERT OR IGNORE INTO enrollment_sets VALUES(?, ?)",
                           std::string_view{id}, std::string_view{set})
                : s.change("DELETE FROM enrollment_sets WHERE enrollment=? AND set_name=?",
                           std::string_view{id}, std::string_view{set});
    return s.finish(changed > 0);
}

result<std::vector<std::string>> texts(database& db, std::string_view query,
                                       const std::string& argument) {
    session s{db};
    std::vector<std::string> out;
    s.each(
        query,
        [&](sqlite::statement& row) {
            out.push_back(row.column_text(0));
            return true;
        },
        std::string_view{argument});
    return s.finish(std::move(out));
}

result<declared> declared_for(database& db, const std::string& id, time_point now) {
    session s{db};
    auto out = load_declared(s, id, now);
    return s.finish(std::move(out));
}

result<std::pair<access, declared>> declared_for_device(database& db, const presented& who) {
    session s{db};
    std::pair<access, declared> out{admit(s, who), {}};
    if (out.first == access::allowed) {
        out.second = load_declared(s, who.from.id().value(), who.now);
    }
    return s.finish(std::move(out));
}

result<std::vector<enqueue_outcome>> enqueue_declarative(database& db,
                                                         const std::vector<enrollment_id>& ids,
                                                         const std::vector<command_uuid>& uuids,
                                                         time_point now) {
    session s{db};
    std::vector<enqueue_outcome> out;
    for (std::size_t i = 0; i < ids.size() && i < uuids.size(); ++i) {
        out.push_back(enqueue_tokens(s, ids[i].value(), uuids[i].value(), now));
    }
    return s.finish(std::move(out));
}

result<std::pair<access, bool>> merge_status(database& db, const presented& who,
                                             const bytes& report) {
    session s{db};
    std::pair<access, bool> out{admit(s, who), true};
    if (out.first != access::allowed) {
        return s.finish(out);
    }
    const auto id = who.from.id().value();
    merged_status before;
    s.each(
        "SELECT items, errors FROM ddm_status WHERE enrollment=?",
        [&](sqlite::statement& row) {
            before = {row.column_text(0), row.column_text(1)};
            return false;
        },
        std::string_view{id});
    const auto merged = merge_status_report(before, report);
    out.second = merged.has_value();
    if (merged) {
        s.change("INSERT INTO ddm_status(enrollment, items, errors, received) VALUES(?, ?, ?, ?) "
                 "ON CONFLICT(enrollment) DO UPDATE SET items=excluded.items, "
                 "errors=excluded.errors, received=excluded.received",
                 std::string_view{id}, std::string_view{merged->items},
                 std::string_view{merged->errors}, to_column(who.now));
    }
    return s.finish(out);
}

result<ddm_status_row> ddm_status(database& db, const std::string& id) {
    session s{db};
    ddm_status_row out;
    s.each(
        "SELECT items, errors, received FROM ddm_status WHERE enrollment=?",
        [&](sqlite::statement& row) {
            out = {row.column_text(0), row.column_text(1), from_column(row.column_int(2))};
            return false;
        },
        std::string_view{id});
    return s.finish(std::move(out));
}

} // namespace pomona::server::sql
