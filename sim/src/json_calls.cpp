#include "json_calls.hpp"

namespace pomona::sim {

using json = nlohmann::ordered_json;

net::reply json_reply(unsigned status, const json& body) {
    net::reply out;
    out.what.status = status;
    out.what.headers = {{"content-type", "application/json"}};
    out.what.body = to_bytes(body.dump(-1, ' ', false, json::error_handler_t::replace));
    return out;
}

net::reply json_refusal(unsigned status, std::string_view why) {
    return json_reply(status, {{"error", why}});
}

std::optional<json> json_object_of(const net::request& what) {
    if (what.body.empty()) {
        return json::object();
    }
    auto body = json::parse(what.body.begin(), what.body.end(), nullptr, false);
    return body.is_object() ? std::optional{std::move(body)} : std::nullopt;
}

std::string text_in(const json& object, const char* key) {
    const auto found = object.find(key);
    return found == object.end() || !found->is_string() ? std::string{} : found->get<std::string>();
}

} // namespace pomona::sim
