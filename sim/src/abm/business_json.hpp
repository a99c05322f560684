// Resources and errors of the Apple Business API, in the form of JSON:API.
#pragma once

#include "pomona/net/listener.hpp"
#include "pomona/sim/abm/business.hpp"

#include <nlohmann/json.hpp>

namespace pomona::sim::abm {

/// An error of the API: `code` is dotted, `status` goes as text (Apple, "ErrorResponse").
struct api_error {
    unsigned status;
    std::string code;
    std::string title;
    std::string detail;
    std::string parameter = {}; ///< source of a query parameter, or
    std::string pointer = {};   ///< of a place in the body
};
net::reply refuse(const api_error& why, const std::string& id);
net::reply answer_api(unsigned status, const nlohmann::ordered_json& body);

nlohmann::ordered_json device_resource(const device_record& d);
nlohmann::ordered_json server_resource(const server_entry& s);
nlohmann::ordered_json activity_resource(const activity& a, time_point now);

} // namespace pomona::sim::abm
