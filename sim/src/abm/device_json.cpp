#include "abm/device_json.hpp"

#include <nlohmann/json.hpp>

namespace pomona::sim::abm {
namespace {

using json = nlohmann::ordered_json;

void set_text(json& into, const char* key, const std::string& text) {
    if (!text.empty()) {
        into[key] = text;
    }
}

void set_time(json& into, const char* key, const std::optional<time_point>& t) {
    if (t) {
        into[key] = dep_time(*t);
    }
}

json identity_json(const device_record& device, int version) {
    json out{{"serial_number", device.serial.value()}, {"model", device.model}};
    set_text(out, "description", device.description);
    set_text(out, "color", device.color);
    set_text(out, "asset_tag", device.asset_tag);
    if (version >= 2) {
        out["device_family"] = device.family;
        out["os"] = version < 7 && device.os == "iPadOS" ? "iOS" : device.os;
    }
    return out;
}

} // namespace

std::string dep_time(time_point t) {
    return to_rfc3339(std::chrono::floor<std::chrono::seconds>(t));
}

json device_json(const device_record& device, int version) {
    auto out = identity_json(device, version);
    out["profile_status"] = to_text(device.status);
    set_text(out, "profile_uuid", device.profile);
    set_time(out, "profile_assign_time", device.profile_assigned);
    set_time(out, "profile_push_time", device.profile_pushed);
    out["device_assigned_date"] = dep_time(device.assigned);
    set_text(out, "device_assigned_by", device.assigned_by);
    if (version >= 8) {
        set_time(out, "mdm_migration_deadline", device.migration_deadline);
    }
    if (version >= 10) {
        out["is_replacement_device"] = device.is_replacement;
    }
    return out;
}

json change_json(const change& c, int version) {
    auto out = c.what == operation::deleted ? identity_json(*c.device, version)
                                            : device_json(*c.device, version);
    out["op_type"] = to_text(c.what);
    out["op_date"] = dep_time(c.date);
    if (c.what == operation::added) { // Apple, "Device": equal for an added one
        out["device_assigned_date"] = out["op_date"];
    }
    return out;
}

} // namespace pomona::sim::abm
