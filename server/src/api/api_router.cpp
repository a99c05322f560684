#include "answers.hpp"
#include "api/api.hpp"
#include "api/basic_auth.hpp"
#include "handlers.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/foundation/utf8.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace pomona::server {
namespace api {
namespace {

struct route {
    std::string_view resource;
    net::task<net::response> (*answer)(call);
};
// NanoMDM's and KMFDDM's names; enrollments, commands and status are ours.
constexpr std::array<route, 15> routes{{{"enqueue", enqueue},
                                        {"push", push},
                                        {"pushcert", push_certificate},
                                        {"commands", commands},
                                        {"enrollments", enrollments},
                                        {"users", users},
                                        {"assets", assets},
                                        {"declarations", declarations},
                                        {"sets", sets},
                                        {"set-declarations", set_declarations},
                                        {"enrollment-sets", enrollment_sets},
                                        {"declaration-status", declaration_status},
                                        {"status-values", status_values},
                                        {"status-errors", status_errors},
                                        {"status", status}}};

net::response unauthorized() {
    auto out = error_answer(401, "user or key is wrong");
    out.headers.push_back({"WWW-Authenticate", "Basic realm=\"pomona\""});
    return out;
}

} // namespace

bool call::flag(std::string_view name) const {
    const auto value = net::query_parameter(in.what.target, name);
    return value && !value->empty() && *value != "0";
}

std::string call::parameter(std::string_view name) const {
    return net::query_parameter(in.what.target, name).value_or("");
}

std::vector<enrollment_id> ids_of(std::string_view list) {
    constexpr std::size_t most = 10'000;
    std::vector<enrollment_id> out;
    while (!list.empty() && out.size() < most) {
        const auto one = list.substr(0, list.find(','));
        list.remove_prefix(std::min(one.size() + 1, list.size()));
        if (!one.empty()) {
            out.emplace_back(std::string{one});
        }
    }
    return out;
}

net::response error_answer(unsigned status, std::string_view text) {
    const nlohmann::json body{{"error", text}};
    return json_answer(status, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

} // namespace api

net::task<net::response> answer_api(service_ptr s, net::incoming in) {
    const auto path = net::path_of(in.what.target);
    if (path == "/version") {
        co_return json_answer(200, R"({"version":"pomona 0.1.0"})");
    }
    if (!authorized(in.what.headers, s->options.api_user, s->options.api_key)) {
        co_return api::unauthorized();
    }
    constexpr std::string_view root = "/v1/";
    const auto rest = path.substr(std::min(root.size(), path.size()));
    const auto slash = std::min(rest.find('/'), rest.size());
    const auto resource = rest.substr(0, slash);
    auto id = percent_decode(rest.substr(std::min(slash + 1, rest.size())));
    const auto* found = std::ranges::find(api::routes, resource, &api::route::resource);
    if (found == api::routes.end() || !id) {
        co_return api::error_answer(404, "there is no such resource");
    }
    if (!is_utf8(*id)) {
        co_return api::error_answer(400, "an identifier is UTF-8");
    }
    api::call c{std::move(s), std::move(in), std::move(*id)};
    co_return co_await found->answer(std::move(c));
}

} // namespace pomona::server
