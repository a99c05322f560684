#include "mac/machine/applications.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pomona::sim::mac {
namespace {

using std::chrono::seconds;

// Choice: how long things take with a usual network and disk.
constexpr std::int64_t download_bytes_per_second = 12'500'000;
constexpr duration queue_time = seconds{3};
constexpr duration install_time = seconds{10};

/// As far as a failed download gets before it is given up.
constexpr duration failing_time = seconds{20};

constexpr std::array status_texts{
    std::pair{app_status::queued, std::string_view{"Queued"}},
    std::pair{app_status::installing, std::string_view{"Installing"}},
    std::pair{app_status::updating, std::string_view{"Updating"}},
    std::pair{app_status::managed, std::string_view{"Managed"}},
    std::pair{app_status::managed_but_uninstalled, std::string_view{"ManagedButUninstalled"}},
    std::pair{app_status::user_rejected, std::string_view{"UserRejected"}},
    std::pair{app_status::failed, std::string_view{"Failed"}}};

trace::fields about(const app& a) {
    return {{"Identifier", a.identifier}, {"Version", a.short_version}};
}

} // namespace

std::string_view to_text(app_status s) {
    const auto found = std::ranges::find(status_texts, s, [](const auto& p) { return p.first; });
    return found == status_texts.end() ? std::string_view{} : found->second;
}

app_ptr app_shelf::get(app a) {
    auto& known = known_[a.identifier + '\n' + a.version + '\n' + a.short_version];
    auto held = known.lock();
    if (!held || *held != a) {
        held = std::make_shared<const app>(std::move(a));
        known = held;
    }
    return held;
}

const installed_app* applications::find(std::string_view identifier) const {
    const auto found = std::ranges::find_if(
        installed_, [&](const installed_app& i) { return i.what->identifier == identifier; });
    return found == installed_.end() ? nullptr : &*found;
}

installed_app* applications::find_installed(std::string_view identifier) {
    return const_cast<installed_app*>(std::as_const(*this).find(identifier));
}

applications::job* applications::find_job(std::string_view identifier) {
    const auto found = std::ranges::find_if(
        jobs_, [&](const job& j) { return j.what.what->identifier == identifier; });
    return found == jobs_.end() ? nullptr : &*found;
}

void applications::forget_absent(std::string_view identifier) {
    std::erase_if(absent_, [&](const absent& a) { return a.what->identifier == identifier; });
}

duration applications::length_of(step s, const job& j) const {
    if (conditions.step) {
        return *conditions.step;
    }
    switch (s) {
    case step::queued:
        return queue_time;
    case step::downloading:
        return conditions.fails
                   ? failing_time
                   : duration{seconds{j.what.what->bundle_size / download_bytes_per_second + 1}};
    case step::installing:
        break;
    }
    return install_time;
}

app_refusal applications::install(const app_request& what, time_point now) {
    const auto& identifier = what.what->identifier;
    // Observed (F28): the request is refused, and the application arrives all the same.
    if (find_job(identifier) != nullptr) {
        return app_refusal::duplicate;
    }
    if (what.licensed && conditions.no_licence) {
        return app_refusal::no_licence;
    }
    auto* there = find_installed(identifier);
    const bool same = there != nullptr && *there->what == *what.what;
    if (same) {
        // Schema application.install.yaml: of what the user installed, management is taken only
        // when both keys ask for it.
        const bool takes = what.as_managed && (there->managed || what.take_over);
        if (!takes && !there->managed) {
            return app_refusal::present;
        }
        put(what);
        return app_refusal::none;
    }
    job j{.what = what};
    if (what.by_download && !conditions.fails) {
        j.now_in = step::downloading; // until the driver says how it went
    } else {
        j.due = now + length_of(step::queued, j);
    }
    forget_absent(identifier);
    jobs_.push_back(std::move(j));
    return app_refusal::none;
}

void applications::downloaded(std::string_view identifier, bool good, time_point now) {
    auto* j = find_job(identifier);
    if (j == nullptr || j->due || j->now_in != step::downloading) {
        return;
    }
    if (good) {
        j->now_in = step::installing;
        j->due = now + length_of(step::installing, *j);
    } else {
        untold_.push_back(
            {.name = "application-failed", .about = about(*j->what.what), .down_for = {}});
        if (j->what.as_managed) {
            absent_.push_back({.what = j->what.what, .flags = j->what.flags});
        }
        std::erase_if(jobs_, [&](const job& x) { return &x == j; });
    }
}

/// It is on the disk now, as the request wants it managed.
void applications::put(const app_request& what) {
    auto* there = find_installed(what.what->identifier);
    if (there == nullptr) {
        there = &installed_.emplace_back();
    }
    // Schema application.install.yaml: reinstalled without InstallAsManaged, a managed one is not
    // managed any more; one of the user's stays the user's unless management was asked for.
    const bool fresh = !there->what;
    const bool users = !fresh && !there->managed;
    there->what = what.what;
    there->licensed = what.licensed;
    there->managed = what.as_managed && (!users || what.take_over);
    there->flags = there->managed ? static_cast<std::uint8_t>(what.flags) : std::uint8_t{0};
    if (!there->managed) {
        there->configuration.reset();
        there->feedback.reset();
    } else if (what.configuration) {
        there->configuration = what.configuration;
    }
    forget_absent(what.what->identifier);
}

app_refusal applications::remove(std::string_view identifier) {
    const auto* there = find(identifier);
    const bool away = std::ranges::any_of(
        absent_, [&](const absent& a) { return a.what->identifier == identifier; });
    if ((there == nullptr || !there->managed) && !away) {
        return app_refusal::not_managed;
    }
    std::erase_if(installed_,
                  [&](const installed_app& i) { return i.what->identifier == identifier; });
    std::erase_if(jobs_, [&](const job& j) { return j.what.what->identifier == identifier; });
    forget_absent(identifier);
    return app_refusal::none;
}

app_refusal applications::configure(std::string_view identifier, shared_dict configuration) {
    auto* there = find_installed(identifier);
    if (there == nullptr || !there->managed) {
        return app_refusal::not_managed;
    }
    there->configuration =
        configuration && !configuration->empty() ? std::move(configuration) : shared_dict{};
    return app_refusal::none;
}

app_refusal applications::delete_feedback(std::string_view identifier) {
    auto* there = find_installed(identifier);
    if (there == nullptr || !there->managed) {
        return app_refusal::not_managed;
    }
    there->feedback.reset();
    return app_refusal::none;
}

void applications::install_by_user(app_ptr what) {
    auto* there = find_installed(what->identifier);
    if (there == nullptr) {
        there = &installed_.emplace_back();
    }
    // Schema application.managed.list.yaml, ManagedButUninstalled: reinstalled, it is managed
    // again.
    const auto away = std::ranges::find_if(absent_, [&](const absent& a) {
        return a.what->identifier == what->identifier &&
               a.status == app_status::managed_but_uninstalled;
    });
    if (away != absent_.end()) {
        there->managed = true;
        there->flags = static_cast<std::uint8_t>(away->flags);
        there->configuration = std::move(away->configuration);
        absent_.erase(away);
    }
    there->what = std::move(what);
}

void applications::remove_by_user(std::string_view identifier) {
    const auto* there = find(identifier);
    if (there == nullptr) {
        return;
    }
    if (there->managed) {
        absent_.push_back({.what = there->what,
                           .status = app_status::managed_but_uninstalled,
                           .flags = there->flags,
                           .configuration = there->configuration});
    }
    std::erase_if(installed_, [&](const installed_app& i) { return &i == there; });
}

void applications::leave_feedback(std::string_view identifier, shared_dict feedback) {
    if (auto* there = find_installed(identifier); there != nullptr && there->managed) {
        there->feedback = std::move(feedback);
    }
}

std::vector<applications::coming> applications::on_their_way() const {
    std::vector<coming> out;
    for (const auto& j : jobs_) {
        if (j.now_in != step::queued) {
            out.push_back({.what = j.what.what, .managed = j.what.as_managed});
        }
    }
    for (const auto& a : absent_) {
        if (a.status == app_status::failed) {
            out.push_back({.what = a.what, .installing = false, .failed = true, .managed = true});
        }
    }
    return out;
}

std::vector<applications::managed_app> applications::managed() const {
    std::vector<managed_app> out;
    for (const auto& i : installed_) {
        if (!i.managed) {
            continue;
        }
        managed_app m{.identifier = i.what->identifier,
                      .flags = i.flags,
                      .external_version = i.what->external_version,
                      .has_configuration = i.configuration != nullptr,
                      .has_feedback = i.feedback != nullptr};
        if (std::ranges::any_of(
                jobs_, [&](const job& j) { return j.what.what->identifier == m.identifier; })) {
            m.status = app_status::updating;
        }
        out.push_back(std::move(m));
    }
    for (const auto& j : jobs_) {
        const auto* there = find(j.what.what->identifier);
        if (j.what.as_managed && (there == nullptr || !there->managed)) {
            out.push_back(
                {.identifier = j.what.what->identifier,
                 .status = j.now_in == step::queued ? app_status::queued : app_status::installing,
                 .flags = j.what.flags,
                 .external_version = j.what.what->external_version,
                 .has_configuration = j.what.configuration != nullptr});
        }
    }
    for (const auto& a : absent_) {
        out.push_back({.identifier = a.what->identifier,
                       .status = a.status,
                       .flags = a.flags,
                       .external_version = a.what->external_version,
                       .has_configuration = a.configuration != nullptr});
    }
    return out;
}

std::vector<applications::managed_app>
applications::report_managed(const std::vector<std::string>* only) {
    const auto wanted = [&](const std::string& identifier) {
        return only == nullptr || std::ranges::find(*only, identifier) != only->end();
    };
    auto out = managed();
    std::erase_if(out, [&](const managed_app& m) { return !wanted(m.identifier); });
    std::erase_if(absent_, [&](const absent& a) {
        return a.status == app_status::failed && wanted(a.what->identifier);
    });
    return out;
}

void applications::enrollment_ended() {
    // Schema application.install.yaml, ManagementFlags 1.
    std::erase_if(installed_,
                  [](const installed_app& i) { return i.managed && (i.flags & 1) != 0; });
    for (auto& i : installed_) {
        i.managed = false;
        i.flags = 0;
        i.configuration.reset();
        i.feedback.reset();
    }
    jobs_.clear(); // Choice: what MDM had begun is given up
    absent_.clear();
}

std::optional<time_point> applications::next_change() const {
    if (!untold_.empty()) {
        return time_point::min();
    }
    std::optional<time_point> out;
    for (const auto& j : jobs_) {
        if (j.due && (!out || *j.due < *out)) {
            out = j.due;
        }
    }
    return out;
}

void applications::settle(job& j, time_point at, std::vector<happening>& out) {
    switch (j.now_in) {
    case step::queued:
        j.now_in = step::downloading;
        j.due = at + length_of(step::downloading, j);
        return;
    case step::downloading:
        j.now_in = step::installing;
        j.due = at + length_of(step::installing, j);
        return;
    case step::installing:
        put(j.what);
        out.push_back(
            {.name = "application-installed", .about = about(*j.what.what), .down_for = {}});
        j.what.what.reset(); // done
        return;
    }
}

void applications::advance(time_point now, std::vector<happening>& out) {
    std::ranges::move(untold_, std::back_inserter(out));
    untold_.clear();
    while (const auto due = next_change()) {
        if (*due > now) {
            return;
        }
        const auto found = std::ranges::find_if(jobs_, [&](const job& j) { return j.due == due; });
        if (found->now_in == step::downloading && conditions.fails) {
            found->due.reset();
            downloaded(found->what.what->identifier, false, *due);
        } else {
            settle(*found, *due, out);
            std::erase_if(jobs_, [](const job& j) { return !j.what.what; });
        }
        std::ranges::move(untold_, std::back_inserter(out));
        untold_.clear();
    }
}

} // namespace pomona::sim::mac
