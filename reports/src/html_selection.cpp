#include "html_selection.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace pomona::reports {
namespace {

/// Actors that are services or people; every other actor is a Mac.
constexpr std::array<std::string_view, 9> services = {
    "server", "apns", "abm", "idp", "ca", "operator", "runner", "provider", "proxy"};

bool is_mac(std::string_view actor) {
    return !actor.empty() && std::ranges::find(services, actor) == services.end();
}

/// Values of a summary that name one Mac.
constexpr std::array<const char*, 4> identities = {"Token", "UDID", "EnrollmentID", "ids"};

class attributor {
  public:
    explicit attributor(const std::vector<const trace::event*>& events) : events_{&events} {}

    attribution run() {
        find_macs();
        learn();
        for (const auto* e : *events_) {
            const auto mac = mac_of(*e);
            out_.mac_of.push_back(mac);
            if (mac != no_mac) {
                by_number_[e->number] = mac;
            }
            const auto command = commands_.find(std::string{e->summary.text("CommandUUID")});
            out_.command_of.push_back(command == commands_.end() ? "" : command->second);
        }
        return std::move(out_);
    }

  private:
    void find_macs() {
        std::set<std::string> names;
        for (const auto* e : *events_) {
            if (is_mac(e->actor)) {
                names.insert(e->actor);
            }
        }
        out_.macs.assign(names.begin(), names.end());
        for (std::size_t i = 0; i < out_.macs.size(); ++i) {
            index_[out_.macs[i]] = static_cast<int>(i);
        }
    }

    /// What the Macs' own events say: their exchanges, tokens and identifiers, and which command
    /// each CommandUUID is.
    void learn() {
        for (const auto* e : *events_) {
            const auto type = e->summary.text("RequestType");
            const auto uuid = e->summary.text("CommandUUID");
            if (!type.empty() && !uuid.empty()) {
                commands_.try_emplace(std::string{uuid}, type);
            }
            const auto mac = index_.find(e->actor);
            if (mac == index_.end()) {
                continue;
            }
            if (!e->exchange.empty()) {
                by_exchange_[e->exchange] = mac->second;
            }
            for (const auto* name : identities) {
                if (const auto text = e->summary.text(name); !text.empty()) {
                    by_identity_[std::string{text}] = mac->second;
                }
            }
        }
    }

    int mac_of(const trace::event& e) const {
        if (const auto own = index_.find(e.actor); own != index_.end()) {
            return own->second;
        }
        if (const auto shared = by_exchange_.find(e.exchange); shared != by_exchange_.end()) {
            return shared->second;
        }
        for (const auto* name : identities) {
            const auto known = by_identity_.find(std::string{e.summary.text(name)});
            if (known != by_identity_.end()) {
                return known->second;
            }
        }
        const auto led = by_number_.find(e.cause);
        return led == by_number_.end() ? no_mac : led->second;
    }

    const std::vector<const trace::event*>* events_;
    attribution out_;
    std::unordered_map<std::string, int> index_, by_exchange_, by_identity_;
    std::unordered_map<std::string, std::string> commands_;
    std::unordered_map<std::uint64_t, int> by_number_;
};

/// What findings and failures point at.
struct pointed_at {
    std::vector<std::string> macs; ///< in the order of their naming, each once
    std::unordered_set<std::uint64_t> events;

    explicit pointed_at(const scenario::run_outcome& run) {
        for (const auto& s : run.steps) {
            for (const auto& f : s.failures) {
                add(f.mac, f.around);
            }
        }
        for (const auto& c : run.checks) {
            for (const auto& f : c.findings) {
                add(f.mac, f.around);
                events.insert(f.event);
            }
        }
    }

  private:
    void add(const std::string& mac, const std::vector<std::uint64_t>& around) {
        if (!mac.empty() && seen_.insert(mac).second) {
            macs.push_back(mac);
        }
        events.insert(around.begin(), around.end());
    }
    std::unordered_set<std::string> seen_;
};

/// Macs that findings and failures name, or whose events they point at, then all others.
void order_macs(selection& out, const pointed_at& named,
                const std::vector<const trace::event*>& events, const attribution& whose) {
    std::vector<bool> taken(whose.macs.size());
    const auto take = [&](int mac) {
        if (mac != no_mac && !taken[static_cast<std::size_t>(mac)]) {
            taken[static_cast<std::size_t>(mac)] = true;
            out.order.push_back(mac);
        }
    };
    for (const auto& name : named.macs) {
        const auto found = std::ranges::lower_bound(whose.macs, name);
        if (found != whose.macs.end() && *found == name) {
            take(static_cast<int>(found - whose.macs.begin()));
        }
    }
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (named.events.contains(events[i]->number)) {
            take(whose.mac_of[i]);
        }
    }
    out.named = out.order.size();
    for (std::size_t mac = 0; mac < whose.macs.size(); ++mac) {
        take(static_cast<int>(mac));
    }
}

void keep_within(selection& out, const pointed_at& named,
                 const std::vector<const trace::event*>& events, const attribution& whose,
                 std::size_t limit) {
    std::vector<std::vector<std::size_t>> of_mac(whose.macs.size());
    std::vector<std::size_t> of_none;
    std::size_t left = limit;
    const auto keep = [&](std::size_t i) {
        if (!out.kept[i] && left > 0) {
            out.kept[i] = true;
            --left;
        }
    };
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto mac = whose.mac_of[i];
        (mac == no_mac ? of_none : of_mac[static_cast<std::size_t>(mac)]).push_back(i);
        if (named.events.contains(events[i]->number)) {
            keep(i);
        }
    }
    std::size_t macs = 0;
    for (; macs < out.order.size() && macs < out.named + first_macs; ++macs) {
        const auto& own = of_mac[static_cast<std::size_t>(out.order[macs])];
        // Whole Macs only: half a session misleads. The first is kept however long it is.
        if (macs > 0 && own.size() > left) {
            break;
        }
        std::ranges::for_each(own, keep);
    }
    out.omitted_macs = out.order.size() - macs;
    out.order.resize(macs);
    out.named = std::min(out.named, macs);
    std::ranges::for_each(of_none, keep);
}

} // namespace

attribution attribute(const std::vector<const trace::event*>& events) {
    return attributor{events}.run();
}

selection select(const scenario::run_outcome& run, const std::vector<const trace::event*>& events,
                 const attribution& whose, std::size_t limit) {
    const pointed_at named{run};
    selection out;
    order_macs(out, named, events, whose);
    out.kept.assign(events.size(), events.size() <= limit);
    if (events.size() > limit) {
        keep_within(out, named, events, whose, limit);
    }
    out.omitted_events = static_cast<std::size_t>(std::ranges::count(out.kept, false));
    return out;
}

} // namespace pomona::reports
