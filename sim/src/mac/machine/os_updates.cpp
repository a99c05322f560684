#include "mac/machine/os_updates.hpp"

#include "mac/error_codes.hpp"

#include <algorithm>
#include <utility>

namespace pomona::sim::mac {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Choice: how long things take on a Mac with a disk and a network as they are usual. Apple states
// none of it.
constexpr std::int64_t download_bytes_per_second = 12'500'000; // 100 Mbit/s
constexpr duration prepare_time = minutes{8};
constexpr duration prepare_time_high = minutes{4}; ///< Priority High
constexpr duration install_time = minutes{1};      ///< while the Mac still runs
constexpr duration restart_time_minor = minutes{8};
constexpr duration restart_time_major = minutes{25};
constexpr duration countdown = seconds{60}; ///< InstallASAP: the notice before the restart
constexpr duration scan_time = seconds{30};
constexpr duration scan_delay = minutes{2}; ///< without Force: "at a system-determined time"

} // namespace

os_updates::os_updates(installed_os now, bool apple_silicon, int newest_major)
    : installed_{std::move(now)}, apple_silicon_{apple_silicon}, newest_major_{newest_major} {}

const macos_release* os_updates::release() const {
    return find_macos_release(installed_.version);
}

const macos_release* os_updates::newest_of(int major) const {
    const macos_release* out = nullptr;
    for (const auto& r : all_macos_releases()) {
        if (major_of(r.version) == major && older_version(installed_.version, r.version)) {
            out = &r; // in the order of versions
        }
    }
    return out;
}

std::vector<const macos_release*> os_updates::available() const {
    std::vector<const macos_release*> out;
    for (const int m : {13, 14, 15, 26}) {
        const auto* r = m >= major() && m <= newest_major_ ? newest_of(m) : nullptr;
        if (r != nullptr && (!job_ || job_->declaration.empty() || job_->target != r)) {
            out.push_back(r);
        }
    }
    return out;
}

bool os_updates::scan(bool force, time_point now) {
    if (fault_ == update_fault::scan) {
        return false;
    }
    scanning_until_ =
        now + (force ? duration{} : step_.value_or(scan_delay)) + step_.value_or(scan_time);
    return true;
}

/// Observed in the logs of Macs: the build, the version and whether the major version changes.
std::string os_updates::product_key_of(const macos_release& r, int from_major) {
    std::string out = "MSU_UPDATE_";
    out.append(r.build).append("_patch_").append(r.version);
    return out + (major_of(r.version) == from_major ? "_minor" : "_major");
}

const macos_release* os_updates::find_target(const update_request& what) const {
    for (const auto& r : all_macos_releases()) {
        if (major_of(r.version) <= newest_major_ && older_version(installed_.version, r.version) &&
            (what.product_key.empty() ? r.version == what.product_version
                                      : product_key_of(r, major()) == what.product_key)) {
            return &r;
        }
    }
    return nullptr;
}

std::optional<update_answer> os_updates::obstacle(const update_request& what) const {
    update_answer out{.product_key =
                          what.product_key.empty() ? what.product_version : what.product_key,
                      .action = "Error",
                      .status = "Idle"};
    const auto because = [&](std::int64_t number, std::string_view status, std::string why) {
        out.error = number;
        out.status = status;
        out.problem = std::move(why);
        return out;
    };
    if (find_target(what) == nullptr) {
        return because(code::no_update_available, "Idle", "There is no such update for this Mac.");
    }
    // Schema system.update.schedule.yaml: the configuration takes precedence; an error that
    // informs. Choice: the code; Apple states none.
    if (holding() != nullptr) {
        return because(code::no_update_available, "Idle",
                       "A declaration manages the software update.");
    }
    switch (fault_) {
    case update_fault::network:
        return because(code::update_download_failed, "DownloadInsufficientNetwork",
                       "The network does not do for the download.");
    case update_fault::space:
        return because(code::update_download_failed, "DownloadInsufficientSpace",
                       "There is not enough space for the download.");
    case update_fault::power:
        return because(code::update_download_failed, "DownloadInsufficientPower",
                       "There is not enough power for the download.");
    case update_fault::download:
        if (failure_.count > 0) {
            return because(code::update_download_failed, "DownloadFailed", "The download failed.");
        }
        break;
    case update_fault::install:
        if (failure_.count > 0) {
            return because(code::update_install_failed, "InstallFailed",
                           "The installation failed.");
        }
        break;
    default:
        break;
    }
    return std::nullopt;
}

duration os_updates::length_of(step s, const job& j) const {
    if (step_) {
        return *step_;
    }
    switch (s) {
    case step::downloading:
        return seconds{j.target->download_bytes / download_bytes_per_second + 1};
    case step::preparing:
        return j.high_priority ? prepare_time_high : prepare_time;
    case step::installing:
        return install_time;
    case step::restarting:
        return major_of(j.target->version) == major() ? restart_time_minor : restart_time_major;
    case step::prepared:
    case step::authorising:
        break;
    }
    return {};
}

void os_updates::enter(step s, time_point at) {
    job_->now_in = s;
    job_->since = at;
    job_->due = at + length_of(s, *job_);
    if (s == step::prepared) {
        wait_for_install(at);
    } else if (s == step::authorising) {
        job_->due.reset(); // until `authorise`
    }
}

void os_updates::start(job j, time_point now) {
    job_ = std::move(j);
    retry_.reset();
    failure_ = {};
    enter(step::downloading, now);
}

/// What is downloaded and prepared waits for its time.
void os_updates::wait_for_install(time_point at) {
    job_->due.reset();
    if (!job_->declaration.empty()) {
        const auto* forced = holding();
        job_->due = forced != nullptr ? std::max(at, forced->at) : at;
        return;
    }
    switch (job_->action) {
    case install_action::usual:
    case install_action::download_only:
        break;
    case install_action::notify_only:
        job_->notified.push_back(at);
        break;
    case install_action::install_later:
        job_->notified.push_back(at);
        job_->due = at + step_.value_or(ask_again_after);
        break;
    case install_action::install_asap:
        job_->due = at + step_.value_or(countdown);
        break;
    case install_action::install_force_restart:
        job_->due = at;
        break;
    }
}

/// For what is under way already.
void os_updates::change_job(const update_request& what, time_point now) {
    auto& j = *job_;
    if (j.now_in > step::prepared) {
        return; // too late for another wish
    }
    const bool ready = j.now_in == step::prepared;
    if (what.action != install_action::usual) {
        j.action = what.action;
    } else if (ready) {
        j.action = install_action::install_asap; // Default: download, and then install
    }
    const bool minor = major_of(j.target->version) == major();
    const bool counts = j.action == install_action::install_later && minor && what.max_deferrals;
    j.max_deferrals = counts ? *what.max_deferrals : -1;
    j.deferrals_left = counts ? *what.max_deferrals : 0;
    j.high_priority = what.high_priority && minor;
    if (ready) {
        wait_for_install(now);
    }
}

update_answer os_updates::schedule(const update_request& what, time_point now) {
    if (auto refused = obstacle(what)) {
        return *std::move(refused);
    }
    const auto* target = find_target(what);
    if (!job_ || (job_->target != target && job_->now_in <= step::prepared)) {
        // Default downloads what is not downloaded yet.
        start({.target = target, .action = install_action::download_only, .since = now}, now);
    }
    change_job(what, now);
    return {.product_key = product_key_of(*job_->target, major()),
            .action = std::string{to_text(job_->action)},
            .status = job_->now_in <= step::preparing  ? "Downloading"
                      : job_->now_in == step::prepared ? "Idle"
                                                       : "Installing"};
}

std::vector<update_progress> os_updates::progress(time_point now) const {
    if (!job_ || !job_->declaration.empty()) {
        return {};
    }
    const auto& j = *job_;
    update_progress p{.product_key = product_key_of(*j.target, major())};
    p.downloaded = j.now_in != step::downloading;
    const auto whole = length_of(step::downloading, j);
    p.complete = p.downloaded || whole <= duration{}
                     ? 1.0
                     : std::clamp(static_cast<double>((now - j.since).count()) /
                                      static_cast<double>(whole.count()),
                                  0.0, 1.0);
    p.status = j.now_in <= step::preparing  ? "Downloading"
               : j.now_in == step::prepared ? "Idle"
                                            : "Installing";
    if (j.max_deferrals >= 0) {
        p.max_deferrals = j.max_deferrals;
        p.deferrals_left = j.deferrals_left;
    }
    if (j.now_in == step::prepared) {
        p.next_install = j.due;
    }
    p.notified = j.notified;
    return {p};
}

} // namespace pomona::sim::mac
