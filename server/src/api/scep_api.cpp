// /v1/scep-approval and /v1/scep-requests: certificate requests that wait for a decision.
#include "answers.hpp"
#include "api/api.hpp"
#include "pomona/foundation/encoding.hpp"

#include <nlohmann/json.hpp>

namespace pomona::server::api {
namespace {

using nlohmann::json;

constexpr std::string_view manual = "manual";
constexpr std::string_view automatic = "automatic";

net::response list(const service& s) {
    json all = json::array();
    for (const auto* one : s.pending.list()) {
        all.push_back({{"transaction_id", one->transaction_id},
                       {"subject", crypto::to_text(one->what.request.subject)},
                       {"received", to_rfc3339(one->what.query.now)},
                       {"state", to_text(one->decided)}});
    }
    const json body{{"requests", std::move(all)}};
    return json_answer(200, body.dump(-1, ' ', false, json::error_handler_t::replace));
}

} // namespace

net::task<net::response> scep_approval(call c) {
    auto& pending = c.s->pending;
    if (c.method() == "PUT") {
        if (c.id != manual && c.id != automatic) {
            co_return error_answer(400, "approval is `manual` or `automatic`");
        }
        pending.manual = c.id == manual;
    } else if (c.method() != "GET") {
        co_return wrong_method("GET, PUT");
    }
    const json body{{"approval", pending.manual ? manual : automatic}};
    co_return json_answer(200, body.dump());
}

net::task<net::response> scep_requests(call c) {
    if (c.method() == "GET" && c.id.empty()) {
        co_return list(*c.s);
    }
    if (c.method() != "PUT") {
        co_return wrong_method("GET, PUT");
    }
    const bool approve = c.flag("approve");
    if (approve == c.flag("deny")) {
        co_return error_answer(400, "decide: ?approve=1 or ?deny=1");
    }
    if (!c.s->pending.decide(c.id, approve ? decision::approved : decision::denied)) {
        co_return error_answer(404, "no request of this transaction waits");
    }
    co_return empty_answer(204);
}

} // namespace pomona::server::api
