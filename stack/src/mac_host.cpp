#include "pomona/stack/mac_host.hpp"

#include "pomona/protocol/plist/codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace pomona::stack {
namespace {

result<net::trust_store> read_roots(const net::world& w, const std::string& pem,
                                    std::string_view whose) {
    if (pem.empty()) {
        return std::make_shared<const std::vector<crypto::certificate>>();
    }
    auto read = crypto::certificate::from_pem(w.crypto(), as_bytes(pem));
    if (!read) {
        return fail(errc::unusable, std::string{whose} + ": " + read.error().message());
    }
    return std::make_shared<const std::vector<crypto::certificate>>(std::move(*read));
}

} // namespace

bytes mac_host::snapshot(const sim::mac::mac& m) {
    return plist::to_binary(m.save());
}

result<std::unique_ptr<mac_host>> mac_host::open(const std::filesystem::path& file) {
    auto store = mac_store::open(file, mac_store::access::write);
    if (!store) {
        return std::unexpected{std::move(store.error())};
    }
    std::unique_ptr<mac_host> out{new mac_host{std::move(*store)}};
    out->world_ = net::make_real_world();
    auto recorder = trace::recorder::create(*out->world_, {});
    if (!recorder) {
        return std::unexpected{std::move(recorder.error())};
    }
    out->recorder_ = std::move(*recorder);
    out->world_->observe(out->recorder_.get());
    return out;
}

mac_host::~mac_host() {
    shutdown();
}

result<sim::mac::environment*> mac_host::site_for(const mac_link& link) {
    for (const auto& known : sites_) {
        if (known->link == link) {
            return known->env.get();
        }
    }
    auto roots = read_roots(*world_, link.trust, "the server's roots");
    auto push_roots = read_roots(*world_, link.push_trust, "the push service's roots");
    if (!roots || !push_roots) {
        return std::unexpected{roots ? push_roots.error() : roots.error()};
    }
    auto made = std::make_unique<site>();
    made->link = link;
    made->push = std::make_unique<sim::apns::device_link>(
        *world_, sim::apns::link_options{.server = {.host = link.push_host, .port = link.push_port},
                                         .trust = *push_roots});
    made->env = std::make_unique<sim::mac::environment>(sim::mac::environment{
        .world = *world_, .recorder = *recorder_, .push = *made->push, .system_trust = *roots});
    made->env->before_message = [this](const actor& who) -> result<void> {
        const auto found = macs_.find(who.value());
        return found == macs_.end() ? result<void>{} : keep(found->first, found->second);
    };
    sites_.push_back(std::move(made));
    return sites_.back()->env.get();
}

result<void> mac_host::keep(const std::string& name, resident& r) {
    auto now = snapshot(*r.mac);
    if (now == r.kept) {
        return {};
    }
    auto done = store_.put({.name = name, .link = r.link, .snapshot = now});
    if (!done) {
        trouble_ = done.error().message();
        world_->interrupt();
        return done;
    }
    r.kept = std::move(now);
    return {};
}

result<void> mac_host::keep() {
    for (auto& [name, r] : macs_) {
        if (auto done = keep(name, r); !done) {
            return done;
        }
    }
    return {};
}

/// A Mac that was changed has said so by an event.
net::task<void> mac_host::keep_changes() {
    while (true) {
        const auto& events = recorder_->events();
        std::set<std::string_view> changed;
        for (; seen_ < events.size(); ++seen_) {
            if (events[seen_].kind == trace::kind::state) {
                changed.insert(events[seen_].actor);
            }
        }
        for (auto& [name, r] : macs_) {
            if (changed.contains(name)) {
                static_cast<void>(keep(name, r)); // `trouble` ends the run
            }
        }
        co_await recorder_->changed().wait_until(net::never);
    }
}

result<std::vector<sim::mac::mac*>> mac_host::create(std::vector<new_mac> wanted) {
    const auto taken_names = names();
    std::set<std::string> taken{taken_names.begin(), taken_names.end()};
    std::vector<kept_mac> fresh;
    std::vector<sim::mac::mac*> out;
    std::vector<std::pair<std::string, resident>> made;
    std::size_t next = 1;
    for (auto& w : wanted) {
        while (w.name.empty()) {
            auto name = fmt::format("mac-{:04}", next++);
            if (!taken.contains(name)) {
                w.name = std::move(name);
            }
        }
        if (!taken.insert(w.name).second) {
            return fail(errc::in_use, "there is a Mac " + w.name + " already");
        }
        auto env = site_for(w.link);
        auto key = crypto::private_key::generate_rsa(world_->crypto());
        if (!env || !key) {
            return std::unexpected{env ? key.error() : env.error()};
        }
        std::vector<sim::mac::account> users;
        for (auto& user : w.users) {
            users.push_back(
                sim::mac::draw_account(*world_, {.short_name = std::move(user)}, &w.kind));
        }
        auto hw = sim::mac::draw_hardware(*world_, w.kind, w.name);
        resident r{.mac = std::make_unique<sim::mac::mac>(**env, actor{w.name}, std::move(hw),
                                                          std::move(*key), std::move(users)),
                   .link = std::move(w.link),
                   .kept = {}};
        r.kept = snapshot(*r.mac);
        fresh.push_back({.name = w.name, .link = r.link, .snapshot = r.kept});
        out.push_back(r.mac.get());
        made.emplace_back(std::move(w.name), std::move(r));
    }
    if (auto done = store_.put(fresh); !done) {
        return std::unexpected{std::move(done.error())};
    }
    for (auto& [name, r] : made) {
        macs_.emplace(std::move(name), std::move(r));
    }
    return out;
}

result<sim::mac::mac*> mac_host::load(const std::string& name) {
    if (const auto found = macs_.find(name); found != macs_.end()) {
        return found->second.mac.get();
    }
    auto kept = store_.find(name);
    if (!kept) {
        return std::unexpected{std::move(kept.error())};
    }
    if (!*kept) {
        return nullptr;
    }
    auto env = site_for((*kept)->link);
    auto saved = plist::parse_dict((*kept)->snapshot);
    if (!env || !saved) {
        return std::unexpected{env ? saved.error() : env.error()};
    }
    auto mac = sim::mac::mac::load(**env, *saved);
    if (!mac) {
        return fail(errc::damaged, name + ": " + mac.error().message());
    }
    auto* out = mac->get();
    macs_.emplace(name, resident{.mac = std::move(*mac),
                                 .link = std::move((*kept)->link),
                                 .kept = std::move((*kept)->snapshot)});
    return out;
}

result<sim::mac::mac*> mac_host::relink(const std::string& name, mac_link link) {
    auto loaded = load(name);
    if (!loaded || *loaded == nullptr) {
        return loaded;
    }
    auto& r = macs_.at(name);
    auto env = site_for(link);
    if (!env) {
        return std::unexpected{std::move(env.error())};
    }
    auto moved = sim::mac::mac::load(**env, r.mac->save());
    if (!moved) {
        return std::unexpected{std::move(moved.error())};
    }
    if (auto done = store_.put({.name = name, .link = link, .snapshot = r.kept}); !done) {
        return std::unexpected{std::move(done.error())};
    }
    r.mac = std::move(*moved);
    r.link = std::move(link);
    return r.mac.get();
}

result<bool> mac_host::remove(const std::string& name) {
    macs_.erase(name);
    return store_.remove(name);
}

const mac_link* mac_host::link_of(const std::string& name) const {
    const auto found = macs_.find(name);
    return found == macs_.end() ? nullptr : &found->second.link;
}

std::vector<std::string> mac_host::names() {
    std::vector<std::string> out;
    if (const auto all = store_.all()) {
        for (const auto& m : *all) {
            out.push_back(m.name);
        }
    }
    return out;
}

net::task<void> mac_host::main_task(net::task<void> what) {
    if (!keeping_) {
        keeping_ = true;
        world_->spawn("keeping Macs", keep_changes());
    }
    co_await std::move(what);
}

bool mac_host::run(net::task<void> main) {
    const bool over = world_->run(main_task(std::move(main)));
    const auto kept = keep();
    return over && kept;
}

void mac_host::shutdown() {
    if (!down_ && world_) {
        down_ = true;
        static_cast<void>(keep()); // before the tasks end: a session under way is due again
        world_->shutdown();
        world_->observe(nullptr);
    }
}

} // namespace pomona::stack
