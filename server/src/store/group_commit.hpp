// One writer for a database: what is asked for while a commit runs goes into the next transaction.
#pragma once

#include "pomona/foundation/sqlite.hpp"
#include "pomona/net/world.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace pomona::server {

struct commit_batch;

/// Runs work on the database in the order it was asked for, each piece in a savepoint of its own,
/// many in one transaction. On the world's thread; the work itself runs where `world::offload` puts
/// it, one batch at a time.
class group_commit {
  public:
    group_commit(net::world& w, sqlite::database db);
    ~group_commit();
    group_commit(const group_commit&) = delete;
    group_commit& operator=(const group_commit&) = delete;

    /// Comes back once the transaction is durable. An error of `work` undoes that work only; an
    /// error of the commit fails everything in it.
    template <class T>
    net::task<result<T>> run(std::move_only_function<result<T>(sqlite::database&)> work) {
        auto outcome = std::make_shared<std::optional<result<T>>>();
        auto job = [outcome, w = std::move(work)](sqlite::database& db) mutable -> result<void> {
            outcome->emplace(w(db));
            if (!**outcome) {
                return std::unexpected((*outcome)->error());
            }
            return {};
        };
        auto committed = co_await submit(std::move(job));
        if (!committed) {
            co_return std::unexpected(std::move(committed.error()));
        }
        co_return std::move(**outcome);
    }

    /// Refuses new work and waits until what was asked for is done.
    net::task<void> close();

    [[nodiscard]] std::uint64_t transactions() const { return transactions_; }
    [[nodiscard]] std::uint64_t operations() const { return operations_; }

  private:
    using job_function = std::move_only_function<result<void>(sqlite::database&)>;
    net::task<result<void>> submit(job_function job);
    net::task<void> write_all();

    net::world& world_;
    std::shared_ptr<sqlite::database> db_; // the pool's thread may still be at work when we go
    std::shared_ptr<commit_batch> next_;
    net::task_group writer_;
    bool writing_ = false;
    bool closed_ = false;
    std::uint64_t transactions_ = 0;
    std::uint64_t operations_ = 0;
};

} // namespace pomona::server
