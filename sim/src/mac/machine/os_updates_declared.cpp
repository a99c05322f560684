// Software updates: what declarations enforce, and what their status items tell.
#include "mac/machine/os_updates.hpp"

#include <algorithm>
#include <utility>

namespace pomona::sim::mac {

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

} // namespace pomona::sim::mac
