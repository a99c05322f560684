#include "abm/business_json.hpp"

#include <fmt/format.h>

namespace pomona::sim::abm {
namespace {

using json = nlohmann::ordered_json;

/// With milliseconds, unlike the device-enrollment service.
std::string api_time(time_point t) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(t);
    const auto left = std::chrono::floor<std::chrono::milliseconds>(t - seconds);
    auto text = to_rfc3339(seconds);
    text.pop_back(); // the Z
    return text + fmt::format(".{:03}Z", left.count());
}

} // namespace

net::reply answer_api(unsigned status, const json& body) {
    net::reply out;
    out.what.status = status;
    out.what.headers = {{"Content-Type", "application/json"}};
    out.what.body = to_bytes(body.dump(-1, ' ', false, json::error_handler_t::replace));
    return out;
}

net::reply refuse(const api_error& why, const std::string& id) {
    json one{{"id", id},
             {"status", std::to_string(why.status)},
             {"code", why.code},
             {"title", why.title},
             {"detail", why.detail}};
    if (!why.parameter.empty()) {
        one["source"] = {{"parameter", why.parameter}};
    } else if (!why.pointer.empty()) {
        one["source"] = {{"pointer", why.pointer}};
    }
    return answer_api(why.status, {{"errors", json::array({std::move(one)})}});
}

json device_resource(const device_record& d) {
    const auto& serial = d.serial.value();
    const auto self = "/v1/orgDevices/" + serial;
    return {{"type", "orgDevices"},
            {"id", serial},
            {"attributes",
             {{"serialNumber", serial},
              {"addedToOrgDateTime", api_time(d.added)},
              {"updatedDateTime", api_time(std::max(d.added, d.assigned))},
              {"deviceModel", d.model},
              {"productFamily", d.family},
              {"productType", d.product_type},
              {"color", d.color},
              {"status", d.server.empty() ? "UNASSIGNED" : "ASSIGNED"},
              {"purchaseSourceType", "MANUALLY_ADDED"}}},
            {"relationships",
             {{"assignedServer",
               {{"links",
                 {{"self", self + "/relationships/assignedServer"},
                  {"related", self + "/assignedServer"}}}}}}},
            {"links", {{"self", self}}}};
}

json server_resource(const server_entry& s) {
    const auto self = "/v1/mdmServers/" + s.id;
    return {
        {"type", "mdmServers"},
        {"id", s.id},
        {"attributes",
         {{"serverName", s.name},
          {"serverType", "MDM"},
          {"createdDateTime", api_time(s.created)},
          {"updatedDateTime", api_time(s.updated)}}},
        {"relationships", {{"devices", {{"links", {{"self", self + "/relationships/devices"}}}}}}},
        {"links", {{"self", self}}}};
}

json activity_resource(const activity& a, time_point now) {
    // Apple, "OrgDeviceActivity": submitted, under way, and how it ended.
    const char* status = "IN_PROGRESS";
    const char* sub = now == a.created ? "SUBMITTED" : "PROCESSING";
    if (a.completed) {
        status = "COMPLETED";
        sub = a.failed == 0 ? "COMPLETED_WITH_SUCCESS" : "COMPLETED_WITH_ERROR";
    }
    json attributes{
        {"status", status}, {"subStatus", sub}, {"createdDateTime", api_time(a.created)}};
    const auto self = "/v1/orgDeviceActivities/" + a.id;
    if (a.completed) {
        attributes["completedDateTime"] = api_time(*a.completed);
        attributes["downloadUrl"] = self + "/log.csv";
    }
    return {{"type", "orgDeviceActivities"},
            {"id", a.id},
            {"attributes", std::move(attributes)},
            {"links", {{"self", self}}}};
}

} // namespace pomona::sim::abm
