// One request of an HTTP/2 client, and what wire faults do to it.
#pragma once

#include "exchange_tap.hpp"
#include "real/client_core.hpp"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <span>

namespace pomona::net::real {

/// One request and what has come back so far; shared by the session and the waiting task.
struct h2_call {
    static constexpr auto max_body = std::numeric_limits<std::size_t>::max();

    h2_call(world& owner, request r, bool wants_stream)
        : what{std::move(r)}, subscribing{wants_stream}, changed{owner} {}
    request what;
    std::optional<exchange_log> log;
    std::size_t body_sent = 0;
    std::size_t frame_limit = max_body; ///< octets of the body in one DATA frame
    std::size_t allowed = max_body;     ///< octets of the body that may be sent by now
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

    /// As nghttp2 wants it of a data source.
    ssize_t take_body(std::span<std::uint8_t> into, std::uint32_t& flags) {
        const auto left = what.body.size() - body_sent;
        const auto may = allowed - std::min(allowed, body_sent);
        const auto count = std::min({into.size(), frame_limit, left, may});
        if (count == 0 && left > 0) {
            return NGHTTP2_ERR_DEFERRED;
        }
        std::copy_n(what.body.begin() + static_cast<std::ptrdiff_t>(body_sent), count,
                    into.begin());
        body_sent += count;
        if (count == left) {
            flags |= NGHTTP2_DATA_FLAG_EOF;
        }
        return static_cast<ssize_t>(count);
    }
    void fail(transport_failure kind, bool after_send, std::string detail) {
        if (!failure && !done) {
            failure = transport_error{kind, after_send, std::move(detail), 0, header_bytes > 0};
        }
        changed.notify_all();
    }
};
using call_ptr = std::shared_ptr<h2_call>;

/// What a wire fault needs of the client.
class h2_faulty {
  public:
    virtual ~h2_faulty() = default;
    virtual void go_on(std::int32_t id) = 0; ///< more of the body is allowed
    virtual void reset_stream(std::int32_t id, std::uint32_t code) = 0;
    virtual void say_goaway(std::uint32_t code) = 0; ///< what is under way is still answered
    virtual void cut(const io_error& why) = 0;       ///< the connection is over
    virtual socket_stream& socket() = 0;
};

/// Before the request is submitted: sets limits, or ends the connection in its place. Notes in
/// `tap` whether its wire fault takes effect. `tap` may be null.
void prepare_fault(h2_faulty& client, h2_call& call, exchange_tap* tap);
/// After it, and before the answer is awaited.
task<void> carry_out_fault(std::shared_ptr<h2_faulty> client, std::int32_t id, call_ptr call,
                           wire_fault how, time_point deadline);

} // namespace pomona::net::real
