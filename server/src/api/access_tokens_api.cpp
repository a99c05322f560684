// /v1/access-tokens/ACCOUNT: what signing in would give to a user who enrolls a Mac by account.
#include "answers.hpp"
#include "api/api.hpp"
#include "pomona/foundation/encoding.hpp"

#include <nlohmann/json.hpp>

namespace pomona::server::api {

net::task<net::response> access_tokens(call c) {
    constexpr std::size_t token_bytes = 24;
    if (c.method() != "PUT") {
        co_return wrong_method("PUT");
    }
    const auto mode = mode_of_path(c.parameter("mode"));
    const auto at = c.id.rfind('@');
    if (!mode || at == std::string::npos || at == 0 || at + 1 == c.id.size() || c.id.size() > 320) {
        co_return error_answer(400, "PUT /v1/access-tokens/USER@DOMAIN?mode=byod (or adde)");
    }
    accounts::account one{c.id, *mode, to_hex(c.s->world.random(token_bytes))};
    const nlohmann::json body{{"access_token", one.token}};
    if (!c.s->accounts.put(std::move(one))) {
        co_return error_answer(409, "there are too many accounts");
    }
    co_return json_answer(200, body.dump());
}

} // namespace pomona::server::api
