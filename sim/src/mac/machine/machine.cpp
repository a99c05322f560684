#include "mac/machine/machine.hpp"

#include "mac/machine/saved.hpp"

namespace pomona::sim::mac {
namespace {

/// A facet that is missing stays as it is.
template <class Facet>
void load_facet(const plist::dict& d, std::string_view key, Facet& into,
                std::optional<error>& problem) {
    if (const auto* found = d.dictionary(key)) {
        auto loaded = Facet::load(*found);
        if (loaded) {
            into = *std::move(loaded);
        } else if (!problem) {
            problem = std::move(loaded.error());
        }
    }
}

std::optional<time_point> earlier(std::optional<time_point> a, std::optional<time_point> b) {
    return !a ? b : !b ? a : std::min(*a, *b);
}

} // namespace

machine_state::machine_state(const persona& kind)
    : updates{{.version = kind.os_version, .build = kind.build_version},
              kind.apple_silicon,
              newest_major_for(kind.model, kind.apple_silicon)} {}

void machine_state::enrollment_ended() {
    apps.enrollment_ended();
    security.enrollment_ended();
    settings.enrollment_ended();
}

bool machine_state::is_at_work() const {
    return power.runs() || power.mode == power_mode::restarting;
}

std::optional<time_point> machine_state::next_change() const {
    const auto other = earlier(updates.next_change(), apps.next_change());
    return earlier(power.next_change(), is_at_work() ? other : std::nullopt);
}

std::vector<happening> machine_state::advance(time_point now) {
    std::vector<happening> out;
    if (is_at_work()) {
        apps.advance(now, out);
        updates.advance(now, out);
    }
    power.advance(now, out);
    return out;
}

plist::dict machine_state::save() const {
    plist::dict d{{"Power", power.save()}, {"RemoteDesktop", remote_desktop}};
    d.set("Applications", apps.save());
    d.set("Security", security.save());
    d.set("Settings", settings.save());
    d.set("Updates", updates.save());
    d.set("Provisioning", provisioned.save());
    d.set("Users", users.save());
    return d;
}

result<machine_state> machine_state::load(const plist::dict& d, app_shelf* shelf) {
    machine_state out;
    std::optional<error> problem;
    out.remote_desktop = saved::flag(d, "RemoteDesktop", false);
    load_facet(d, "Power", out.power, problem);
    if (const auto* saved_apps = d.dictionary("Applications")) {
        auto loaded = applications::load(*saved_apps, shelf);
        if (!loaded) {
            return std::unexpected(std::move(loaded.error()));
        }
        out.apps = *std::move(loaded);
    }
    load_facet(d, "Security", out.security, problem);
    load_facet(d, "Settings", out.settings, problem);
    load_facet(d, "Updates", out.updates, problem);
    load_facet(d, "Provisioning", out.provisioned, problem);
    load_facet(d, "Users", out.users, problem);
    if (problem) {
        return std::unexpected(*std::move(problem));
    }
    return out;
}

} // namespace pomona::sim::mac
