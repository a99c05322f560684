#include "store/group_commit.hpp"

#include <vector>

namespace pomona::server {

struct commit_batch {
    explicit commit_batch(net::world& w) : done{w} {}
    std::vector<std::move_only_function<result<void>(sqlite::database&)>> jobs;
    std::vector<std::optional<error>> failures; ///< of each job, once it has run
    std::optional<error> commit_failure;        ///< the transaction's own: nothing was stored
    bool finished = false;
    net::signal done;
};

namespace {

/// For what every operation says: the text is prepared once.
result<void> prepared(sqlite::database& db, std::string_view text) {
    auto s = db.prepare(text);
    return s ? s->run() : std::unexpected(std::move(s.error()));
}

result<void> run_job(sqlite::database& db,
                     std::move_only_function<result<void>(sqlite::database&)>& job) {
    if (auto begun = prepared(db, "SAVEPOINT job"); !begun) {
        return begun;
    }
    auto done = job(db);
    if (done) {
        return prepared(db, "RELEASE job");
    }
    // The first error is the one to tell; one of the undoing shows at the commit.
    static_cast<void>(db.execute("ROLLBACK TO job; RELEASE job"));
    return done;
}

void run_batch(sqlite::database& db, commit_batch& batch) {
    batch.failures.resize(batch.jobs.size());
    if (auto begun = db.execute("BEGIN IMMEDIATE"); !begun) {
        batch.commit_failure = std::move(begun.error());
        return;
    }
    for (std::size_t i = 0; i < batch.jobs.size(); ++i) {
        if (auto done = run_job(db, batch.jobs[i]); !done) {
            batch.failures[i] = std::move(done.error());
        }
    }
    if (auto committed = db.execute("COMMIT"); !committed) {
        batch.commit_failure = std::move(committed.error());
        static_cast<void>(db.execute("ROLLBACK"));
    }
}

} // namespace

group_commit::group_commit(net::world& w, sqlite::database db)
    : world_{w}, db_{std::make_shared<sqlite::database>(std::move(db))}, writer_{w} {}

group_commit::~group_commit() = default;

net::task<result<void>> group_commit::submit(job_function job) {
    if (closed_) {
        co_return fail(sqlite::errc::misuse, "the store is closed");
    }
    if (!next_) {
        next_ = std::make_shared<commit_batch>(world_);
    }
    const auto batch = next_;
    const auto place = batch->jobs.size();
    batch->jobs.push_back(std::move(job));
    ++operations_;
    if (!writing_) {
        writing_ = true;
        writer_.spawn("store writer", write_all());
    }
    while (!batch->finished) {
        co_await batch->done.wait_until(net::never);
    }
    if (batch->commit_failure) {
        co_return std::unexpected(*batch->commit_failure);
    }
    if (batch->failures[place]) {
        co_return std::unexpected(*batch->failures[place]);
    }
    co_return result<void>{};
}

net::task<void> group_commit::write_all() {
    while (next_) {
        const auto batch = std::exchange(next_, nullptr);
        const auto db = db_;
        // Choice: a commit to disk costs 0.2 to 2 ms in the virtual world, drawn from the seed, so
        // that requests overlap there as they do with a real disk.
        const auto cost = std::chrono::microseconds{200 + world_.random_below(1801)};
        std::function<void()> work = [db, batch] { run_batch(*db, *batch); };
        co_await world_.offload(std::move(work), cost);
        ++transactions_;
        batch->finished = true;
        batch->done.notify_all();
    }
    writing_ = false;
}

net::task<void> group_commit::close() {
    closed_ = true;
    co_await writer_.all_done(net::never);
}

} // namespace pomona::server
