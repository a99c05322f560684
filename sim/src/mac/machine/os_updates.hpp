// The updates of macOS on one Mac: what is offered, what is downloading, when it installs, and what
// is installed now. Driven by commands (ScheduleOSUpdate and its like) and by declarations
// (softwareupdate.enforcement.specific). Knows no plist of a command and no declaration's text.
#pragma once

#include "mac/machine/happening.hpp"
#include "mac/machine/os_catalogue.hpp"
#include "pomona/foundation/error.hpp"
#include "pomona/protocol/plist/value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim::mac {

/// What a Mac reports as its system.
struct installed_os {
    std::string version; ///< "15.1"
    std::string build;   ///< "24B83"
    bool operator==(const installed_os&) const = default;
};

/// Schema system.update.schedule.yaml, InstallAction.
enum class install_action {
    usual, ///< "Default"
    download_only,
    install_asap,
    notify_only,
    install_later,
    install_force_restart
};
std::string_view to_text(install_action a);
std::optional<install_action> find_install_action(std::string_view text);

/// What goes wrong with updates of this Mac, for tests of a server.
enum class update_fault { none, scan, download, network, space, power, install };
std::string_view to_text(update_fault f);
std::optional<update_fault> find_update_fault(std::string_view text);

/// Status item softwareupdate.install-state.
enum class update_state { none, waiting, downloading, prepared, installing, failed };
std::string_view to_text(update_state s);

/// An update that a declaration forces (softwareupdate.enforcement.specific).
struct update_enforcement {
    std::string declaration; ///< its Identifier
    std::string version;     ///< TargetOSVersion
    std::string build;       ///< TargetBuildVersion; empty: any. The version wins on conflict.
    time_point at;           ///< TargetLocalDateTime as world time
    bool operator==(const update_enforcement&) const = default;
};

/// One entry of ScheduleOSUpdate's Updates.
struct update_request {
    std::string product_key = {};     ///< empty: `product_version` says which
    std::string product_version = {}; ///< empty: `product_key` says which
    install_action action = install_action::usual;
    std::optional<std::int64_t> max_deferrals = {};
    bool high_priority = false;
};
/// Its answer: one entry of UpdateResults.
struct update_answer {
    std::string product_key;
    std::string action; ///< what was scheduled, or "Error"
    std::string status; ///< of the schema's 12: "Downloading", "Idle", …
    std::int64_t error = 0;
    std::string problem = {}; ///< with `error`
};

/// One entry of OSUpdateStatus.
struct update_progress {
    std::string product_key;
    bool downloaded = false;
    double complete = 0;     ///< 0 to 1
    std::string status = {}; ///< "Idle", "Downloading", "Installing"
    std::optional<std::int64_t> max_deferrals = {}, deferrals_left = {};
    std::optional<time_point> next_install = {};
    std::vector<time_point> notified = {};
};

/// softwareupdate.pending-version.
struct pending_update {
    std::string version, build;
    std::optional<time_point> enforced_at; ///< only while it is enforced
};
/// softwareupdate.failure-reason.
struct update_failure {
    std::int64_t count = 0;
    std::string reason;
    time_point at;
};

/// Sans-I/O: `now` is an argument, and never goes back. At most one update is under way.
class os_updates {
  public:
    os_updates() = default;
    /// `newest_major`: the last that the model can have.
    os_updates(installed_os now, bool apple_silicon, int newest_major);

    [[nodiscard]] const installed_os& installed() const { return installed_; }
    /// The release that is installed; null when the catalogue does not know it.
    [[nodiscard]] const macos_release* release() const;

    // For commands.
    /// The newest of this major version and of each later one, as far as they are not managed by a
    /// declaration. Choice: no scan has to come first; a Mac looks by itself every day and after an
    /// installation, and what is offered does not change meanwhile.
    [[nodiscard]] std::vector<const macos_release*> available() const;
    /// ScheduleOSUpdateScan. False: it could not be started (fault `scan`).
    bool scan(bool force, time_point now);
    [[nodiscard]] std::optional<time_point> last_scan() const { return last_scan_; }
    update_answer schedule(const update_request& what, time_point now);
    /// What is under way by command or by the user; what a declaration manages is left out.
    [[nodiscard]] std::vector<update_progress> progress(time_point now) const;
    [[nodiscard]] static std::string product_key_of(const macos_release& r, int from_major);
    [[nodiscard]] int major() const { return major_of(installed_.version); }

    // For declarations.
    /// The whole set of what active declarations force, each time it may have changed. Of several
    /// the one with the earliest time holds that asks for more than is installed.
    void enforce(std::vector<update_enforcement> all, time_point now);
    [[nodiscard]] std::optional<pending_update> pending() const;
    [[nodiscard]] update_state state() const;
    /// "mdm", "declaration", "install-tonight"; empty: nothing is pending.
    [[nodiscard]] std::vector<std::string> reasons() const;
    /// The declaration that causes what is pending; empty: none does.
    [[nodiscard]] const std::string& declaration() const;
    [[nodiscard]] const update_failure& failure() const { return failure_; }

    // For scenarios.
    void set_fault(update_fault f) { fault_ = f; }
    [[nodiscard]] update_fault fault() const { return fault_; }
    /// Observed (F30): devices of the iOS family answer with an error when nothing is available.
    void set_none_is_error(bool on) { none_is_error_ = on; }
    [[nodiscard]] bool none_is_error() const { return none_is_error_; }
    /// How long each step takes; nullopt: as long as it does with a usual network and disk.
    void set_step(std::optional<duration> each) { step_ = each; }

    // For the driver.
    [[nodiscard]] std::optional<time_point> next_change() const;
    void advance(time_point now, std::vector<happening>& out);
    /// Whether it waits to be told by `authorise`: Apple silicon installs only with the bootstrap
    /// token (SecurityInfo: BootstrapTokenRequiredForSoftwareUpdate) or a user's password.
    [[nodiscard]] bool wants_authorisation() const;
    void authorise(bool granted, time_point now);
    /// The Mac has started again after it was off.
    void started(time_point now);

    [[nodiscard]] plist::dict save() const;
    static result<os_updates> load(const plist::dict& saved);

  private:
    /// Schema system.update.schedule.yaml, MaxUserDeferrals: the user is asked once a day.
    static constexpr duration ask_again_after = std::chrono::hours{24};

    enum class step { downloading, preparing, prepared, authorising, installing, restarting };
    struct job {
        const macos_release* target = nullptr;
        install_action action = install_action::usual;
        bool high_priority = false;
        std::string declaration = {}; ///< empty: by command
        step now_in = step::downloading;
        time_point since;
        std::optional<time_point> due = {}; ///< end of the step; prepared: of the waiting
        std::int64_t max_deferrals = -1;    ///< below 0: without
        std::int64_t deferrals_left = 0;
        std::vector<time_point> notified = {};
    };

    [[nodiscard]] const macos_release* newest_of(int major) const;
    [[nodiscard]] const macos_release* resolve(std::string_view version) const;
    [[nodiscard]] duration length_of(step s, const job& j) const;
    void enter(step s, time_point at);
    void start(job j, time_point now);
    void wait_for_install(time_point at);
    void run_step(time_point at, std::vector<happening>& out);
    void end_waiting(time_point at, std::vector<happening>& out);
    void finish(time_point at, std::vector<happening>& out);
    void fail(std::string why, time_point at);
    void tell(std::string name, std::vector<happening>& out) const;
    [[nodiscard]] const update_enforcement* holding() const;
    void apply_enforcement(time_point now);
    [[nodiscard]] const macos_release* find_target(const update_request& what) const;
    [[nodiscard]] std::optional<update_answer> obstacle(const update_request& what) const;
    void change_job(const update_request& what, time_point now);

    installed_os installed_;
    bool apple_silicon_ = true;
    int newest_major_ = 26;
    std::optional<time_point> scanning_until_;
    std::optional<time_point> last_scan_;
    std::optional<job> job_;
    std::vector<update_enforcement> enforced_;
    update_failure failure_;
    std::optional<time_point> retry_; ///< of an enforcement that failed
    std::vector<happening> untold_;   ///< what came of a call that returns no happenings
    update_fault fault_ = update_fault::none;
    bool none_is_error_ = false;
    std::optional<duration> step_;
};

} // namespace pomona::sim::mac
