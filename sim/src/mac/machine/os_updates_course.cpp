// Software updates as time goes on: from step to step, to the restart and to what went wrong.
#include "mac/error_codes.hpp"
#include "mac/machine/os_updates.hpp"

#include <algorithm>
#include <utility>

namespace pomona::sim::mac {
namespace {

using std::chrono::hours;

// Choice: Apple states none of it.
constexpr duration retry_after = hours{1};
/// Schema softwareupdate.enforcement.specific.yaml: not running at the time, enforced an hour after
/// the start.
constexpr duration grace_after_start = hours{1};

} // namespace

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
