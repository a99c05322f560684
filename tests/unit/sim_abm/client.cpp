#include "client.hpp"

#include <fmt/format.h>

namespace pomona::sim::abm {

dep::dep() : world_{net::make_virtual_world({.seed = 1, .start = {}})} {
    state_ = std::make_unique<dep_state>(*world_, org_);
    for (const std::string id : {"S1", "S2"}) {
        auto* const server = org_.add_server(id, "Server " + id, now());
        server->token = {.consumer_key = "CK_" + id,
                         .consumer_secret = "CS_+/%&=" + id,
                         .access_token = "AT_" + id,
                         .access_secret = "AS_ ~" + id,
                         .expires = now() + std::chrono::days{365}};
    }
}

net::response dep::sign_in(const std::function<void(pomona::abm::oauth_request&)>& change,
                           const std::string& server) {
    const auto* entry = org_.find_server(server);
    pomona::abm::oauth_request how{.url = "https://localhost:8443/session",
                                   .consumer_key = entry->token->consumer_key,
                                   .consumer_secret = entry->token->consumer_secret,
                                   .access_token = entry->token->access_token,
                                   .access_secret = entry->token->access_secret,
                                   .nonce = world_->random_uuid(),
                                   .at = now()};
    if (change) {
        change(how);
    }
    net::request what{.method = "GET",
                      .target = "/session",
                      .headers = {{"Host", "localhost:8443"},
                                  {"User-Agent", "test/1"},
                                  {"Authorization", pomona::abm::write_oauth_header(how)}},
                      .body = {}};
    return answer_dep(*state_, what).what;
}

std::string dep::session(const std::string& server) {
    auto& kept = sessions_[server];
    if (kept.empty() || state_->sessions.find(kept) == nullptr) {
        const auto answer = sign_in({}, server);
        EXPECT_EQ(answer.status, 200U) << text_of(answer);
        kept = json::parse(answer.body)["auth_session_token"];
    }
    return kept;
}

net::response dep::call(const std::string& method, const std::string& target, const json& body,
                        const std::string& server) {
    net::request what{.method = method,
                      .target = target,
                      .headers = {{"Host", "localhost:8443"},
                                  {"User-Agent", "test/1"},
                                  {"X-Server-Protocol-Version", std::to_string(version_)},
                                  {"X-ADM-Auth-Session", session(server)}},
                      .body = {}};
    what.headers.insert(what.headers.end(), extra_headers_.begin(), extra_headers_.end());
    if (method != "GET") {
        what.body = to_bytes(body.is_null() ? "{}" : body.dump());
    }
    return answer_dep(*state_, what).what;
}

json dep::good(const std::string& method, const std::string& target, const json& body,
               const std::string& server) {
    const auto answer = call(method, target, body, server);
    EXPECT_EQ(answer.status, 200U) << target << ": " << text_of(answer);
    return answer.body.empty() ? json{} : json::parse(answer.body);
}

std::string dep::refused(const std::string& method, const std::string& target, const json& body,
                         const std::string& server) {
    const auto answer = call(method, target, body, server);
    return std::to_string(answer.status) + ' ' + text_of(answer);
}

void dep::add_devices(std::size_t count, const std::string& server, const std::string& prefix) {
    for (std::size_t i = 0; i < count; ++i) {
        device_record d;
        d.serial = serial_number{fmt::format("{}{:05}", prefix, i)};
        d.server = server;
        d.assigned_by = "admin@example.org";
        EXPECT_TRUE(org_.add_device(std::move(d), now()));
    }
}

std::string dep::define(json extra, const std::string& server) {
    json profile{{"profile_name", "P"}, {"url", "https://mdm.example.org/enroll"}};
    if (extra.is_object()) {
        profile.update(extra);
    }
    return good("POST", "/profile", profile, server)["profile_uuid"];
}

std::string text_of(const net::response& r) {
    return {r.body.begin(), r.body.end()};
}

std::vector<std::string> serials_of(const json& devices) {
    std::vector<std::string> out;
    for (const auto& d : devices) {
        out.push_back(d["serial_number"]);
    }
    return out;
}

} // namespace pomona::sim::abm
