// `lifecycle`: what happens to whole Macs.
#include "verbs.hpp"

#include <algorithm>

namespace pomona::scenario {
namespace {

using what = lifecycle_step::what;

void settle(step_context& c, std::size_t mac,
            const std::expected<void, sim::mac::enroll_failure>& result, const lifecycle_step& l) {
    if (result ? l.refused_at.empty() : result.error().at == l.refused_at) {
        return c.held();
    }
    c.add_failure({c.name_of(mac),
                   result ? "it came about, but should have been refused at " + l.refused_at
                          : "it failed at " + result.error().at + ": " + result.error().reason,
                   {},
                   {}});
}

void set_online(sim::mac::mac& who, bool online) {
    auto now = who.current();
    now.online = online;
    who.set(now);
}

/// What is done at once; empty, or why it cannot be.
std::string change(sim::mac::mac& who, const lifecycle_step& l) {
    switch (l.kind) {
    case what::reboot:
        who.restart();
        return {};
    case what::erase:
        who.erase();
        return {};
    case what::offline:
    case what::online:
        set_online(who, l.kind == what::online);
        return {};
    case what::upgrade:
        return who.upgrade(l.version, l.build)
                   ? ""
                   : "there is no macOS " + l.version + " in the catalogue: give its `build`, too";
    case what::login:
        return who.log_in(l.user) ? "" : l.user + " cannot log in now";
    case what::logout:
        return who.log_out(l.user) ? "" : l.user + " cannot log out now";
    default:
        return {};
    }
}

net::task<void> one_change(step_context& c, std::size_t mac, const lifecycle_step& l) {
    auto& who = c.env.fleet.at(mac);
    switch (l.kind) {
    case what::remove_profile:
        if (!who.is_profile_removable()) {
            c.add_failure(
                {c.name_of(mac), "its user may not remove the enrollment profile", {}, {}});
            co_return;
        }
        co_await who.remove_enrollment_profile(l.check_out);
        c.held();
        break;
    case what::rotate_token:
        co_await who.rotate_tokens();
        c.held();
        break;
    case what::restore: {
        const auto result = co_await who.restore();
        settle(c, mac, result, l);
        break;
    }
    case what::renew: {
        const auto result = co_await who.renew(l.how);
        settle(c, mac, result, l);
        break;
    }
    default:
        if (auto problem = change(who, l); problem.empty()) {
            c.held();
        } else {
            c.add_failure({c.name_of(mac), std::move(problem), {}, {}});
        }
    }
}

} // namespace

net::task<void> carry_out(step_context& c, const lifecycle_step& l, std::vector<std::size_t> macs) {
    c.begin_action(macs);
    if (l.kind == what::clone) {
        for (const auto mac : macs) {
            c.env.fleet.clone(mac, l.as);
            c.places.resize(c.env.fleet.size());
            c.places.back() = c.places[mac];
            c.held();
        }
        co_return;
    }
    net::task_group group{c.env.world};
    for (const auto mac : macs) {
        group.spawn("lifecycle of " + c.name_of(mac), one_change(c, mac, l));
    }
    co_await group.all_done(net::never);
}

} // namespace pomona::scenario
