// /v1/users: the network users whom this server manages.
#include "answers.hpp"
#include "api/api.hpp"
#include "users/user_tokens.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace pomona::server::api {
namespace {

using nlohmann::json;

constexpr std::size_t longest_name = 255;
constexpr std::size_t most_users = 100'000;

/// {"password": "…"}; an empty body or none: managed without a token.
std::optional<std::string> password_in(const bytes& body) {
    if (body.empty()) {
        return std::string{};
    }
    const auto read = json::parse(body.begin(), body.end(), nullptr, false);
    if (!read.is_object()) {
        return std::nullopt;
    }
    const auto found = read.find("password");
    if (found == read.end()) {
        return std::string{};
    }
    return found->is_string() ? std::optional{found->get<std::string>()} : std::nullopt;
}

net::response list(const service& s) {
    json names = json::array();
    for (auto& name : s.users.names()) {
        names.push_back({{"short_name", name}, {"token", s.users.wants_token(name)}});
    }
    return json_answer(200, json{{"users", std::move(names)}}.dump());
}

} // namespace

net::task<net::response> users(call c) {
    if (c.method() == "GET" && c.id.empty()) {
        co_return list(*c.s);
    }
    if (c.id.empty() || c.id.size() > longest_name) {
        co_return error_answer(400, "a user is named in the path: /v1/users/NAME");
    }
    if (c.method() == "PUT") {
        const auto password = password_in(c.in.what.body);
        if (!password) {
            co_return error_answer(400, "the body is {\"password\": \"…\"}, or empty");
        }
        if (c.s->users.names().size() >= most_users) {
            co_return error_answer(409, "there are too many users");
        }
        c.s->users.put(c.id, *password);
    } else if (c.method() == "DELETE") {
        if (!c.s->users.remove(c.id)) {
            co_return error_answer(404, "there is no such user");
        }
    } else {
        co_return wrong_method("GET, PUT, DELETE");
    }
    const auto kept = co_await keep_network_users(c.s);
    co_return kept ? empty_answer(204) : failure_answer("keeping the users", kept.error());
}

} // namespace pomona::server::api
