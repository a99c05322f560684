#include "pomona/foundation/sqlite.hpp"

#include "pomona/foundation/error_category.hpp"

#include <sqlite3.h>

#include <map>
#include <sys/stat.h>

namespace pomona::sqlite {
namespace {

constexpr char category_name[] = "sqlite";

const char* describe(errc value) {
    switch (value) {
    case errc::open:
        return "cannot open the database";
    case errc::busy:
        return "the database is locked by another process";
    case errc::full:
        return "no space left for the database";
    case errc::corrupt:
        return "the file is not a usable database";
    case errc::constraint:
        return "a database constraint was violated";
    case errc::misuse:
        return "wrong use of the database interface";
    case errc::other:
        break;
    }
    return "database error";
}

errc classify(int code) {
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return errc::busy;
    case SQLITE_FULL:
        return errc::full;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return errc::corrupt;
    case SQLITE_CONSTRAINT:
        return errc::constraint;
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
        return errc::misuse;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return errc::open;
    default:
        return errc::other;
    }
}

std::unexpected<error> failed(sqlite3* db) {
    return fail(classify(sqlite3_extended_errcode(db)), sqlite3_errmsg(db));
}

} // namespace

std::error_code make_error_code(errc value) {
    return {static_cast<int>(value), category_of<errc, category_name, describe>()};
}

/// Statements that nobody uses just now. Bounded: what does not fit is finalized.
struct statement_cache {
    static constexpr std::size_t most = 256;
    std::map<std::string, sqlite3_stmt*, std::less<>> idle;

    statement_cache() = default;
    statement_cache(const statement_cache&) = delete;
    statement_cache& operator=(const statement_cache&) = delete;
    ~statement_cache() {
        for (const auto& [text, one] : idle) {
            sqlite3_finalize(one);
        }
    }
    sqlite3_stmt* take(std::string_view text) {
        const auto found = idle.find(text);
        return found == idle.end() ? nullptr : std::exchange(found->second, nullptr);
    }
    /// False: not wanted.
    bool keep(sqlite3_stmt* s) noexcept {
        const auto* text = sqlite3_sql(s);
        if (text == nullptr) {
            return false;
        }
        const auto found = idle.find(std::string_view{text});
        if (found != idle.end() && found->second == nullptr) {
            found->second = s;
            return true;
        }
        return false;
    }
};

void statement::closer::operator()(sqlite3_stmt* s) const noexcept {
    // At once, not at the next use: a statement at a row holds its lock.
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    if (home == nullptr || !home->keep(s)) {
        sqlite3_finalize(s);
    }
}
void database::cache_closer::operator()(statement_cache* c) const noexcept {
    delete c;
}
database::database(sqlite3* db) : handle_{db}, cache_{new statement_cache} {}
void database::closer::operator()(sqlite3* db) const noexcept {
    sqlite3_close_v2(db);
}

statement& statement::bind(int index, std::int64_t value) {
    sqlite3_bind_int64(handle_.get(), index, value);
    return *this;
}

statement& statement::bind(int index, std::string_view text) {
    sqlite3_bind_text64(handle_.get(), index, text.data(), text.size(), SQLITE_TRANSIENT,
                        SQLITE_UTF8);
    return *this;
}

statement& statement::bind(int index, bytes_view blob) {
    if (blob.empty()) {
        sqlite3_bind_zeroblob(handle_.get(), index, 0); // a null pointer would store NULL
    } else {
        sqlite3_bind_blob64(handle_.get(), index, blob.data(), blob.size(), SQLITE_TRANSIENT);
    }
    return *this;
}

statement& statement::bind_null(int index) {
    sqlite3_bind_null(handle_.get(), index);
    return *this;
}

result<bool> statement::step() {
    const int code = sqlite3_step(handle_.get());
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code == SQLITE_DONE) {
        return false;
    }
    auto failure = failed(sqlite3_db_handle(handle_.get()));
    sqlite3_reset(handle_.get());
    return failure;
}

result<void> statement::run() {
    auto more = step();
    while (more && *more) {
        more = step();
    }
    reset();
    if (!more) {
        return std::unexpected(more.error());
    }
    return {};
}

void statement::reset() {
    sqlite3_reset(handle_.get());
    sqlite3_clear_bindings(handle_.get());
}

std::int64_t statement::column_int(int index) const {
    return sqlite3_column_int64(handle_.get(), index);
}

std::string statement::column_text(int index) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), index));
    return text == nullptr
               ? std::string{}
               : std::string(text,
                             static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), index)));
}

bytes statement::column_blob(int index) const {
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(handle_.get(), index));
    return data == nullptr ? bytes{}
                           : bytes(data, data + sqlite3_column_bytes(handle_.get(), index));
}

bool statement::column_is_null(int index) const {
    return sqlite3_column_type(handle_.get(), index) == SQLITE_NULL;
}

result<database> database::open(const std::string& path) {
    sqlite3* raw = nullptr;
    // No mutex: one thread at a time is the caller's word.
    const int code =
        sqlite3_open_v2(path.c_str(), &raw,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    database db{raw};
    if (code != SQLITE_OK) {
        return fail(errc::open,
                    path + ": " + (raw != nullptr ? sqlite3_errmsg(raw) : "out of memory"));
    }
    sqlite3_busy_timeout(raw, 5000);
    if (path != ":memory:") {
        // The store holds push magics and tokens: no one else reads it (design section 10).
        ::chmod(path.c_str(), S_IRUSR | S_IWUSR);
        auto done = db.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
        if (!done) {
            return std::unexpected(done.error());
        }
    }
    if (auto done = db.execute("PRAGMA foreign_keys=ON;"); !done) {
        return std::unexpected(done.error());
    }
    return db;
}

result<void> database::execute(std::string_view sql) {
    if (sqlite3_exec(handle_.get(), std::string{sql}.c_str(), nullptr, nullptr, nullptr) !=
        SQLITE_OK) {
        return failed(handle_.get());
    }
    return {};
}

result<statement> database::prepare(std::string_view sql) {
    if (auto* const kept = cache_->take(sql); kept != nullptr) {
        return statement{kept, cache_.get()};
    }
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &raw, nullptr) != SQLITE_OK) {
        return failed(handle_.get());
    }
    if (cache_->idle.size() < statement_cache::most) {
        cache_->idle.try_emplace(std::string{sql}, nullptr); // its place
    }
    return statement{raw, cache_.get()};
}

std::int64_t database::last_insert_rowid() const {
    return sqlite3_last_insert_rowid(handle_.get());
}
std::int64_t database::changes() const {
    return sqlite3_changes64(handle_.get());
}

} // namespace pomona::sqlite
