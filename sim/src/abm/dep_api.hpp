// The device-enrollment service (Apple, "Device Assignment"): from a request to an answer.
#pragma once

#include "abm/faults.hpp"
#include "abm/sessions.hpp"

#include <nlohmann/json.hpp>

#include <span>

namespace pomona::sim::abm {

/// What requests share. On the world's thread.
struct dep_state {
    dep_state(net::world& w, organization& o)
        : world{&w}, org{&o}, sessions{w, o}, cursor_key{w.random(32)} {}

    net::world* world;
    organization* org;
    session_keeper sessions;
    fault_list faults;
    abm::rules rules;
    bytes cursor_key;
    time_point cursors_before;          ///< cursors that were given out before are too old
    std::vector<std::string> base_urls; ///< "https://localhost:8443": beside what Host says
};

/// A request with a session.
struct dep_call {
    dep_state& state;
    const net::request& what;
    server_entry& server;
    int version = 1;             ///< X-Server-Protocol-Version
    nlohmann::ordered_json body; ///< of POST, PUT and DELETE; an object
    [[nodiscard]] time_point now() const { return state.world->now(); }
    [[nodiscard]] net::reply refuse(const dep_error& why) const {
        return abm::refuse(why, state.rules.error_form);
    }
};

struct dep_endpoint {
    std::string_view method;
    std::string_view path;
    net::reply (*run)(dep_call&);
    bool has_page = false; ///< "limit" is of use; told in /account
};
std::span<const dep_endpoint> account_endpoints();
std::span<const dep_endpoint> device_endpoints();
std::span<const dep_endpoint> profile_endpoints();
/// All of them, GET /session left out.
std::vector<dep_endpoint> all_dep_endpoints();

net::reply answer_dep(dep_state& state, const net::request& what);

/// The serials of the body's "devices"; nullopt when they are missing, empty or no texts.
std::optional<std::vector<std::string>> serials_in(const nlohmann::ordered_json& body);
/// The fault `failed` is due for this request.
bool is_to_fail(const dep_call& call);
/// The device, when it is one of the caller's server; null otherwise.
device_ptr own_device(const dep_call& call, std::string_view serial);

} // namespace pomona::sim::abm
