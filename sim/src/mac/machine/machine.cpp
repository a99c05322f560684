#include "mac/machine/machine.hpp"

namespace pomona::sim::mac {

std::optional<time_point> machine_state::next_change() const {
    return std::nullopt;
}

std::vector<happening> machine_state::advance(time_point /*now*/) {
    return {};
}

plist::dict machine_state::save() const {
    return {{"RemoteDesktop", remote_desktop}, {"Users", users.save()}};
}

result<machine_state> machine_state::load(const plist::dict& saved) {
    machine_state out;
    if (const auto* on = saved.boolean("RemoteDesktop")) {
        out.remote_desktop = *on;
    }
    if (const auto* users = saved.dictionary("Users")) {
        auto read = accounts::load(*users);
        if (!read) {
            return std::unexpected{std::move(read.error())};
        }
        out.users = *std::move(read);
    }
    return out;
}

} // namespace pomona::sim::mac
