// Statements of one operation, with the first failure kept: what follows it does nothing, and the
// operation tells it at its end.
#pragma once

#include "pomona/foundation/sqlite.hpp"
#include "pomona/foundation/time.hpp"

#include <optional>
#include <string_view>
#include <utility>

namespace pomona::server::sql {

inline std::int64_t to_column(time_point t) {
    return t.time_since_epoch().count();
}
inline time_point from_column(std::int64_t nanos) {
    return time_point{duration{nanos}};
}

class session {
  public:
    explicit session(sqlite::database& db) : db_{db} {}

    /// Runs a statement that gives no rows; how many rows it changed.
    template <class... Args>
    std::int64_t change(std::string_view text, const Args&... args) {
        auto s = prepare(text, args...);
        if (!s) {
            return 0;
        }
        if (auto done = s->run(); !done) {
            failure_ = std::move(done.error());
            return 0;
        }
        return db_.changes();
    }

    /// Calls `row(statement)` for each row; it may return false to stop.
    template <class Row, class... Args>
    void each(std::string_view text, Row&& row, const Args&... args) {
        auto s = prepare(text, args...);
        while (s) {
            auto more = s->step();
            if (!more) {
                failure_ = std::move(more.error());
            }
            if (!more || !*more || !row(*s)) {
                return;
            }
        }
    }

    /// Is there a row?
    template <class... Args>
    bool exists(std::string_view text, const Args&... args) {
        bool found = false;
        each(
            text,
            [&](sqlite::statement&) {
                found = true;
                return false;
            },
            args...);
        return found;
    }

    /// The operation's own refusal; the transaction's part is undone.
    void refuse(std::error_code code, std::string detail) {
        if (!failure_) {
            failure_ = error{code, std::move(detail), {}};
        }
    }
    [[nodiscard]] bool failed() const { return failure_.has_value(); }

    template <class T>
    result<T> finish(T value) {
        if (failure_) {
            return std::unexpected(std::move(*failure_));
        }
        return value;
    }
    result<void> finish() {
        if (failure_) {
            return std::unexpected(std::move(*failure_));
        }
        return {};
    }

  private:
    template <class... Args>
    std::optional<sqlite::statement> prepare(std::string_view text, const Args&... args) {
        if (failure_) {
            return std::nullopt;
        }
        auto s = db_.prepare(text);
        if (!s) {
            failure_ = std::move(s.error());
            return std::nullopt;
        }
        int index = 0;
        (s->bind(++index, args), ...);
        return std::move(*s);
    }

    sqlite::database& db_;
    std::optional<error> failure_;
};

} // namespace pomona::server::sql
