#include "real/server_session.hpp"

#include <spdlog/spdlog.h>

#include <exception>

namespace pomona::net::real {

namespace {
/// Long enough to tell resources apart, too short for a push token.
constexpr std::size_t longest_path = 32;
constexpr std::size_t longest_reason = 120;
constexpr std::string_view retry_after = "5";
} // namespace

task<reply> call_handler(std::shared_ptr<const handler> on_request, incoming what) {
    std::string failure;
    try {
        co_return co_await (*on_request)(std::move(what));
    } catch (const std::exception& e) {
        failure = e.what();
    } catch (...) {
        failure = "an exception of unknown type";
    }
    spdlog::error("a request handler ended by an exception: {}", escape(failure));
    reply out;
    out.what.status = 500;
    co_return out;
}

void client_gone(message_queue& queue) {
    if (queue.closed()) {
        return; // the server ended it first
    }
    queue.close();
    if (const auto tell = std::exchange(queue.on_closed, nullptr)) {
        tell();
    }
}

void note_answer(const server_setup& setup, const request& to, const response& answer) {
    if (answer.status < 400) {
        return;
    }
    auto line = escape(to.method, 16) + ' ' + escape(path_of(to.target), longest_path) +
                " answered " + std::to_string(answer.status);
    if (media_type(answer.headers) == "text/plain") {
        const auto text = as_text(answer.body);
        line += ": " + std::string{text.substr(0, std::min(text.find('\n'), longest_reason))};
    }
    setup.note(refusal::answer, line, answer.status);
}

response refusal_answer(unsigned status, bool later) {
    response out;
    out.status = status;
    if (later) { // RFC 9110 section 15.5.14: the condition is temporary
        out.headers.push_back({"Retry-After", std::string{retry_after}});
    }
    complete_headers(out);
    return out;
}

} // namespace pomona::net::real
