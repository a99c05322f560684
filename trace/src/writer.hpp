// The thread that writes a run folder: takes lines and bodies in order, bounded, and remembers the
// first error.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/error.hpp"
#include "pomona/trace/run_folder.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>

namespace pomona::trace {

/// What an errno of a write means for the run: full (no space, quota), else cannot_write.
errc code_of_write_error(int error_number);

/// The whole file at once: a reader sees the old content or the new (mode 0600).
result<void> replace_file(const std::filesystem::path& path, std::string_view content);

/// Keeps in memory what is not (or not yet) on disk, so that bodies can always be read. The world's
/// thread calls it; the thread of its own touches nothing but the queue and files.
class writer {
  public:
    /// In memory only.
    writer();
    /// Makes the folder (0700), bodies/ and an empty trace.ndjson (0600); refuses a folder with a
    /// trace.
    static result<std::unique_ptr<writer>> create(const std::filesystem::path& folder);
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;
    ~writer();

    /// Waits while the queue is full.
    void line(std::string text);
    /// Once per hash; later calls with the same are free.
    void body(const std::string& sha256, bytes content);
    [[nodiscard]] std::optional<bytes> find_body(const std::string& sha256) const;

    /// True once writing has failed; from any thread.
    [[nodiscard]] bool failed() const { return failed_.load(std::memory_order_acquire); }
    /// The first failure; only after `failed`.
    [[nodiscard]] error failure() const;
    /// Writes what is pending and closes. Again: no effect.
    result<void> finish();

  private:
    struct item {
        std::string text;                     ///< a line, or a body's hash
        std::shared_ptr<const bytes> content; ///< null: a line
    };
    class files;

    void push(item next);
    void work();
    void write(const std::deque<item>& batch);

    std::filesystem::path folder_;
    std::unique_ptr<files> files_; // the writing thread's, while it lives
    mutable std::mutex mutex_;
    std::condition_variable has_work_;
    std::condition_variable has_room_;
    std::deque<item> queue_;
    std::size_t queued_bytes_ = 0;
    bool stopping_ = false;
    std::unordered_map<std::string, std::shared_ptr<const bytes>> in_memory_;
    std::unordered_set<std::string> seen_; // the world's thread only
    std::atomic<bool> failed_ = false;
    int error_number_ = 0;
    std::string failed_at_;
    std::thread thread_;
};

} // namespace pomona::trace
