#include "abm/dep_answer.hpp"

#include <nlohmann/json.hpp>

namespace pomona::sim::abm {

net::reply refuse(const dep_error& why, error_form form) {
    net::reply out;
    out.what.status = why.status;
    const std::string code{why.code};
    if (form == error_form::json) {
        out.what.headers = {{"Content-Type", "application/json;charset=UTF8"}};
        out.what.body = to_bytes(nlohmann::json{{"code", code}}.dump());
    } else {
        out.what.headers = {{"Content-Type", "text/plain;charset=UTF8"}};
        out.what.body = to_bytes(form == error_form::quoted ? '"' + code + '"' : code);
    }
    return out;
}

net::reply answer_json(const nlohmann::ordered_json& body) {
    net::reply out;
    out.what.headers = {{"Content-Type", "application/json;charset=UTF8"}};
    out.what.body =
        to_bytes(body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return out;
}

} // namespace pomona::sim::abm
