#include "real/h1_wire_fault.hpp"

#include "exchange_tap.hpp"
#include "real/h1_message.hpp"

#include <algorithm>

namespace pomona::net::real {

namespace {

std::unexpected<io_error> ended(std::string how) {
    return std::unexpected(io_error{io_failure::closed, std::move(how)});
}

bytes head_of(request what) {
    what.body.clear();
    return h1_serialize(what);
}

/// RFC 9112 section 7.1: the length gives way to the chunked coding.
task<io_result<void>> send_chunked(socket_stream& stream, const request& what, std::size_t size,
                                   time_point deadline) {
    auto head = what;
    head.body.clear();
    std::erase_if(head.headers, [](const header& h) {
        return find_header({h}, "Content-Length") || find_header({h}, "Transfer-Encoding");
    });
    head.headers.push_back({"Transfer-Encoding", "chunked"});
    const auto first = h1_serialize(head);
    auto sent = co_await stream.write_all(first, deadline);
    for (std::size_t at = 0; sent && at < what.body.size(); at += size) {
        const auto piece =
            h1_chunk(bytes_view{what.body}.subspan(at, std::min(size, what.body.size() - at)));
        sent = co_await stream.write_all(piece, deadline);
    }
    if (sent) {
        const auto last = h1_chunk({});
        sent = co_await stream.write_all(last, deadline);
    }
    co_return sent;
}

task<io_result<void>> send_slowly(world& w, socket_stream& stream, const request& what,
                                  const wire_fault& how, time_point deadline) {
    const auto wire = h1_serialize(what);
    for (std::size_t at = 0; at < wire.size(); at += how.bytes) {
        const auto piece = bytes_view{wire}.subspan(at, std::min(how.bytes, wire.size() - at));
        if (auto sent = co_await stream.write_all(piece, deadline); !sent) {
            co_return sent;
        }
        co_await w.sleep_for(how.pause);
    }
    co_return io_result<void>{};
}

task<io_result<void>> send_part(socket_stream& stream, const request& what, unsigned percent,
                                time_point deadline) {
    auto part = head_of(what);
    const auto size = what.body.size() * percent / 100;
    part.insert(part.end(), what.body.begin(),
                what.body.begin() + static_cast<std::ptrdiff_t>(size));
    auto sent = co_await stream.write_all(part, deadline);
    stream.close();
    co_return sent ? ended("closed in the middle of the body (injected)") : std::move(sent);
}

} // namespace

task<io_result<void>> send_request(world& w, socket_stream& stream, const request& what,
                                   exchange_tap* tap, time_point deadline) {
    const auto* const how = tap != nullptr && tap->wire ? &*tap->wire : nullptr;
    using fault = wire_fault::what;
    if (how != nullptr && how->kind != fault::rst_stream && how->kind != fault::goaway) {
        const bool needs_body = how->kind == fault::rechunk || how->kind == fault::truncate_body;
        if (needs_body && what.body.empty()) {
            tap->wire_missed = "the request has no body";
        } else if (how->kind == fault::tls_alert && stream.ssl() == nullptr) {
            tap->wire_missed = "the connection has no TLS";
        } else {
            tap->wire_done = true;
        }
    } else if (how != nullptr) {
        tap->wire_missed = "the connection speaks HTTP/1.1, this fault needs h2";
    }
    if (how == nullptr || !tap->wire_done) {
        const auto wire = h1_serialize(what);
        co_return co_await stream.write_all(wire, deadline);
    }
    switch (how->kind) {
    case fault::rechunk:
        co_return co_await send_chunked(stream, what, how->bytes, deadline);
    case fault::slow_bytes:
        co_return co_await send_slowly(w, stream, what, *how, deadline);
    case fault::truncate_body:
        co_return co_await send_part(stream, what, how->percent, deadline);
    case fault::tls_alert:
        stream.send_alert();
        stream.close();
        co_return ended("a fatal TLS alert in place of the request (injected)");
    default: {
        const auto wire = h1_serialize(what);
        auto sent = co_await stream.write_all(wire, deadline);
        stream.abort();
        co_return sent ? ended("reset behind the request (injected)") : std::move(sent);
    }
    }
}

} // namespace pomona::net::real
