#include "abm/dep_api.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace pomona::sim::abm {
namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view session_header = "X-ADM-Auth-Session";

/// Absent: the oldest behaviour.
int version_of(const net::request& what) {
    const auto text = net::find_header(what.headers, "x-server-protocol-version");
    int out = 1;
    if (text) {
        std::from_chars(text->data(), text->data() + text->size(), out);
    }
    return std::clamp(out, 1, 1000);
}

std::optional<dep_error> judge_agent(const dep_state& state, const net::request& what) {
    const auto agent = net::find_header(what.headers, "user-agent");
    if (!agent || agent->empty()) {
        return errors::user_agent_missing;
    }
    const bool refused = std::ranges::any_of(
        state.rules.refused_agents, [&](const std::string& a) { return agent->starts_with(a); });
    return refused ? std::optional{errors::user_agent_invalid} : std::nullopt;
}

/// The addresses a client may have signed: what it says in Host, and what was configured.
std::vector<std::string> urls_of(const dep_state& state, const net::request& what) {
    const std::string path{net::path_of(what.target)};
    std::vector<std::string> out;
    if (const auto host = net::find_header(what.headers, "host")) {
        auto name = std::string{*host};
        std::ranges::transform(name, name.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        // RFC 5849 section 3.4.1.2: a port that is the scheme's own is left out; which scheme the
        // client knows is not told behind a proxy.
        const auto without = [&](std::string_view port) {
            return name.ends_with(port) ? name.substr(0, name.size() - port.size()) : name;
        };
        out.push_back("https://" + without(":443") + path);
        out.push_back("http://" + without(":80") + path);
    }
    for (const auto& base : state.base_urls) {
        out.push_back(base + path);
    }
    return out;
}

net::reply open_session(dep_state& state, const net::request& what) {
    const auto refused = [&](const dep_error& why) { return refuse(why, state.rules.error_form); };
    auto token = state.sessions.open(what, urls_of(state, what));
    if (!token) {
        return refused(token.error());
    }
    if (!state.org->terms_accepted) {
        return refused(errors::terms_not_signed);
    }
    return answer_json({{"auth_session_token", *std::move(token)}});
}

net::reply broken(net::reply whole) {
    whole.what.body.resize(whole.what.body.size() / 2);
    return whole;
}

/// RFC 9110 section 5.6.7, IMF-fixdate.
std::string to_http_date(time_point at) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(std::time_t{seconds}));
}

net::reply refuse_by_fault(const dep_state& state, const fault_order& order) {
    const auto plain = [&](const dep_error& why) { return refuse(why, state.rules.error_form); };
    const auto later = [&](const dep_error& why) {
        auto out = plain(why);
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(order.retry_after);
        // RFC 9110 section 10.2.3: seconds, or a date.
        out.what.headers.push_back({"Retry-After", order.retry_as_date
                                                       ? to_http_date(state.world->now() + seconds)
                                                       : std::to_string(seconds.count())});
        return out;
    };
    switch (order.what) {
    case fault::unavailable:
        return later(errors::unavailable);
    case fault::too_many_requests:
        return later(errors::too_many_requests);
    case fault::unauthorized:
        return plain(errors::unauthorized);
    case fault::forbidden:
        return plain(errors::forbidden);
    case fault::token_rejected:
        return plain(errors::token_rejected_403);
    case fault::access_denied:
        return plain(errors::access_denied);
    case fault::terms_not_signed:
        return plain(errors::terms_not_signed);
    case fault::invalid_cursor:
        return plain(errors::invalid_cursor);
    case fault::expired_cursor:
        return plain(errors::expired_cursor);
    case fault::exhausted_cursor:
        return plain(errors::exhausted_cursor);
    default:
        return plain(errors::internal_error);
    }
}

/// Nullopt: no JSON object, as every request with a body has to be.
std::optional<json> body_of(const net::request& what) {
    if (what.method == "GET") {
        return json::object();
    }
    auto body = json::parse(what.body.begin(), what.body.end(), nullptr, false);
    if (body.is_discarded() && what.method == "DELETE" && what.body.empty()) {
        return json::object(); // the endpoint says what it needs
    }
    return body.is_object() ? std::optional{std::move(body)} : std::nullopt;
}

net::reply answer_with_session(dep_state& state, const net::request& what,
                               const dep_endpoint& endpoint, std::string_view token) {
    const auto refused = [&](const dep_error& why) { return refuse(why, state.rules.error_form); };
    auto* const server = state.sessions.find(token);
    if (server == nullptr) {
        return refused(!token.empty() && state.rules.forbidden_sessions ? errors::forbidden
                                                                        : errors::unauthorized);
    }
    if (!state.org->terms_accepted) {
        return refused(errors::terms_not_signed);
    }
    const auto fault = state.faults.take_refusal(server->id, endpoint.path);
    if (fault && fault->what != fault::malformed_json) {
        return refuse_by_fault(state, *fault);
    }
    auto body = body_of(what);
    if (!body) {
        return refused(errors::malformed_request_body);
    }
    dep_call call{.state = state,
                  .what = what,
                  .server = *server,
                  .version = version_of(what),
                  .body = *std::move(body)};
    auto out = endpoint.run(call);
    if (state.rules.moving_sessions ||
        state.faults.take(fault::new_session, server->id, endpoint.path)) {
        out.what.headers.push_back({std::string{session_header}, state.sessions.renew(token)});
    }
    return fault ? broken(std::move(out)) : out;
}

} // namespace

std::vector<dep_endpoint> all_dep_endpoints() {
    std::vector<dep_endpoint> out;
    for (const auto part : {account_endpoints(), device_endpoints(), profile_endpoints()}) {
        out.insert(out.end(), part.begin(), part.end());
    }
    return out;
}

net::reply answer_dep(dep_state& state, const net::request& what) {
    static const auto endpoints = all_dep_endpoints();
    const auto path = net::path_of(what.target);
    const bool is_session = path == "/session";
    const bool is_known =
        is_session || std::ranges::find(endpoints, path, &dep_endpoint::path) != endpoints.end();
    if (!is_known) {
        return refuse(errors::not_found, state.rules.error_form);
    }
    const auto endpoint = std::ranges::find_if(endpoints, [&](const dep_endpoint& e) {
        return e.path == path && e.method == what.method;
    });
    if (is_session ? what.method != "GET" : endpoint == endpoints.end()) {
        net::reply out; // ABM-019
        out.what.status = 405;
        return out;
    }
    if (const auto why = judge_agent(state, what)) {
        return refuse(*why, state.rules.error_form);
    }
    if (is_session) {
        if (const auto fault = state.faults.take_refusal({}, path)) {
            return refuse_by_fault(state, *fault);
        }
        return open_session(state, what);
    }
    return answer_with_session(state, what, *endpoint,
                               net::find_header(what.headers, session_header).value_or(""));
}

std::optional<std::vector<std::string>> serials_in(const json& body) {
    const auto found = body.find("devices");
    if (found == body.end() || !found->is_array() || found->empty()) {
        return std::nullopt;
    }
    std::vector<std::string> out;
    for (const auto& item : *found) {
        if (!item.is_string()) {
            return std::nullopt;
        }
        out.push_back(item.get<std::string>());
    }
    return out;
}

bool is_to_fail(const dep_call& call) {
    return call.state.faults.take(fault::failed, call.server.id, net::path_of(call.what.target));
}

device_ptr own_device(const dep_call& call, std::string_view serial) {
    auto device = call.state.org->find_device(serial);
    return device && device->server == call.server.id ? device : nullptr;
}

} // namespace pomona::sim::abm
