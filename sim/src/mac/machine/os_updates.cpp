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
constexpr duration retry_after = hours{1};
/// Schema system.update.schedule.yaml, MaxUserDeferrals: the user is asked once a day.
constexpr duration ask_again_after = hours{24};
/// Schema softwareupdate.enforcement.specific.yaml: not running at the time, enforced an hour after
/// the start.
constexpr duration grace_after_start = hours{1};

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

// ---- declarations

const macos_release* os_updates::resolve(std::string_view version) const {
    // Schema softwareupdate.enforcement.specific.yaml: "16.1" is the newest patch of 16.1.
    const bool with_patch = std::ranges::count(version, '.') > 1;
    const macos_release* out = nullptr;
    for (const auto& r : all_macos_releases()) {
        const bool patch_of = !with_patch && r.version.starts_with(version) &&
                              r.version.substr(version.size()).starts_with('.');
        if ((r.version == version || patch_of) && major_of(r.version) <= newest_major_) {
            out = &r;
        }
    }
    return out;
}

const update_enforcement* os_updates::holding() const {
    const update_enforcement* out = nullptr;
    for (const auto& e : enforced_) {
        const auto* target = resolve(e.version);
        const auto wanted = target == nullptr ? std::string_view{e.version} : target->version;
        if (older_version(installed_.version, wanted) && (out == nullptr || e.at < out->at)) {
            out = &e;
        }
    }
    return out;
}

void os_updates::enforce(std::vector<update_enforcement> all, time_point now) {
    if (all != enforced_) {
        enforced_ = std::move(all);
        apply_enforcement(now);
    }
}

void os_updates::apply_enforcement(time_point now) {
    if (job_ && job_->now_in > step::prepared) {
        return; // it installs already; what comes then is seen to afterwards
    }
    const auto* forced = holding();
    if (forced == nullptr) {
        retry_.reset();
        if (job_ && !job_->declaration.empty()) {
            job_.reset(); // Choice: with its declaration goes what it set going
        }
        failure_ = job_ ? failure_ : update_failure{};
        return;
    }
    const auto* target = resolve(forced->version);
    if (target == nullptr) {
        if (job_ && !job_->declaration.empty()) {
            job_.reset();
        }
        return fail("no update to macOS " + forced->version + " was found", now);
    }
    if (!job_ || job_->target != target) {
        start({.target = target, .since = now}, now);
    }
    job_->declaration = forced->declaration;
    job_->action = install_action::install_force_restart;
    job_->max_deferrals = -1;
    if (job_->now_in == step::prepared) {
        wait_for_install(now);
    }
}

std::optional<pending_update> os_updates::pending() const {
    const auto* forced = holding();
    const auto when = forced == nullptr ? std::nullopt : std::optional{forced->at};
    if (job_) {
        return pending_update{.version = std::string{job_->target->version},
                              .build = std::string{job_->target->build},
                              .enforced_at = job_->declaration.empty() ? std::nullopt : when};
    }
    if (const auto* target = forced == nullptr ? nullptr : resolve(forced->version)) {
        return pending_update{.version = std::string{target->version},
                              .build = std::string{target->build},
                              .enforced_at = when};
    }
    return std::nullopt;
}

update_state os_updates::state() const {
    if (!job_) {
        return failure_.count > 0 ? update_state::failed : update_state::none;
    }
    switch (job_->now_in) {
    case step::downloading:
    case step::preparing:
        return update_state::downloading;
    case step::prepared:
    case step::authorising:
        return update_state::prepared;
    case step::installing:
    case step::restarting:
        break;
    }
    return update_state::installing;
}

std::vector<std::string> os_updates::reasons() const {
    if (!pending()) {
        return {};
    }
    return {declaration().empty() ? "mdm" : "declaration"};
}

const std::string& os_updates::declaration() const {
    static const std::string none;
    if (job_) {
        return job_->declaration;
    }
    const auto* forced = holding();
    return forced == nullptr ? none : forced->declaration;
}

// ---- time

std::optional<time_point> os_updates::next_change() const {
    std::optional<time_point> out;
    const auto consider = [&](const std::optional<time_point>& t) {
        if (t && (!out || *t < *out)) {
            out = t;
        }
    };
    consider(scanning_until_);
    consider(retry_);
    consider(job_ ? job_->due : std::nullopt);
    if (!untold_.empty()) {
        consider(time_point::min());
    }
    return out;
}

void os_updates::advance(time_point now, std::vector<happening>& out) {
    std::ranges::move(untold_, std::back_inserter(out));
    untold_.clear();
    while (const auto due = next_change()) {
        if (*due > now) {
            return;
        }
        if (scanning_until_ == due) {
            scanning_until_.reset();
            last_scan_ = *due;
            out.push_back({.name = "os-update-scanned", .about = {}, .down_for = {}});
        } else if (retry_ == due) {
            retry_.reset();
            apply_enforcement(*due);
        } else {
            run_step(*due, out);
        }
        std::ranges::move(untold_, std::back_inserter(out));
        untold_.clear();
    }
}

void os_updates::tell(std::string name, std::vector<happening>& out) const {
    out.push_back({.name = std::move(name),
                   .about = {{"version", std::string{job_->target->version}},
                             {"build", std::string{job_->target->build}}},
                   .down_for = {}});
}

void os_updates::run_step(time_point at, std::vector<happening>& out) {
    switch (job_->now_in) {
    case step::downloading:
        if (fault_ == update_fault::download || fault_ == update_fault::network ||
            fault_ == update_fault::space) {
            return fail("the download failed", at);
        }
        tell("os-update-downloaded", out);
        return enter(step::preparing, at);
    case step::preparing:
        tell("os-update-prepared", out);
        return enter(step::prepared, at);
    case step::prepared:
        return end_waiting(at, out);
    case step::authorising:
        return;
    case step::installing:
        if (fault_ == update_fault::install) {
            return fail("the installation failed", at);
        }
        enter(step::restarting, at);
        tell("os-update-restarting", out);
        out.back().down_for = length_of(step::restarting, *job_);
        out.back().authenticated = true;
        return;
    case step::restarting:
        return finish(at, out);
    }
}

void os_updates::end_waiting(time_point at, std::vector<happening>& out) {
    if (job_->action == install_action::install_later && job_->deferrals_left > 0) {
        // Choice: the user of a virtual Mac puts it off as often as it may be.
        --job_->deferrals_left;
        job_->notified.push_back(at);
        job_->due = at + step_.value_or(ask_again_after);
        return tell("os-update-deferred", out);
    }
    if (fault_ == update_fault::power) {
        return fail("there is not enough power", at);
    }
    tell("os-update-installing", out);
    enter(apple_silicon_ ? step::authorising : step::installing, at);
}

bool os_updates::wants_authorisation() const {
    return job_ && job_->now_in == step::authorising;
}

void os_updates::authorise(bool granted, time_point now) {
    if (!wants_authorisation()) {
        return;
    }
    if (granted) {
        enter(step::installing, now);
    } else {
        fail("neither the bootstrap token nor a user authorised it", now);
    }
}

void os_updates::finish(time_point at, std::vector<happening>& out) {
    installed_ = {.version = std::string{job_->target->version},
                  .build = std::string{job_->target->build}};
    tell("os-updated", out);
    job_.reset();
    failure_ = {};
    last_scan_ = at;
    apply_enforcement(at); // another declaration may ask for more
}

void os_updates::fail(std::string why, time_point at) {
    ++failure_.count;
    failure_.reason = why;
    failure_.at = at;
    job_.reset();
    if (holding() != nullptr) {
        retry_ = at + step_.value_or(retry_after); // Choice: Apple states no schedule
    }
    untold_.push_back(
        {.name = "os-update-failed", .about = {{"reason", std::move(why)}}, .down_for = {}});
}

void os_updates::started(time_point now) {
    if (!job_) {
        return;
    }
    if (job_->now_in == step::downloading || job_->now_in == step::preparing) {
        enter(job_->now_in, now); // what was interrupted begins again
    } else if (job_->now_in == step::prepared && !job_->declaration.empty() && job_->due &&
               *job_->due <= now) {
        job_->due = now + step_.value_or(grace_after_start);
    }
}

} // namespace pomona::sim::mac
