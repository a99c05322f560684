// Enrollment profiles: define, read, assign, remove.
#include "abm/dep_api.hpp"
#include "abm/profile_rules.hpp"
#include "pomona/foundation/encoding.hpp"

#include <algorithm>
#include <array>

namespace pomona::sim::abm {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t profile_uuid_bytes = 16;
/// Choice: far above what a client has; a client that defines without end is stopped.
constexpr std::size_t max_profiles = 10'000;
constexpr duration day = std::chrono::hours{24};

struct assignment {
    json results = json::object();
    bool throttled = false;
};

/// Observed: a device that is assigned again and again is left alone for a day.
bool is_throttled(const dep_call& call, const device_record& device) {
    const auto now = call.now();
    if (device.throttled_until && *device.throttled_until > now) {
        return true;
    }
    const auto most = call.state.rules.assignments_a_day;
    const auto today =
        std::ranges::count_if(device.assignments, [&](time_point t) { return t + day > now; });
    return most > 0 && static_cast<std::size_t>(today) >= most;
}

void assign_one(const dep_call& call, std::string_view serial, const std::string& uuid) {
    const auto now = call.now();
    call.state.org->modify(serial, now, [&](device_record& d) {
        d.profile = uuid;
        d.status = profile_status::assigned;
        d.profile_assigned = now;
        d.profile_pushed.reset();
        std::erase_if(d.assignments, [&](time_point t) { return t + day <= now; });
        if (call.state.rules.assignments_a_day > 0) {
            d.assignments.push_back(now);
        }
    });
}

assignment assign_all(dep_call& call, const std::vector<std::string>& serials,
                      const std::string& uuid) {
    const bool by_fault =
        call.state.faults.take(fault::throttled, call.server.id, net::path_of(call.what.target));
    const bool fails = is_to_fail(call);
    assignment out;
    for (const auto& serial : serials) {
        const auto device = own_device(call, serial);
        if (!device) {
            out.results[serial] = "NOT_ACCESSIBLE";
        } else if (fails) {
            out.results[serial] = "FAILED";
        } else if (by_fault || is_throttled(call, *device)) {
            // Derived: an older client that knows no THROTTLED is told FAILED (ABM-072).
            out.results[serial] = call.version >= 9 ? "THROTTLED" : "FAILED";
            out.throttled = true;
            const auto until = call.now() + call.state.rules.cool_down;
            if (!device->throttled_until || *device->throttled_until <= call.now()) {
                call.state.org->modify_silently(
                    serial, [&](device_record& d) { d.throttled_until = until; });
            }
        } else {
            assign_one(call, serial, uuid);
            out.results[serial] = "SUCCESS";
        }
    }
    return out;
}

net::reply assigned(dep_call& call, const std::string& uuid, assignment done) {
    json out{{"profile_uuid", uuid}, {"devices", std::move(done.results)}};
    if (done.throttled && call.version >= 10) {
        const auto wait = std::chrono::ceil<std::chrono::seconds>(call.state.rules.cool_down);
        out["retry_after_seconds"] = wait.count();
    }
    return answer_json(out);
}

net::reply define_profile(dep_call& call) {
    if (const auto why = judge_profile(call.body)) {
        return call.refuse(*why);
    }
    if (call.server.profiles.size() >= max_profiles) {
        return call.refuse(errors::too_many_requests);
    }
    const auto serials = serials_in(call.body);
    auto uuid = to_hex_upper(call.state.world->random(profile_uuid_bytes));
    auto kept = call.body;
    kept.erase("devices");
    kept.erase("profile_uuid");
    call.server.profiles.emplace(uuid, kept.dump());
    return assigned(call, uuid, serials ? assign_all(call, *serials, uuid) : assignment{});
}

net::reply read_profile(dep_call& call) {
    const auto uuid = net::query_parameter(call.what.target, "profile_uuid");
    if (!uuid || uuid->empty()) {
        return call.refuse(errors::profile_uuid_required);
    }
    const auto found = call.server.profiles.find(*uuid);
    if (found == call.server.profiles.end()) {
        return call.refuse(errors::not_found);
    }
    auto out = json::parse(found->second);
    out["profile_uuid"] = *uuid;
    return answer_json(out);
}

net::reply assign_profile(dep_call& call) {
    const auto uuid = call.body.find("profile_uuid");
    if (uuid == call.body.end() || !uuid->is_string() ||
        uuid->get_ref<const std::string&>().empty()) {
        return call.refuse(errors::profile_uuid_required);
    }
    const auto serials = serials_in(call.body);
    if (!serials) {
        return call.refuse(errors::device_id_required);
    }
    const auto name = uuid->get<std::string>();
    if (!call.server.profiles.contains(name)) {
        return call.refuse(errors::profile_not_found);
    }
    return assigned(call, name, assign_all(call, *serials, name));
}

/// Apple, "Remove a Profile": devices that took it keep it until they are erased.
net::reply remove_profile(dep_call& call) {
    const auto serials = serials_in(call.body);
    if (!serials) {
        return call.refuse(errors::device_id_required);
    }
    const bool fails = is_to_fail(call);
    json out = json::object();
    for (const auto& serial : *serials) {
        const bool own = own_device(call, serial) != nullptr;
        if (own && !fails) {
            call.state.org->modify(serial, call.now(), [](device_record& d) {
                d.status = d.status == profile_status::pushed ? profile_status::removed
                                                              : profile_status::empty;
                d.profile.clear();
                d.profile_assigned.reset();
                d.profile_pushed.reset();
            });
        }
        out[serial] = !own ? "NOT_ACCESSIBLE" : fails ? "FAILED" : "SUCCESS";
    }
    return answer_json({{"devices", std::move(out)}});
}

constexpr std::array<dep_endpoint, 5> endpoints{{
    {"POST", "/profile", define_profile},
    {"GET", "/profile", read_profile},
    {"POST", "/profile/devices", assign_profile},
    {"PUT", "/profile/devices", assign_profile},
    {"DELETE", "/profile/devices", remove_profile},
}};

} // namespace

std::span<const dep_endpoint> profile_endpoints() {
    return endpoints;
}

} // namespace pomona::sim::abm
