// The saved form of a Mac's applications.
#include "mac/machine/applications.hpp"
#include "mac/machine/saved.hpp"

namespace pomona::sim::mac {
namespace {

plist::dict save_app(const app& a) {
    return {{"Identifier", a.identifier},
            {"Name", a.name},
            {"Version", a.version},
            {"ShortVersion", a.short_version},
            {"BundleSize", a.bundle_size},
            {"StoreID", a.store_id},
            {"ExternalVersion", a.external_version}};
}

app_ptr load_app(const plist::dict& d, app_shelf* shelf) {
    app a{.identifier = saved::text(d, "Identifier"),
          .name = saved::text(d, "Name"),
          .version = saved::text(d, "Version"),
          .short_version = saved::text(d, "ShortVersion"),
          .bundle_size = saved::number(d, "BundleSize"),
          .store_id = saved::number(d, "StoreID"),
          .external_version = saved::number(d, "ExternalVersion")};
    return shelf != nullptr ? shelf->get(std::move(a)) : std::make_shared<const app>(std::move(a));
}

void put_dict(plist::dict& d, std::string_view key, const shared_dict& what) {
    if (what) {
        d.set(key, *what);
    }
}

shared_dict load_dict(const plist::dict& d, std::string_view key) {
    const auto* found = d.dictionary(key);
    return found == nullptr ? nullptr : std::make_shared<const plist::dict>(*found);
}

/// The dictionaries of the list `key`; what is no dictionary is left out.
template <class Read>
void each(const plist::dict& d, std::string_view key, Read read) {
    if (const auto* all = d.list(key)) {
        for (const auto& v : *all) {
            if (const auto* one = v.get<plist::dict>()) {
                read(*one);
            }
        }
    }
}

constexpr int last_status = static_cast<int>(app_status::failed);

} // namespace

plist::dict applications::save() const {
    plist::dict d{{"NoLicence", conditions.no_licence}, {"Fails", conditions.fails}};
    saved::put(d, "Step", conditions.step);
    plist::array list;
    for (const auto& i : installed_) {
        auto one = save_app(*i.what);
        one.set("Flags", std::int64_t{i.flags});
        one.set("Managed", i.managed);
        one.set("Licensed", i.licensed);
        put_dict(one, "Configuration", i.configuration);
        put_dict(one, "Feedback", i.feedback);
        list.emplace_back(std::move(one));
    }
    d.set("Installed", std::move(list));
    plist::array jobs;
    for (const auto& j : jobs_) {
        auto one = save_app(*j.what.what);
        one.set("Flags", j.what.flags);
        one.set("AsManaged", j.what.as_managed);
        one.set("TakeOver", j.what.take_over);
        one.set("Licensed", j.what.licensed);
        one.set("ByDownload", j.what.by_download);
        put_dict(one, "Configuration", j.what.configuration);
        one.set("Step", static_cast<int>(j.now_in));
        saved::put(one, "Due", j.due);
        jobs.emplace_back(std::move(one));
    }
    d.set("Jobs", std::move(jobs));
    plist::array away;
    for (const auto& a : absent_) {
        auto one = save_app(*a.what);
        one.set("Status", static_cast<int>(a.status));
        one.set("Flags", a.flags);
        put_dict(one, "Configuration", a.configuration);
        away.emplace_back(std::move(one));
    }
    d.set("Absent", std::move(away));
    return d;
}

result<applications> applications::load(const plist::dict& d, app_shelf* shelf) {
    applications out;
    bool good = true;
    out.conditions = {.no_licence = saved::flag(d, "NoLicence", false),
                      .fails = saved::flag(d, "Fails", false),
                      .step = saved::length(d, "Step")};
    each(d, "Installed", [&](const plist::dict& one) {
        out.installed_.push_back({.what = load_app(one, shelf),
                                  .configuration = load_dict(one, "Configuration"),
                                  .feedback = load_dict(one, "Feedback"),
                                  .flags = static_cast<std::uint8_t>(saved::number(one, "Flags")),
                                  .managed = saved::flag(one, "Managed", false),
                                  .licensed = saved::flag(one, "Licensed", false)});
    });
    each(d, "Jobs", [&](const plist::dict& one) {
        const auto number = saved::number(one, "Step", -1);
        good = good && number >= 0 && number <= static_cast<int>(step::installing);
        out.jobs_.push_back({.what = {.what = load_app(one, shelf),
                                      .flags = saved::number(one, "Flags"),
                                      .as_managed = saved::flag(one, "AsManaged", false),
                                      .take_over = saved::flag(one, "TakeOver", false),
                                      .licensed = saved::flag(one, "Licensed", false),
                                      .by_download = saved::flag(one, "ByDownload", false),
                                      .configuration = load_dict(one, "Configuration")},
                             .now_in = static_cast<step>(number),
                             .due = saved::time(one, "Due")});
    });
    each(d, "Absent", [&](const plist::dict& one) {
        const auto number = saved::number(one, "Status", -1);
        good = good && number >= 0 && number <= last_status;
        out.absent_.push_back({.what = load_app(one, shelf),
                               .status = static_cast<app_status>(number),
                               .flags = saved::number(one, "Flags"),
                               .configuration = load_dict(one, "Configuration")});
    });
    if (!good) {
        return saved::unusable("the applications");
    }
    return out;
}

} // namespace pomona::sim::mac
