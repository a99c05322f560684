// What a run asks of the machine it runs on. The figures were measured with first-fleet.yaml.
#include "pomona/doctor/doctor.hpp"
#include "pomona/foundation/time.hpp"
#include "pomona/stack/key_pool.hpp"

#include <algorithm>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace pomona::doctor {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t own_files = 64; ///< of the process itself
constexpr std::uint64_t mib = 1U << 20U;
constexpr std::uint64_t disk_reserve = 16 * mib;
/// A key takes a tenth of a second to half a second on one core.
constexpr std::uint64_t keys_a_second = 5;
/// Before this version was written: whoever's clock is earlier has not set it.
constexpr auto too_early = std::chrono::sys_days{std::chrono::year{2025} / 1 / 1};

class machine {
  public:
    explicit machine(const machine_plan& plan) : plan_{plan}, macs_{plan.macs} {}

    report examine() {
        clock();
        open_files();
        ports();
        memory();
        disk();
        keys();
        return std::move(out_);
    }

  private:
    void add(std::string id, verdict v, std::string what, std::string where, std::string mend) {
        out_.findings.push_back(
            {std::move(id), v, std::move(what), std::move(where), std::move(mend)});
    }
    [[nodiscard]] std::string fleet() const { return std::to_string(macs_) + " Macs"; }

    void clock() {
        const auto now = std::chrono::system_clock::now();
        if (now < too_early) {
            add("clock-own", verdict::problem, "this machine believes it is " + to_rfc3339(now),
                "clock", "set the clock (timedatectl set-ntp true): no certificate would be valid");
        }
    }

    /// Measured: at most two descriptors a Mac, three with the server in the same process.
    void open_files() {
        rlimit limit{};
        if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
            return;
        }
        const auto ends = plan_.with_server ? std::uint64_t{2} : std::uint64_t{1};
        const auto least = own_files + macs_ * ends;
        const auto peak = own_files + macs_ * (ends + 1);
        const auto hard = limit.rlim_max;
        const auto words = fleet() + " may need " + std::to_string(peak) +
                           " open files, the limit is " + std::to_string(hard);
        const std::string mend = "raise it (ulimit -Hn, or LimitNOFILE= of the service), or run "
                                 "fewer Macs";
        if (hard < least) {
            add("open-files", verdict::problem, words, "ulimit -Hn", mend);
        } else if (hard < peak) {
            add("open-files", verdict::warn, words, "ulimit -Hn", mend);
        } else {
            add("open-files", verdict::ok, words, "ulimit -Hn", {});
        }
    }

    void ports() {
        const fs::path file{"/proc/sys/net/ipv4/ip_local_port_range"};
        std::ifstream in{file};
        std::uint64_t low = 0;
        std::uint64_t high = 0;
        if (!(in >> low >> high) || high < low) {
            return;
        }
        const auto range = high - low + 1;
        const auto words = fleet() + " may need " + std::to_string(2 * macs_) +
                           " local ports, there are " + std::to_string(range);
        const std::string mend = "widen net.ipv4.ip_local_port_range, or run fewer Macs";
        const auto v = range < macs_       ? verdict::problem
                       : range < 2 * macs_ ? verdict::warn
                                           : verdict::ok;
        add("local-ports", v, words, file.string(), v == verdict::ok ? "" : mend);
    }

    /// Measured: a third of a MiB a Mac, half with the server; the whole trace is part of it.
    void memory() {
        std::ifstream in{"/proc/meminfo"};
        std::string word;
        std::uint64_t kib = 0;
        while (in >> word && word != "MemAvailable:") {
        }
        if (!(in >> kib)) {
            return;
        }
        const auto need = 64 + macs_ / (plan_.with_server ? 2 : 3);
        const auto have = kib / 1024;
        const auto words = "about " + std::to_string(need) + " MiB of memory for " + fleet() +
                           ", " + std::to_string(have) + " MiB are available";
        add("memory", need > have ? verdict::warn : verdict::ok, words, "/proc/meminfo",
            need > have ? "end other programs, or run fewer Macs" : "");
    }

    /// Measured: an eighth of a MiB a Mac, a fifth with the server.
    void disk() {
        auto folder = plan_.out.empty() ? fs::path{"."} : plan_.out;
        std::error_code code;
        while (!fs::exists(folder, code) && folder.has_parent_path() &&
               folder.parent_path() != folder) {
            folder = folder.parent_path();
        }
        if (!fs::exists(folder, code)) {
            folder = ".";
        }
        struct statvfs room{};
        if (::statvfs(folder.c_str(), &room) != 0) {
            return;
        }
        const auto have = room.f_bavail * room.f_frsize;
        const auto need = disk_reserve + macs_ * (mib / (plan_.with_server ? 5 : 8));
        const auto words = "about " + std::to_string(need / mib) + " MiB for the run folder, " +
                           std::to_string(have / mib) + " MiB are free";
        add("disk", have < need ? verdict::warn : verdict::ok, words, folder.string(),
            have < need ? "free some room, or name another folder with --out" : "");
        if (::access(folder.c_str(), W_OK) != 0) {
            add("out-folder", verdict::problem, "the run folder cannot be made here",
                folder.string(), "make it writable, or name another folder with --out");
        }
    }

    void keys() {
        const auto& folder = plan_.keys;
        const std::string where = folder.empty() ? "HOME" : folder.string();
        if (folder.empty()) {
            add("key-pool", verdict::problem, "there is no place for the key pool", where,
                "set HOME or XDG_CACHE_HOME");
            return;
        }
        std::error_code code;
        auto nearest = folder;
        while (!fs::exists(nearest, code) && nearest.has_parent_path() &&
               nearest.parent_path() != nearest) {
            nearest = nearest.parent_path();
        }
        if (!fs::is_directory(nearest, code) || ::access(nearest.c_str(), W_OK) != 0) {
            add("key-pool", verdict::problem,
                "the key pool cannot be written: " + nearest.string() +
                    (fs::is_directory(nearest, code) ? " is closed" : " is no folder"),
                where, "make it writable, or name another place with XDG_CACHE_HOME");
            return;
        }
        if (!closed_to_others(folder)) {
            return;
        }
        const auto size = stack::key_pool{folder}.size();
        if (!size) {
            add("key-pool", verdict::problem, size.error().message(), where,
                "remove the damaged file: keys are made anew");
            return;
        }
        const auto missing = macs_ > *size ? macs_ - *size : 0;
        const auto cores =
            static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
        const auto took = missing / (keys_a_second * cores);
        add("key-pool", verdict::ok,
            std::to_string(*size) + " keys are there" +
                (missing == 0 ? ""
                              : ", " + std::to_string(missing) + " will be made first, about " +
                                    std::to_string(took + 1) + " s"),
            where, {});
    }

    /// Design: a key file readable by others is never used.
    bool closed_to_others(const fs::path& folder) {
        std::error_code code;
        for (const auto& entry : fs::directory_iterator{folder, code}) {
            struct stat facts{};
            if (::lstat(entry.path().c_str(), &facts) == 0 && S_ISREG(facts.st_mode) &&
                (facts.st_mode & 077U) != 0) {
                add("key-file-open", verdict::problem, "others may read a file of private keys",
                    entry.path().string(),
                    "remove it, and its keys are made anew; or chmod 600 if nobody was there");
                return false;
            }
        }
        struct stat facts{};
        if (::stat(folder.c_str(), &facts) == 0 && (facts.st_mode & 077U) != 0) {
            add("key-folder-open", verdict::warn, "others may look into the key pool",
                folder.string(), "chmod 700; the next run does so by itself");
        }
        return true;
    }

    machine_plan plan_;
    std::uint64_t macs_;
    report out_;
};

} // namespace

report examine_machine(const machine_plan& plan) {
    return machine{plan}.examine();
}

void raise_open_files() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

} // namespace pomona::doctor
