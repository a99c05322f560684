#include "answers.hpp"
#include "api/api.hpp"
#include "push/push_identity.hpp"

#include <nlohmann/json.hpp>

namespace pomona::server::api {
namespace {

using nlohmann::json;
using days = std::chrono::days;

// Choice: a push certificate lasts a year; renewing it takes an Apple Account and a day or two.
constexpr auto warn_before = days{30};

net::response describe(const service& s) {
    const auto& identity = s.push->identity();
    if (!identity) {
        return error_answer(404, "there is no push certificate yet: PUT one with its key");
    }
    const auto end = identity->identity.cert.not_after();
    json body{{"topic", identity->topic.value()}, {"not_after", to_rfc3339(end)}};
    if (s.world.now() >= end) {
        body["warning"] = "the push certificate has expired: no Mac can be reached";
    } else if (end - s.world.now() < warn_before) { // APNS-054
        body["warning"] = "the push certificate expires soon: renew it with the same Apple Account";
    }
    if (!s.push->certificate_problem().empty()) {
        body["problem"] = s.push->certificate_problem(); // APNS-050
    }
    return json_answer(200, body.dump(-1, ' ', false, json::error_handler_t::replace));
}

} // namespace

net::task<net::response> push_certificate(call c) {
    if (c.method() == "GET") {
        co_return describe(*c.s);
    }
    if (c.method() != "PUT") {
        co_return wrong_method("GET, PUT");
    }
    auto identity = read_push_pem(c.s->world.crypto(), c.in.what.body);
    if (!identity) {
        co_return error_answer(400, identity.error().message());
    }
    const auto taken = co_await take_push_identity(c.s, std::move(*identity), c.flag("override"));
    if (!taken) {
        const bool ours =
            taken.error().code.category() == std::error_code{crypto::errc::wrong_key}.category();
        if (ours) {
            co_return error_answer(400, taken.error().message());
        }
        // APNS-053: every Mac enrolled under the old topic would fall silent.
        const bool other_topic = taken.error().code == std::errc::operation_not_permitted;
        co_return other_topic ? error_answer(409, taken.error().detail)
                              : failure_answer("keeping the push certificate", taken.error());
    }
    co_return describe(*c.s);
}

} // namespace pomona::server::api
