#include "real/h2_call.hpp"

#include <algorithm>

namespace pomona::net::real {

namespace {

using fault = wire_fault::what;
/// How long sent bytes have to leave before the connection is cut behind them.
constexpr auto time_to_leave = std::chrono::milliseconds{20};

bool is_open(const h2_call& call) {
    return !call.failure && !call.done;
}

std::size_t part_of(const h2_call& call, unsigned percent) {
    return call.what.body.size() * percent / 100;
}

} // namespace

void prepare_fault(h2_faulty& client, h2_call& call, exchange_tap* tap) {
    if (tap == nullptr || !tap->wire) {
        return;
    }
    const auto& how = *tap->wire;
    const bool needs_body = how.kind == fault::rechunk || how.kind == fault::truncate_body ||
                            how.kind == fault::slow_bytes;
    if (needs_body && call.what.body.empty()) {
        tap->wire_missed = "the request has no body";
        return;
    }
    if (how.kind == fault::tls_alert && client.socket().ssl() == nullptr) {
        tap->wire_missed = "the connection has no TLS";
        return;
    }
    tap->wire_done = true;
    switch (how.kind) {
    case fault::rechunk:
        call.frame_limit = how.bytes;
        break;
    case fault::slow_bytes:
        call.allowed = how.bytes;
        break;
    case fault::truncate_body:
        call.allowed = part_of(call, how.percent);
        break;
    case fault::tls_alert:
        client.socket().send_alert();
        client.cut({io_failure::closed, "a fatal TLS alert in place of the request (injected)"});
        break;
    default:
        break;
    }
}

task<void> carry_out_fault(std::shared_ptr<h2_faulty> client, std::int32_t id, call_ptr call,
                           wire_fault how, time_point deadline) {
    while (is_open(*call) && !call->sent) {
        if (!co_await call->changed.wait_until(deadline)) {
            co_return;
        }
    }
    switch (how.kind) {
    case fault::slow_bytes:
        while (is_open(*call) && call->allowed < call->what.body.size()) {
            const auto next = std::min(deadline, call->log->owner().now() + how.pause);
            if (!co_await call->changed.wait_until(next)) {
                call->allowed += how.bytes;
                client->go_on(id);
            }
            if (call->log->owner().now() >= deadline) {
                co_return;
            }
        }
        break;
    case fault::truncate_body:
        co_await call->log->owner().sleep_for(time_to_leave);
        client->cut({io_failure::closed, "closed in the middle of the body (injected)"});
        break;
    case fault::rst_stream:
        if (is_open(*call)) {
            client->reset_stream(id, how.code);
            call->fail(transport_failure::reset, true, "the stream was reset (injected)");
            co_await call->log->owner().sleep_for(time_to_leave); // the caller may close at once
        }
        break;
    case fault::goaway:
        client->say_goaway(how.code);
        break;
    case fault::reset:
        co_await call->log->owner().sleep_for(time_to_leave);
        client->socket().abort();
        client->cut({io_failure::closed, "reset behind the request (injected)"});
        break;
    default:
        break;
    }
}

} // namespace pomona::net::real
