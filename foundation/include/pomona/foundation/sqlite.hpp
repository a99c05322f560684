// A thin wrapper of SQLite: a connection, prepared statements, transactions. One thread at a time.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/error.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace pomona::sqlite {

enum class errc { open = 1, busy, full, corrupt, constraint, misuse, other };
std::error_code make_error_code(errc value);

class database;
struct statement_cache;

/// A prepared statement. Bind, step, read, reset; parameters are numbered from 1, columns from 0.
class statement {
  public:
    statement& bind(int index, std::int64_t value);
    statement& bind(int index, std::string_view text);
    statement& bind(int index, bytes_view blob);
    statement& bind_null(int index);

    /// True while there is a row; false at the end. After an error the statement has been reset.
    result<bool> step();
    /// Runs to the end, drops rows, resets, clears bindings.
    result<void> run();
    void reset();

    [[nodiscard]] std::int64_t column_int(int index) const;
    [[nodiscard]] std::string column_text(int index) const;
    [[nodiscard]] bytes column_blob(int index) const;
    [[nodiscard]] bool column_is_null(int index) const;

  private:
    friend class database;
    /// Reset, and kept for the next one who prepares the same text.
    struct closer {
        statement_cache* home = nullptr;
        void operator()(sqlite3_stmt* s) const noexcept;
    };
    statement(sqlite3_stmt* s, statement_cache* home) : handle_{s, closer{home}} {}
    std::unique_ptr<sqlite3_stmt, closer> handle_;
};

/// One connection, closed with the object. Statements must not outlive it.
class database {
  public:
    /// `path` is a file or ":memory:". Files get WAL, synchronous=FULL (a commit is on disk when it
    /// returns), foreign keys, mode 0600.
    static result<database> open(const std::string& path);

    /// Runs one or more statements that give no rows.
    result<void> execute(std::string_view sql);
    /// One statement. Preparing costs more than running: statements are kept by their text, so take
    /// parameters, not texts put together.
    result<statement> prepare(std::string_view sql);
    [[nodiscard]] std::int64_t last_insert_rowid() const;
    [[nodiscard]] std::int64_t changes() const;

  private:
    struct closer {
        void operator()(sqlite3* db) const noexcept;
    };
    struct cache_closer {
        void operator()(statement_cache* c) const noexcept;
    };
    explicit database(sqlite3* db);
    std::unique_ptr<sqlite3, closer> handle_;
    std::unique_ptr<statement_cache, cache_closer> cache_; ///< gone before the handle
};

} // namespace pomona::sqlite

POMONA_ERROR_ENUM(pomona::sqlite::errc);
