#include "mac/trials.hpp"

#include "mac/upkeep.hpp"

#include <algorithm>
#include <array>

namespace pomona::sim::mac {
namespace {

/// Zero: as it usually goes.
std::optional<duration> step_of(duration each) {
    return each > duration{} ? std::optional{each} : std::nullopt;
}

} // namespace

std::vector<std::string> update_fault_names() {
    using enum update_fault;
    std::vector<std::string> out;
    for (const auto f : {none, scan, download, network, space, power, install}) {
        out.emplace_back(to_text(f));
    }
    return out;
}

bool is_store_app(std::string_view bundle_identifier) {
    return store_app(bundle_identifier).has_value();
}

void apply(core& self, const trials& t) {
    auto& box = self.box;
    if (t.update_fault) {
        box.updates.set_fault(find_update_fault(*t.update_fault).value_or(update_fault::none));
    }
    if (t.update_step) {
        box.updates.set_step(step_of(*t.update_step));
    }
    box.apps.conditions.no_licence = !t.app_licences.value_or(!box.apps.conditions.no_licence);
    box.apps.conditions.fails = !t.app_downloads.value_or(!box.apps.conditions.fails);
    if (t.app_step) {
        box.apps.conditions.step = step_of(*t.app_step);
    }
    if (t.erase_obstacle) {
        box.security.erase_obstacle = *t.erase_obstacle;
    }
    for (const auto& identifier : t.installed_apps) {
        if (auto one = store_app(identifier)) {
            box.apps.install_by_user(self.env->apps->get(*std::move(one)));
            self.record("application-installed", {{"Identifier", identifier}, {"by", "user"}}, 0);
        }
    }
    for (const auto& identifier : t.removed_apps) {
        box.apps.remove_by_user(identifier);
        self.record("application-removed", {{"Identifier", identifier}, {"by", "user"}}, 0);
    }
    keep_up(self, 0);
}

} // namespace pomona::sim::mac
