#include "writer.hpp"

#include "body_file.hpp"
#include "pomona/trace/run_folder.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace pomona::trace {
namespace {

constexpr std::size_t max_queued_items = 16'384;
constexpr std::size_t max_queued_bytes = 64U << 20U;

/// 0, or errno; `data` keeps what was not written.
int write_all(int fd, std::string_view& data) {
    while (!data.empty()) {
        const auto n = ::write(fd, data.data(), data.size());
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return errno;
        }
        data.remove_prefix(static_cast<std::size_t>(n));
    }
    return 0;
}

int create_file(const std::filesystem::path& path) {
    return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

result<void> make_folder(const std::filesystem::path& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        return fail(errc::cannot_write,
                    path.string() + ": " + std::generic_category().message(errno));
    }
    return {};
}

/// A file size limit is an error of the write, not the end of the process; the thread's mask
/// settles that for its writes.
void block_file_size_signal() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGXFSZ);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

} // namespace

errc code_of_write_error(int error_number) {
    return error_number == ENOSPC || error_number == EDQUOT ? errc::full : errc::cannot_write;
}

result<void> replace_file(const std::filesystem::path& path, std::string_view content) {
    auto temporary = path;
    temporary += ".new";
    ::unlink(temporary.c_str()); // of a run that was cut off here
    const int fd = create_file(temporary);
    int e = fd < 0 ? errno : 0;
    if (fd >= 0) {
        e = write_all(fd, content);
        if (::close(fd) != 0 && e == 0) {
            e = errno;
        }
    }
    if (e == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) {
        e = errno;
    }
    if (e != 0) {
        ::unlink(temporary.c_str());
        return fail(code_of_write_error(e),
                    path.string() + ": " + std::generic_category().message(e));
    }
    return {};
}

/// The open trace file and the way to the bodies.
class writer::files {
  public:
    files(std::filesystem::path folder, int trace) : folder_{std::move(folder)}, trace_{trace} {}
    files(const files&) = delete;
    files& operator=(const files&) = delete;
    ~files() { ::close(trace_); }

    /// Whole lines only: what did not fit is taken back.
    int lines(std::string_view text) {
        auto rest = text;
        const int e = write_all(trace_, rest);
        const auto written = text.substr(0, text.size() - rest.size());
        size_ += static_cast<off_t>(written.rfind('\n') + 1); // npos + 1 is 0
        if (e != 0 && ::ftruncate(trace_, size_) != 0) {
            return e; // a torn last line stays; readers drop it
        }
        return e;
    }

    int body(const std::string& sha256, const bytes& content) {
        const auto path = folder_ / "bodies" / sha256;
        const int fd = create_file(path);
        if (fd < 0) {
            return errno == EEXIST ? 0 : errno;
        }
        auto rest = as_text(content);
        int e = write_all(fd, rest);
        if (::close(fd) != 0 && e == 0) {
            e = errno;
        }
        if (e != 0) {
            ::unlink(path.c_str());
        }
        return e;
    }

  private:
    std::filesystem::path folder_;
    int trace_;
    off_t size_ = 0;
};

result<std::unique_ptr<writer>> writer::create(const std::filesystem::path& given) {
    auto folder = given.lexically_normal();
    if (!folder.has_filename()) {
        folder = folder.parent_path(); // "runs/1/"
    }
    std::error_code code;
    if (folder.has_parent_path()) {
        std::filesystem::create_directories(folder.parent_path(), code);
    }
    if (code) {
        return fail(errc::cannot_write, folder.parent_path().string() + ": " + code.message());
    }
    for (const auto& path : {folder, folder / "bodies"}) {
        if (auto made = make_folder(path); !made) {
            return std::unexpected{std::move(made.error())};
        }
    }
    const auto trace = folder / "trace.ndjson";
    const int fd = create_file(trace);
    if (fd < 0) {
        return fail(errc::cannot_write,
                    errno == EEXIST
                        ? folder.string() + " already holds a run"
                        : trace.string() + ": " + std::generic_category().message(errno));
    }
    auto out = std::make_unique<writer>();
    out->folder_ = folder;
    out->files_ = std::make_unique<files>(folder, fd);
    out->thread_ = std::thread{[w = out.get()] {
        block_file_size_signal();
        w->work();
    }};
    return out;
}

writer::writer() = default;

writer::~writer() {
    static_cast<void>(finish());
}

void writer::line(std::string text) {
    if (files_ && !failed()) {
        push({std::move(text), nullptr});
    }
}

void writer::body(const std::string& sha256, bytes content) {
    if (!seen_.insert(sha256).second) {
        return;
    }
    auto shared = std::make_shared<const bytes>(std::move(content));
    {
        const std::scoped_lock lock{mutex_};
        in_memory_.emplace(sha256, shared);
    }
    if (files_ && !failed()) {
        push({sha256, std::move(shared)});
    }
}

std::optional<bytes> writer::find_body(const std::string& sha256) const {
    {
        const std::scoped_lock lock{mutex_};
        if (const auto found = in_memory_.find(sha256); found != in_memory_.end()) {
            return *found->second;
        }
    }
    return folder_.empty() ? std::nullopt : read_body(folder_, sha256);
}

error writer::failure() const {
    const std::scoped_lock lock{mutex_};
    return error{code_of_write_error(error_number_),
                 failed_at_ + ": " + std::generic_category().message(error_number_),
                 {}};
}

result<void> writer::finish() {
    if (thread_.joinable()) {
        {
            const std::scoped_lock lock{mutex_};
            stopping_ = true;
        }
        has_work_.notify_one();
        thread_.join();
        files_.reset();
    }
    if (failed()) {
        return std::unexpected{failure()};
    }
    return {};
}

void writer::push(item next) {
    const auto size = next.text.size() + (next.content ? next.content->size() : 0);
    std::unique_lock lock{mutex_};
    has_room_.wait(
        lock, [&] { return queue_.size() < max_queued_items && queued_bytes_ < max_queued_bytes; });
    queued_bytes_ += size;
    queue_.push_back(std::move(next));
    const bool was_idle = queue_.size() == 1;
    lock.unlock();
    if (was_idle) {
        has_work_.notify_one();
    }
}

void writer::work() {
    for (;;) {
        std::deque<item> batch;
        {
            std::unique_lock lock{mutex_};
            has_work_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
            if (queue_.empty()) {
                return;
            }
            batch.swap(queue_);
            queued_bytes_ = 0;
        }
        has_room_.notify_all();
        if (!failed()) {
            write(batch);
        }
    }
}

void writer::write(const std::deque<item>& batch) {
    std::string lines;
    std::vector<const std::string*> written;
    int e = 0;
    std::string where = "trace.ndjson";
    for (const auto& next : batch) {
        if (!next.content) {
            lines += next.text;
            lines += '\n';
            continue;
        }
        e = files_->body(next.text, *next.content);
        if (e != 0) {
            where = "bodies/" + next.text;
            break;
        }
        written.push_back(&next.text);
    }
    // After the bodies: a line on disk never names a body that is not there.
    const int at_lines = lines.empty() ? 0 : files_->lines(lines);
    const std::scoped_lock lock{mutex_};
    for (const auto* hash : written) {
        in_memory_.erase(*hash);
    }
    if (e != 0 || at_lines != 0) {
        error_number_ = e != 0 ? e : at_lines;
        failed_at_ = (folder_ / where).string();
        failed_.store(true, std::memory_order_release);
    }
}

} // namespace pomona::trace
