#include "private_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pomona::stack {

namespace {

std::unexpected<error> failed(errc code, const std::string& what,
                              const std::filesystem::path& where) {
    return fail(code, what + " " + where.string() + ": " + std::strerror(errno));
}

class descriptor {
  public:
    explicit descriptor(int value) : value_{value} {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (value_ >= 0) {
            ::close(value_);
        }
    }
    [[nodiscard]] int get() const { return value_; }
    [[nodiscard]] bool good() const { return value_ >= 0; }
    /// False when closing reported a late write error.
    bool close() { return ::close(std::exchange(value_, -1)) == 0; }

  private:
    int value_;
};

bool write_all(int to, bytes_view content) {
    while (!content.empty()) {
        const auto n = ::write(to, content.data(), content.size());
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return false;
        }
        content = content.subspan(static_cast<std::size_t>(n));
    }
    return true;
}

} // namespace

result<void> make_private_folder(const std::filesystem::path& folder) {
    std::error_code code;
    std::filesystem::create_directories(folder.parent_path(), code);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        return failed(errc::cannot_write, "cannot make the folder", folder);
    }
    struct stat found{};
    if (::stat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) {
        return fail(errc::cannot_write, folder.string() + " is not a folder");
    }
    if ((found.st_mode & 077U) != 0 && ::chmod(folder.c_str(), 0700) != 0) {
        return failed(errc::not_private,
                      "others may read, and it cannot be closed to them:", folder);
    }
    return {};
}

result<void> write_private_file(const std::filesystem::path& file, bytes_view content) {
    // mkstemp: mode 0600, and a name that no other process uses.
    auto beside = file.string() + ".XXXXXX";
    descriptor out{::mkstemp(beside.data())};
    if (!out.good()) {
        return failed(errc::cannot_write, "cannot write beside", file);
    }
    const bool written = ::fchmod(out.get(), 0600) == 0 && write_all(out.get(), content) &&
                         ::fsync(out.get()) == 0 && out.close() &&
                         ::rename(beside.c_str(), file.c_str()) == 0;
    if (!written) {
        const auto out_error = failed(errc::cannot_write, "cannot write", file);
        ::unlink(beside.c_str());
        return out_error;
    }
    return {};
}

result<std::optional<bytes>> read_private_file(const std::filesystem::path& file,
                                               std::size_t max_bytes) {
    const descriptor in{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (!in.good()) {
        if (errno == ENOENT) {
            return std::nullopt;
        }
        return failed(errc::damaged, "cannot read", file);
    }
    struct stat found{};
    if (::fstat(in.get(), &found) != 0 || !S_ISREG(found.st_mode) ||
        static_cast<std::size_t>(found.st_size) > max_bytes) {
        return fail(errc::damaged, file.string() + " is no file of ours");
    }
    bytes out(static_cast<std::size_t>(found.st_size));
    std::size_t have = 0;
    while (have < out.size()) {
        const auto n = ::read(in.get(), out.data() + have, out.size() - have);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return failed(errc::damaged, "cannot read", file);
        }
        if (n == 0) {
            break;
        }
        have += static_cast<std::size_t>(n);
    }
    out.resize(have);
    return out;
}

result<folder_lock> folder_lock::take(const std::filesystem::path& folder) {
    const auto file = folder / "lock";
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) {
        return failed(errc::cannot_write, "cannot open", file);
    }
    folder_lock out{descriptor};
    while (::flock(descriptor, LOCK_EX) != 0) {
        if (errno != EINTR) {
            return failed(errc::cannot_write, "cannot lock", file);
        }
    }
    return out;
}

folder_lock::~folder_lock() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

} // namespace pomona::stack
