// The texts and the saved form of a Mac's software updates.
#include "mac/machine/os_updates.hpp"
#include "mac/machine/saved.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pomona::sim::mac {
namespace {

constexpr std::array actions{
    std::pair{install_action::usual, std::string_view{"Default"}},
    std::pair{install_action::download_only, std::string_view{"DownloadOnly"}},
    std::pair{install_action::install_asap, std::string_view{"InstallASAP"}},
    std::pair{install_action::notify_only, std::string_view{"NotifyOnly"}},
    std::pair{install_action::install_later, std::string_view{"InstallLater"}},
    std::pair{install_action::install_force_restart, std::string_view{"InstallForceRestart"}}};

constexpr std::array faults{std::pair{update_fault::none, std::string_view{"none"}},
                            std::pair{update_fault::scan, std::string_view{"scan"}},
                            std::pair{update_fault::download, std::string_view{"download"}},
                            std::pair{update_fault::network, std::string_view{"network"}},
                            std::pair{update_fault::space, std::string_view{"space"}},
                            std::pair{update_fault::power, std::string_view{"power"}},
                            std::pair{update_fault::install, std::string_view{"install"}}};

constexpr std::array states{std::pair{update_state::none, std::string_view{"none"}},
                            std::pair{update_state::waiting, std::string_view{"waiting"}},
                            std::pair{update_state::downloading, std::string_view{"downloading"}},
                            std::pair{update_state::prepared, std::string_view{"prepared"}},
                            std::pair{update_state::installing, std::string_view{"installing"}},
                            std::pair{update_state::failed, std::string_view{"failed"}}};

template <class Table, class Value>
std::string_view text_in(const Table& table, Value v) {
    const auto found = std::ranges::find(table, v, [](const auto& p) { return p.first; });
    return found == table.end() ? std::string_view{} : found->second;
}

template <class Table>
auto value_in(const Table& table, std::string_view text) {
    const auto found = std::ranges::find(table, text, [](const auto& p) { return p.second; });
    return found == table.end() ? std::nullopt : std::optional{found->first};
}

plist::array save_times(const std::vector<time_point>& all) {
    plist::array out;
    for (const auto t : all) {
        out.emplace_back(to_rfc3339_nanos(t));
    }
    return out;
}

std::vector<time_point> load_times(const plist::dict& d, std::string_view key) {
    std::vector<time_point> out;
    if (const auto* all = d.list(key)) {
        for (const auto& v : *all) {
            const auto* text = v.get<std::string>();
            if (const auto t = text ? from_rfc3339(*text) : std::nullopt) {
                out.push_back(*t);
            }
        }
    }
    return out;
}

plist::dict save_enforcement(const update_enforcement& e) {
    plist::dict d{{"Declaration", e.declaration}, {"Version", e.version}, {"Build", e.build}};
    saved::put(d, "At", e.at);
    return d;
}

} // namespace

std::string_view to_text(install_action a) {
    return text_in(actions, a);
}
std::optional<install_action> find_install_action(std::string_view text) {
    return value_in(actions, text);
}
std::string_view to_text(update_fault f) {
    return text_in(faults, f);
}
std::optional<update_fault> find_update_fault(std::string_view text) {
    return value_in(faults, text);
}
std::string_view to_text(update_state s) {
    return text_in(states, s);
}

plist::dict os_updates::save() const {
    plist::dict d{{"Version", installed_.version},  {"Build", installed_.build},
                  {"AppleSilicon", apple_silicon_}, {"NewestMajor", newest_major_},
                  {"NoneIsError", none_is_error_},  {"Fault", to_text(fault_)}};
    saved::put(d, "ScanningUntil", scanning_until_);
    saved::put(d, "LastScan", last_scan_);
    saved::put(d, "Retry", retry_);
    saved::put(d, "Step", step_);
    if (failure_.count > 0) {
        plist::dict f{{"Count", failure_.count}, {"Reason", failure_.reason}};
        saved::put(f, "At", failure_.at);
        d.set("Failure", std::move(f));
    }
    if (!enforced_.empty()) {
        plist::array all;
        for (const auto& e : enforced_) {
            all.emplace_back(save_enforcement(e));
        }
        d.set("Enforced", std::move(all));
    }
    if (job_) {
        plist::dict j{
            {"Target", job_->target->version},        {"Action", to_text(job_->action)},
            {"HighPriority", job_->high_priority},    {"Declaration", job_->declaration},
            {"Step", static_cast<int>(job_->now_in)}, {"MaxDeferrals", job_->max_deferrals},
            {"DeferralsLeft", job_->deferrals_left},  {"Notified", save_times(job_->notified)}};
        saved::put(j, "Since", job_->since);
        saved::put(j, "Due", job_->due);
        d.set("Job", std::move(j));
    }
    return d;
}

result<os_updates> os_updates::load(const plist::dict& d) {
    os_updates out;
    out.installed_ = {.version = saved::text(d, "Version"), .build = saved::text(d, "Build")};
    out.apple_silicon_ = saved::flag(d, "AppleSilicon", true);
    out.newest_major_ = static_cast<int>(saved::number(d, "NewestMajor", out.newest_major_));
    out.none_is_error_ = saved::flag(d, "NoneIsError", false);
    out.fault_ = find_update_fault(saved::text(d, "Fault")).value_or(update_fault::none);
    out.scanning_until_ = saved::time(d, "ScanningUntil");
    out.last_scan_ = saved::time(d, "LastScan");
    out.retry_ = saved::time(d, "Retry");
    out.step_ = saved::length(d, "Step");
    if (const auto* f = d.dictionary("Failure")) {
        out.failure_ = {.count = saved::number(*f, "Count"),
                        .reason = saved::text(*f, "Reason"),
                        .at = saved::time(*f, "At").value_or(time_point{})};
    }
    if (const auto* all = d.list("Enforced")) {
        for (const auto& v : *all) {
            if (const auto* e = v.get<plist::dict>()) {
                out.enforced_.push_back({.declaration = saved::text(*e, "Declaration"),
                                         .version = saved::text(*e, "Version"),
                                         .build = saved::text(*e, "Build"),
                                         .at = saved::time(*e, "At").value_or(time_point{})});
            }
        }
    }
    if (const auto* j = d.dictionary("Job")) {
        const auto* target = find_macos_release(saved::text(*j, "Target"));
        const auto action = find_install_action(saved::text(*j, "Action"));
        const auto number = saved::number(*j, "Step", -1);
        if (target == nullptr || !action || number < 0 ||
            number > static_cast<int>(step::restarting)) {
            return saved::unusable("the software update under way");
        }
        out.job_ = {.target = target,
                    .action = *action,
                    .high_priority = saved::flag(*j, "HighPriority", false),
                    .declaration = saved::text(*j, "Declaration"),
                    .now_in = static_cast<step>(number),
                    .since = saved::time(*j, "Since").value_or(time_point{}),
                    .due = saved::time(*j, "Due"),
                    .max_deferrals = saved::number(*j, "MaxDeferrals", -1),
                    .deferrals_left = saved::number(*j, "DeferralsLeft"),
                    .notified = load_times(*j, "Notified")};
    }
    return out;
}

} // namespace pomona::sim::mac
