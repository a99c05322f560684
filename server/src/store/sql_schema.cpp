#include "store/sql.hpp"

namespace pomona::server::sql {
namespace {

// Times are nanoseconds since 1970. A pending command has status ''. Challenges are SHA-256 hashes:
// who reads the file cannot enroll with it.
constexpr std::string_view tables = R"sql(
CREATE TABLE IF NOT EXISTS settings(
    key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS challenges(
    hash BLOB PRIMARY KEY, expires INTEGER NOT NULL, used_for BLOB) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS challenges_by_end ON challenges(expires);
CREATE TABLE IF NOT EXISTS certificates(
    sha256 BLOB PRIMARY KEY, serial BLOB NOT NULL UNIQUE, der BLOB NOT NULL,
    not_after INTEGER NOT NULL, key_hash BLOB NOT NULL, granted_by BLOB NOT NULL,
    message_hash BLOB NOT NULL UNIQUE, renews BLOB);
CREATE INDEX IF NOT EXISTS certificates_by_grant ON certificates(granted_by, key_hash);
CREATE TABLE IF NOT EXISTS enrollments(
    id TEXT PRIMARY KEY, device TEXT NOT NULL, state INTEGER NOT NULL, certificate BLOB UNIQUE,
    topic TEXT NOT NULL DEFAULT '', token BLOB, magic TEXT NOT NULL DEFAULT '',
    token_time INTEGER, push_dead INTEGER NOT NULL DEFAULT 0,
    serial TEXT NOT NULL DEFAULT '', device_name TEXT NOT NULL DEFAULT '',
    model TEXT NOT NULL DEFAULT '', os_version TEXT NOT NULL DEFAULT '',
    build_version TEXT NOT NULL DEFAULT '', user_short_name TEXT NOT NULL DEFAULT '',
    bootstrap_token BLOB, last_seen INTEGER, user_enrollment INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS enrollments_by_device ON enrollments(device);
CREATE TABLE IF NOT EXISTS commands(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, enrollment TEXT NOT NULL, uuid TEXT NOT NULL,
    request_type TEXT NOT NULL, body BLOB NOT NULL, status TEXT NOT NULL DEFAULT '',
    refused INTEGER NOT NULL DEFAULT 0, offered INTEGER NOT NULL DEFAULT 0,
    errors TEXT NOT NULL DEFAULT '', result BLOB, reported INTEGER,
    UNIQUE(enrollment, uuid));
CREATE INDEX IF NOT EXISTS commands_pending ON commands(enrollment, seq) WHERE status = '';
CREATE TABLE IF NOT EXISTS declarations(
    identifier TEXT PRIMARY KEY, type TEXT NOT NULL, server_token TEXT NOT NULL,
    payload TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS set_declarations(
    set_name TEXT NOT NULL, identifier TEXT NOT NULL,
    PRIMARY KEY(set_name, identifier)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS set_declarations_back ON set_declarations(identifier);
CREATE TABLE IF NOT EXISTS enrollment_sets(
    enrollment TEXT NOT NULL, set_name TEXT NOT NULL,
    PRIMARY KEY(enrollment, set_name)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS enrollment_sets_back ON enrollment_sets(set_name);
CREATE TABLE IF NOT EXISTS ddm_tokens(
    enrollment TEXT PRIMARY KEY, token TEXT NOT NULL, changed INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ddm_status(
    enrollment TEXT PRIMARY KEY, items TEXT NOT NULL, errors TEXT NOT NULL,
    received INTEGER NOT NULL) WITHOUT ROWID;
)sql";

} // namespace

result<void> make_schema(database& db) {
    // A second writer (a backup, a shell) is waited for briefly only: requests hang on the answer.
    if (auto done = db.execute("PRAGMA busy_timeout=500"); !done) {
        return done;
    }
    if (auto done = db.execute(tables); !done) {
        return done;
    }
    // A database made before rounds were the enrollment's has the table without this column.
    session s{db};
    if (!s.exists("SELECT 1 FROM pragma_table_info('commands') WHERE name='refused'")) {
        s.change("ALTER TABLE commands ADD COLUMN refused INTEGER NOT NULL DEFAULT 0");
    }
    if (!s.exists("SELECT 1 FROM pragma_table_info('enrollments') WHERE name='user_enrollment'")) {
        s.change("ALTER TABLE enrollments ADD COLUMN user_enrollment INTEGER NOT NULL DEFAULT 0");
    }
    return s.finish();
}

result<bytes> setting(database& db, const std::string& key) {
    session s{db};
    bytes out;
    s.each(
        "SELECT value FROM settings WHERE key=?",
        [&](sqlite::statement& row) {
            out = row.column_blob(0);
            return false;
        },
        std::string_view{key});
    return s.finish(std::move(out));
}

result<void> set_settings(database& db, const std::vector<std::pair<std::string, bytes>>& values) {
    session s{db};
    for (const auto& [key, value] : values) {
        s.change("INSERT INTO settings(key, value) VALUES(?, ?) "
                 "ON CONFLICT(key) DO UPDATE SET value=excluded.value",
                 std::string_view{key}, bytes_view{value});
    }
    return s.finish();
}

} // namespace pomona::server::sql
