// What `set` puts a machine to: how updates and installations go, what its user installs.
#include "reader.hpp"

#include <algorithm>

namespace pomona::scenario {
namespace {

void read_updates(parse_state& state, const yaml::node& value, sim::mac::trials& into) {
    reader r{state, value, "`updates`"};
    into.update_fault = r.text("fault");
    into.update_step = r.length("step");
    const auto known = sim::mac::update_fault_names();
    if (into.update_fault && std::ranges::find(known, *into.update_fault) == known.end()) {
        std::string all;
        for (const auto& name : known) {
            all += (all.empty() ? "" : ", ") + name;
        }
        state.report(value.find("fault")->where,
                     "there is no fault of updates `" + *into.update_fault + "`",
                     "there are: " + all);
    }
    r.finish();
}

void read_apps(parse_state& state, const yaml::node& value, sim::mac::trials& into) {
    reader r{state, value, "`apps`"};
    into.app_licences = r.boolean("licences");
    into.app_downloads = r.boolean("downloads");
    into.app_step = r.length("step");
    into.installed_apps = r.texts("installed");
    into.removed_apps = r.texts("removed");
    for (const auto& identifier : into.installed_apps) {
        if (!sim::mac::is_store_app(identifier)) {
            state.report(value.find("installed")->where,
                         "`" + identifier + "` is no application that a user could install",
                         "bundle identifiers look like `org.example.tool`; those of macOS itself "
                         "are there already");
        }
    }
    r.finish();
}

} // namespace

sim::mac::trials read_trials(parse_state& state, reader& r) {
    sim::mac::trials out;
    if (const auto* updates = r.take("updates")) {
        read_updates(state, *updates, out);
    }
    if (const auto* apps = r.take("apps")) {
        read_apps(state, *apps, out);
    }
    out.erase_obstacle = r.text("erase_obstacle");
    return out;
}

} // namespace pomona::scenario
