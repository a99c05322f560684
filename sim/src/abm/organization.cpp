#include "pomona/sim/abm/organization.hpp"

#include <algorithm>

namespace pomona::sim::abm {
namespace {

/// Choice: serials are asked for in either case.
std::string upper(std::string_view text) {
    std::string out{text};
    for (auto& c : out) {
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return out;
}

} // namespace

std::string_view to_text(profile_status s) {
    switch (s) {
    case profile_status::empty:
        return "empty";
    case profile_status::assigned:
        return "assigned";
    case profile_status::pushed:
        return "pushed";
    case profile_status::removed:
        return "removed";
    }
    return "";
}

std::string_view to_text(operation o) {
    switch (o) {
    case operation::added:
        return "added";
    case operation::modified:
        return "modified";
    case operation::deleted:
        return "deleted";
    }
    return "";
}

server_entry* organization::find_server(std::string_view id) {
    const auto found = servers_.find(id);
    return found == servers_.end() ? nullptr : &found->second;
}

const server_entry* organization::find_server(std::string_view id) const {
    const auto found = servers_.find(id);
    return found == servers_.end() ? nullptr : &found->second;
}

server_entry* organization::server_with_consumer_key(std::string_view key) {
    const auto found = std::ranges::find_if(servers_, [&](const auto& item) {
        return item.second.token && item.second.token->consumer_key == key;
    });
    return found == servers_.end() ? nullptr : &found->second;
}

std::vector<const server_entry*> organization::servers() const {
    std::vector<const server_entry*> out;
    for (const auto& [id, server] : servers_) {
        out.push_back(&server);
    }
    return out;
}

server_entry* organization::add_server(std::string id, std::string name, time_point now) {
    const auto [at, is_new] = servers_.try_emplace(id);
    if (!is_new) {
        return nullptr;
    }
    at->second.id = std::move(id);
    at->second.name = std::move(name);
    at->second.created = at->second.updated = now;
    return &at->second;
}

bool organization::remove_server(std::string_view id, time_point now) {
    const auto found = servers_.find(id);
    if (found == servers_.end()) {
        return false;
    }
    while (!found->second.devices.empty()) {
        const auto device = found->second.devices.begin()->second;
        assign(device->serial.value(), {}, {}, now);
    }
    servers_.erase(found);
    return true;
}

bool organization::add_device(device_record what, time_point now) {
    const auto [at, is_new] = devices_.try_emplace(upper(what.serial.value()));
    if (!is_new) {
        return false;
    }
    what.added = now;
    const auto server = std::exchange(what.server, {});
    const auto by = std::exchange(what.assigned_by, {});
    const auto serial = what.serial.value();
    at->second.device = std::make_shared<const device_record>(std::move(what));
    if (!server.empty()) {
        assign(serial, server, by, now);
    }
    return true;
}

device_ptr organization::find_device(std::string_view serial) const {
    const auto found = devices_.find(upper(serial));
    return found == devices_.end() ? nullptr : found->second.device;
}

std::vector<device_ptr> organization::devices(std::string_view after, std::size_t most) const {
    std::vector<device_ptr> out;
    for (auto at = after.empty() ? devices_.begin() : devices_.upper_bound(upper(after));
         at != devices_.end() && out.size() < most; ++at) {
        out.push_back(at->second.device);
    }
    return out;
}

bool organization::assign(std::string_view serial, std::string_view server, std::string_view by,
                          time_point now) {
    const auto found = devices_.find(upper(serial));
    auto* const to = find_server(server);
    if (found == devices_.end() || (!server.empty() && to == nullptr) ||
        found->second.device->server == server) {
        return false;
    }
    auto& here = found->second;
    auto moved = *here.device;
    // What the old server had set is not the new one's (Apple, "Sync the List of Devices": deleted
    // means no longer assigned to this server).
    moved.status = profile_status::empty;
    moved.profile.clear();
    moved.profile_assigned.reset();
    moved.profile_pushed.reset();
    moved.server = server;
    moved.assigned_by = server.empty() ? std::string{} : std::string{by};
    moved.assigned = now;
    if (auto* const from = find_server(here.device->server)) {
        from->devices.erase(here.position);
        log(*from, operation::deleted, here, now);
    }
    here.device = std::make_shared<const device_record>(std::move(moved));
    if (to != nullptr) {
        log(*to, operation::added, here, now);
        here.position = last_;
        to->devices.emplace(last_, here.device);
    }
    return true;
}

bool organization::release(std::string_view serial, time_point now) {
    const auto found = devices_.find(upper(serial));
    if (found == devices_.end()) {
        return false;
    }
    assign(serial, {}, {}, now);
    devices_.erase(found);
    return true;
}

void organization::replace(device_record changed, time_point now) {
    auto& here = devices_.find(upper(changed.serial.value()))->second;
    here.device = std::make_shared<const device_record>(std::move(changed));
    if (auto* const server = find_server(here.device->server)) {
        server->devices.erase(here.position);
        log(*server, operation::modified, here, now);
        here.position = last_;
        server->devices.emplace(last_, here.device);
    }
}

void organization::put_back(device_record changed) {
    auto& here = devices_.find(upper(changed.serial.value()))->second;
    here.device = std::make_shared<const device_record>(std::move(changed));
    if (auto* const server = find_server(here.device->server)) {
        server->devices.insert_or_assign(here.position, here.device);
    }
}

void organization::log(server_entry& server, operation what, entry& of, time_point now) {
    const auto second = std::chrono::floor<std::chrono::seconds>(of.last_operation);
    of.last_operation = std::max<time_point>(now, second + std::chrono::seconds{1});
    server.log.push_back({.position = ++last_,
                          .what = what,
                          .made = now,
                          .date = of.last_operation,
                          .device = of.device});
    // No cursor can ask for what is older; half at a time, so that it costs nothing on average.
    const auto old =
        std::ranges::lower_bound(server.log, now - 2 * cursor_lifetime, {}, &change::made);
    if (old - server.log.begin() > std::ssize(server.log) / 2) {
        server.log.erase(server.log.begin(), old);
    }
}

} // namespace pomona::sim::abm
