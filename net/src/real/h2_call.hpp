// One exchange of an HTTP/2 client.
#pragma once

#include "real/client_core.hpp"

#include <deque>
#include <memory>
#include <optional>

namespace pomona::net::real {

/// One request and what has come back so far; shared by the session and the waiting task.
struct h2_call {
    h2_call(world& owner, request r, bool wants_stream)
        : what{std::move(r)}, subscribing{wants_stream}, changed{owner} {}
    request what;
    std::optional<exchange_log> log;
    std::size_t body_sent = 0;
    bool sent = false;
    response answer;
    std::size_t header_bytes = 0;
    bool subscribing;       ///< wants a response that stays open
    bool streaming = false; ///< and got one
    bool headers_done = false;
    bool done = false;
    std::optional<transport_error> failure;
    line_splitter splitter;
    std::deque<bytes> lines;
    signal changed;

    void fail(transport_failure kind, bool after_send, std::string detail) {
        if (!failure && !done) {
            failure = transport_error{kind, after_send, std::move(detail), 0, header_bytes > 0};
        }
        changed.notify_all();
    }
};
using call_ptr = std::shared_ptr<h2_call>;

} // namespace pomona::net::real
