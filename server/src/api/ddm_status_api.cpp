#include "answers.hpp"
#include "api/api.hpp"
#include "ddm/status_views.hpp"

#include <nlohmann/json.hpp>

namespace pomona::server::api {
namespace {

using nlohmann::json;
using view = std::string (*)(const ddm_status_row&);

/// {"<id>": <view>, …} for each enrollment named.
net::task<net::response> status_of_each(call c, view show) {
    if (c.method() != "GET") {
        co_return wrong_method("GET");
    }
    auto out = json::object();
    for (const auto& id : ids_of(c.id)) {
        const auto row = co_await c.s->keep->ddm_status(id);
        if (!row) {
            co_return failure_answer("reading a status", row.error());
        }
        out[id.value()] = json::parse(show(*row), nullptr, false);
    }
    co_return json_answer(200, out.dump(-1, ' ', false, json::error_handler_t::replace));
}

} // namespace

net::task<net::response> declaration_status(call c) {
    if (c.method() != "GET") {
        co_return wrong_method("GET");
    }
    auto out = json::object();
    for (const auto& id : ids_of(c.id)) {
        const auto row = co_await c.s->keep->ddm_status(id);
        const auto d = co_await c.s->keep->declared_for(id, c.s->world.now());
        if (!row || !d) {
            co_return failure_answer("reading a status", row ? d.error() : row.error());
        }
        out[id.value()] = json::parse(declaration_status_view(*row, *d), nullptr, false);
    }
    co_return json_answer(200, out.dump(-1, ' ', false, json::error_handler_t::replace));
}

net::task<net::response> status_values(call c) {
    return status_of_each(std::move(c), status_values_view);
}

net::task<net::response> status_errors(call c) {
    return status_of_each(std::move(c), status_errors_view);
}

net::task<net::response> status(call c) {
    return status_of_each(std::move(c), status_view);
}

} // namespace pomona::server::api
