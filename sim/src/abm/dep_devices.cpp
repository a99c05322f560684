// Devices: the list in pages, what changed since, single ones, and letting them go.
#include "abm/cursor.hpp"
#include "abm/dep_api.hpp"
#include "abm/device_json.hpp"

#include <algorithm>
#include <array>
#include <expected>

namespace pomona::sim::abm {
namespace {

using json = nlohmann::ordered_json;

/// Nullopt: no number. More than the maximum is capped (ABM-042).
std::optional<std::size_t> page_size(const dep_call& call) {
    const auto& how = call.state.rules;
    const auto found = call.body.find("limit");
    if (found == call.body.end() || found->is_null()) {
        return how.default_page;
    }
    if (!found->is_number_integer()) {
        return std::nullopt;
    }
    const auto wanted = found->get<std::int64_t>();
    return wanted <= 0 ? how.default_page
                       : std::min(static_cast<std::size_t>(wanted), how.max_page);
}

/// Observed: null and "" stand for none (ABM-041). Nullopt in the result: none was sent.
std::expected<std::optional<cursor>, dep_error> cursor_in(const dep_call& call) {
    const auto found = call.body.find("cursor");
    if (found == call.body.end() || found->is_null()) {
        return std::nullopt;
    }
    if (!found->is_string()) {
        return std::unexpected(errors::invalid_cursor);
    }
    const auto& text = found->get_ref<const std::string&>();
    if (text.empty()) {
        return std::nullopt;
    }
    auto read = read_cursor(text, call.state.cursor_key);
    if (!read || read->server != call.server.id) { // ABM-046
        return std::unexpected(errors::invalid_cursor);
    }
    return read;
}

void disturb_page(const dep_call& call, json& devices) {
    const auto path = net::path_of(call.what.target);
    auto& faults = call.state.faults;
    if (faults.take(fault::shuffled_page, call.server.id, path)) {
        std::ranges::reverse(devices);
    }
    if (faults.take(fault::missing_fields, call.server.id, path)) {
        for (auto& d : devices) {
            for (const auto* key : {"model", "device_family", "device_assigned_date", "op_date"}) {
                d.erase(key);
            }
        }
    }
    if (faults.take(fault::extra_fields, call.server.id, path)) {
        for (auto& d : devices) { // ABM-059
            d["device_family"] = "Toaster";
            d["profile_status"] = "toasted";
            d["x_unknown"] = {{"nested", json::array({1, nullptr})}};
        }
    }
}

net::reply page(dep_call& call, json devices, const cursor& next, bool more) {
    disturb_page(call, devices);
    auto text = write_cursor(next, call.state.cursor_key);
    if (call.state.faults.take(fault::repeated_cursor, call.server.id,
                               net::path_of(call.what.target))) {
        more = true; // ABM-057
        if (const auto sent = call.body.find("cursor");
            sent != call.body.end() && sent->is_string() && !sent->get<std::string>().empty()) {
            text = sent->get<std::string>();
        }
    }
    return answer_json({{"cursor", std::move(text)},
                        {"fetched_until", dep_time(call.now())},
                        {"more_to_follow", more},
                        {"devices", std::move(devices)}});
}

/// Apple, "Fetch Devices". The list ends with what was there when the first page was asked for; a
/// device that changes meanwhile moves behind the end, and sync tells of it (ABM-044).
net::reply fetch_devices(dep_call& call) {
    const auto most = page_size(call);
    if (!most) {
        return call.refuse(errors::malformed_request_body);
    }
    const auto sent = cursor_in(call);
    if (!sent) {
        return call.refuse(sent.error());
    }
    cursor at{.kind = cursor_kind::fetch,
              .server = call.server.id,
              .after = 0,
              .until = call.state.org->last_position(),
              .issued = call.now()};
    if (*sent) {
        if ((*sent)->kind == cursor_kind::sync || (*sent)->is_exhausted()) { // ABM-045
            return call.refuse(errors::exhausted_cursor);
        }
        at.after = (*sent)->after;
        at.until = (*sent)->until;
    }
    json devices = json::array();
    auto next = call.server.devices.upper_bound(at.after);
    const auto is_there = [&] {
        return next != call.server.devices.end() && next->first <= at.until;
    };
    for (; is_there() && devices.size() < *most; ++next) {
        devices.push_back(device_json(*next->second, call.version));
        at.after = next->first;
    }
    const bool more = is_there();
    if (!more) {
        at.after = at.until;
    }
    return page(call, std::move(devices), at, more);
}

/// Apple, "Sync the List of Devices".
net::reply sync_devices(dep_call& call) {
    const auto most = page_size(call);
    if (!most) {
        return call.refuse(errors::malformed_request_body);
    }
    const auto sent = cursor_in(call);
    if (!sent) {
        return call.refuse(sent.error());
    }
    if (!*sent) {
        return call.refuse(errors::cursor_required);
    }
    if ((*sent)->issued + cursor_lifetime < call.now() ||
        (*sent)->issued < call.state.cursors_before) { // ABM-047
        return call.refuse(errors::expired_cursor);
    }
    // Choice: an unfinished fetch goes on where its list ends.
    const auto after = (*sent)->kind == cursor_kind::fetch ? (*sent)->until : (*sent)->after;
    cursor at{.kind = cursor_kind::sync,
              .server = call.server.id,
              .after = after,
              .until = 0,
              .issued = call.now()};
    const auto& log = call.server.log;
    auto next = std::ranges::upper_bound(log, at.after, {}, &change::position);
    json devices = json::array();
    for (; next != log.end() && devices.size() < *most; ++next) {
        devices.push_back(change_json(*next, call.version));
        at.after = next->position;
    }
    return page(call, std::move(devices), at, next != log.end());
}

net::reply device_details(dep_call& call) {
    const auto serials = serials_in(call.body);
    if (!serials) {
        return call.refuse(errors::device_id_required);
    }
    const bool fails = is_to_fail(call);
    json out = json::object();
    for (const auto& serial : *serials) {
        const auto device = own_device(call, serial);
        auto one = device && !fails ? device_json(*device, call.version) : json::object();
        one["response_status"] = !device ? "NOT_ACCESSIBLE" : fails ? "FAILED" : "SUCCESS";
        out[serial] = std::move(one);
    }
    return answer_json({{"devices", std::move(out)}});
}

net::reply disown(dep_call& call) {
    const auto serials = serials_in(call.body);
    if (!serials) {
        return call.refuse(errors::device_id_required);
    }
    if (!call.server.may_disown) {
        return call.refuse(errors::access_denied);
    }
    const bool fails = is_to_fail(call);
    json out = json::object();
    for (const auto& serial : *serials) {
        const bool own = own_device(call, serial) != nullptr;
        if (own && !fails) {
            call.state.org->release(serial, call.now());
        }
        out[serial] = !own ? "NOT_ACCESSIBLE" : fails ? "FAILED" : "SUCCESS";
    }
    return answer_json({{"devices", std::move(out)}});
}

/// 64 hex digits, or absent.
bool is_escrow_key(const json& body, std::string& into) {
    const auto found = body.find("escrow_key");
    if (found == body.end()) {
        return true;
    }
    if (!found->is_string()) {
        return false;
    }
    into = found->get<std::string>();
    return into.size() == 64 &&
           into.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

/// Apple, "Activation Lock a Device".
net::reply activation_lock(dep_call& call) {
    const auto found = call.body.find("device");
    std::string key;
    if (found == call.body.end() || !found->is_string() || !is_escrow_key(call.body, key)) {
        return call.refuse(errors::malformed_request_body);
    }
    const auto serial = found->get<std::string>();
    const auto device = own_device(call, serial);
    std::string_view said = "SUCCESS";
    if (is_to_fail(call)) {
        said = "FAILED";
    } else if (!call.state.org->is_supported) {
        said = "ORG_NOT_SUPPORTED";
    } else if (!device) {
        said = "NOT_ACCESSIBLE";
    } else if (device->activation_locked) {
        said = "DEVICE_ALREADY_LOCKED";
    } else if (device->family == "AppleTV") {
        said = "DEVICE_NOT_SUPPORTED";
    } else {
        call.state.org->modify(serial, call.now(), [&](device_record& d) {
            d.activation_locked = true;
            d.activation_lock_key = key;
        });
    }
    return answer_json({{"serial_number", serial}, {"response_status", said}});
}

constexpr std::array<dep_endpoint, 5> endpoints{{
    {"POST", "/server/devices", fetch_devices, true},
    {"POST", "/devices/sync", sync_devices, true},
    {"POST", "/devices", device_details},
    {"POST", "/devices/disown", disown},
    {"POST", "/device/activationlock", activation_lock},
}};

} // namespace

std::span<const dep_endpoint> device_endpoints() {
    return endpoints;
}

} // namespace pomona::sim::abm
