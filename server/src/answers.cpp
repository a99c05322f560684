#include "answers.hpp"

#include "pomona/protocol/mdm/keys.hpp"

#include <spdlog/spdlog.h>

namespace pomona::server {

net::response empty_answer(unsigned status) {
    net::response out;
    out.status = status;
    return out;
}

net::response answer_with(unsigned status, std::string_view content_type, bytes body) {
    net::response out;
    out.status = status;
    out.headers.push_back({"Content-Type", std::string{content_type}});
    out.body = std::move(body);
    return out;
}

net::response plain_answer(unsigned status, std::string_view text) {
    return answer_with(status, "text/plain; charset=UTF-8", to_bytes(std::string{text} + '\n'));
}

net::response json_answer(unsigned status, std::string_view json) {
    return answer_with(status, mdm::json_content_type, to_bytes(json));
}

net::response wrong_method(std::string_view allowed) {
    auto out = plain_answer(405, "this resource is used with another method");
    out.headers.push_back({"Allow", std::string{allowed}});
    return out;
}

net::response unrecognized_answer() {
    return json_answer(403, R"({"code":"com.apple.unrecognized.device",)"
                            R"("description":"this device is not enrolled here"})");
}

net::response failure_answer(std::string_view doing, const error& why) {
    spdlog::error("{} failed: {}", doing, why.message());
    return plain_answer(500, "the server could not store or read its data; try again later");
}

} // namespace pomona::server
