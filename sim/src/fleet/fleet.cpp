#include "pomona/sim/fleet/fleet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <string>

namespace pomona::sim::fleet {
namespace {

/// Random, and unlike every other of the fleet.
mac::hardware draw_unique(net::world& w, const mac::persona& kind, std::string name,
                          std::set<std::string>& taken) {
    while (true) {
        auto hw = mac::draw_hardware(w, kind, name);
        const std::set<std::string> own{
            hw.device.value(), hw.serial.value(), hw.wifi_mac, hw.bluetooth_mac,
            hw.ethernet_mac.empty() ? hw.device.value() : hw.ethernet_mac};
        const std::size_t expected = hw.ethernet_mac.empty() ? 4 : 5;
        const bool is_new =
            std::ranges::none_of(own, [&](const std::string& id) { return taken.contains(id); });
        if (own.size() == expected && is_new) {
            taken.insert(own.begin(), own.end());
            return hw;
        }
    }
}

} // namespace

fleet::fleet() = default;
fleet::~fleet() = default;

result<std::unique_ptr<fleet>> fleet::create(mac::environment env, const std::vector<group>& groups,
                                             std::vector<crypto::private_key> keys) {
    const auto total =
        std::accumulate(groups.begin(), groups.end(), std::size_t{0},
                        [](std::size_t sum, const group& g) { return sum + g.count; });
    if (keys.size() < total) {
        return fail(std::make_error_code(std::errc::invalid_argument),
                    fmt::format("{} Macs need as many keys, there are {}", total, keys.size()));
    }
    std::unique_ptr<fleet> out{new fleet};
    out->env_ = std::make_unique<mac::environment>(std::move(env));
    out->groups_ = groups;
    std::set<std::string> taken;
    for (const auto& g : groups) {
        const auto* kind = g.own_persona ? g.own_persona.get() : mac::find_persona(g.persona);
        if (kind == nullptr) {
            return fail(std::make_error_code(std::errc::invalid_argument),
                        "group " + g.name + ": there is no persona \"" + g.persona + '"');
        }
        for (std::size_t i = 0; i < g.count; ++i) {
            const auto index = out->macs_.size();
            auto name = fmt::format("mac-{:04}", index + 1);
            auto hw = draw_unique(out->env_->world, *kind, name, taken);
            hw.kind.http = g.http;
            hw.wire = g.manner;
            std::vector<mac::account> users;
            for (const auto& user : g.users) {
                users.push_back(mac::draw_account(out->env_->world, user, kind));
            }
            out->macs_.push_back(std::make_unique<mac::mac>(*out->env_, actor{std::move(name)},
                                                            std::move(hw), std::move(keys[index]),
                                                            std::move(users)));
        }
    }
    return out;
}

std::size_t fleet::clone(std::size_t index, const std::string& into) {
    auto& group = clones_[into];
    const auto name = at(index).who().value() + '-' + into;
    macs_.push_back(at(index).clone(actor{name}));
    group.push_back(macs_.size() - 1);
    return macs_.size() - 1;
}

std::vector<std::size_t> fleet::members(std::string_view group_name) const {
    if (const auto found = clones_.find(group_name); found != clones_.end()) {
        return found->second;
    }
    std::vector<std::size_t> out;
    std::size_t first = 0;
    for (const auto& g : groups_) {
        for (std::size_t i = 0; g.name == group_name && i < g.count; ++i) {
            out.push_back(first + i);
        }
        first += g.count;
    }
    return out;
}

} // namespace pomona::sim::fleet
