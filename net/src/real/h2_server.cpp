#include "real/h2_server.hpp"

#include <algorithm>

namespace pomona::net::real {

namespace {

/// What a stream that ends as it should earns, and how many octets of DATA sent earn one: PRIORITY
/// frames and WINDOW_UPDATE frames go with them.
constexpr std::size_t earned_by_request = 8;
constexpr std::size_t octets_that_earn = 256;
/// While draining: how long a client has for answering a PING.
constexpr auto ping_time = std::chrono::seconds{1};

bool asks_for_nothing(const nghttp2_frame_hd& frame) {
    if (frame.type == NGHTTP2_DATA) {
        return frame.length == 0 && (frame.flags & NGHTTP2_FLAG_END_STREAM) == 0;
    }
    return frame.type != NGHTTP2_HEADERS;
}

} // namespace

h2_server::h2_server(server_setup setup)
    : h2_session{setup.owner, setup.stream},
      setup_{std::move(setup)},
      member_{setup_.draining, this},
      idle_frames_{limits().idle_frame_burst, limits().idle_frames_per_second, owner().now()},
      settings_by_{owner().now() + std::min(limits().header_timeout, limits().idle_timeout)},
      streams_allowed_{setup_.options->first_streams ? setup_.options->first_streams(*setup_.info)
                                                     : limits().max_concurrent_streams} {}

bool h2_server::begin() {
    return start(
        role::server, streams_allowed_,
        static_cast<std::uint32_t>(std::min<std::size_t>(limits().max_header_bytes, UINT32_MAX)));
}

void h2_server::drain() {
    if (!is_lost()) {
        announce_end();
        owner().spawn("end an HTTP/2 connection",
                      end_without_answer(std::static_pointer_cast<h2_server>(shared_from_this())));
    }
}

void h2_server::name_last_stream() {
    if (!is_lost() && !std::exchange(last_stream_named_, true)) {
        take_no_more(setup_.options->goaway_drain);
    }
}

task<void> h2_server::end_without_answer(std::shared_ptr<h2_server> self) {
    co_await self->owner().sleep_for(ping_time);
    self->name_last_stream();
}

void h2_server::limit_streams(std::optional<std::uint32_t> count) {
    if (count && *count != streams_allowed_) {
        streams_allowed_ = *count;
        allow_streams(*count);
    }
}

void h2_server::set_due(std::int32_t id, h2_served& stream, time_point due) {
    if (stream.due != never) {
        due_.erase({stream.due, id});
    }
    stream.due = due;
    if (due != never) {
        due_.emplace(due, id);
    }
}

void h2_server::spend_idle_frame() {
    // RFC 9113 section 10.5: frames that cost the peer nothing are no licence to cost us much.
    if (!idle_frames_.spend(owner().now())) {
        say_goodbye(NGHTTP2_ENHANCE_YOUR_CALM);
    }
}

void h2_server::on_frame_begins(const nghttp2_frame_hd& frame) {
    settled_ = settled_ || frame.type == NGHTTP2_SETTINGS;
    if (asks_for_nothing(frame)) {
        spend_idle_frame();
    }
}

void h2_server::on_begin_headers(std::int32_t id) {
    if (!streams_.contains(id)) {
        constexpr std::size_t usual_fields = 10;
        const auto stream = std::make_shared<h2_served>(owner(), setup_.budget);
        stream->what.headers.reserve(usual_fields);
        streams_.emplace(id, stream);
        set_due(id, *stream, owner().now() + limits().request_timeout);
    }
}

void h2_server::on_header(std::int32_t id, std::string_view name, std::string_view value) {
    auto* const stream = find(id);
    if (stream == nullptr || stream->refusal != 0) {
        return;
    }
    stream->header_bytes += name.size() + value.size() + 32; // RFC 9113 section 6.5.2
    if (stream->header_bytes > limits().max_header_bytes ||
        ++stream->header_fields > limits().max_header_fields) {
        stream->refusal = 431; // RFC 6585 section 5
    } else if (!stream->held.grow_to(stream->header_bytes + stream->what.body.size())) {
        stream->refusal = 413;
        stream->refused_for_now = true;
    } else if (stream->header_done) {
        return; // trailers: after the body they could add what nobody looked at
    } else if (name == ":method") {
        stream->what.method = value;
    } else if (name == ":path") {
        stream->what.target = value;
    } else if (name == ":authority") {
        stream->authority = value;
    } else if (name == "cookie" && find_header(stream->what.headers, name)) {
        // RFC 9113 section 8.2.3: the crumbs are one header to whoever knows nothing of HTTP/2.
        auto& first = *std::ranges::find(stream->what.headers, name, &header::name);
        first.value.append("; ").append(value);
    } else if (!name.starts_with(':')) {
        stream->what.headers.push_back({std::string{name}, std::string{value}});
    }
}

void h2_server::on_headers(std::int32_t id) {
    auto* const stream = find(id);
    if (stream == nullptr) {
        return;
    }
    if (stream->refusal != 0 && !stream->reset_after_answer) {
        refuse(id, *stream, stream->refusal);
    }
    if (std::exchange(stream->header_done, true)) {
        return; // trailers
    }
    if (!stream->authority.empty() && !find_header(stream->what.headers, "host")) {
        stream->what.headers.insert(stream->what.headers.begin(), {"host", stream->authority});
    }
}

void h2_server::on_data(std::int32_t id, bytes_view data) {
    consume(id, data.size());
    auto* const stream = find(id);
    if (stream == nullptr || stream->refusal != 0) {
        return;
    }
    const auto size = stream->what.body.size() + data.size();
    if (size > limits().max_body_bytes) {
        refuse(id, *stream, 413);
    } else if (!stream->held.grow_to(stream->header_bytes + size)) {
        stream->refused_for_now = true;
        refuse(id, *stream, 413);
    } else {
        stream->what.body.insert(stream->what.body.end(), data.begin(), data.end());
    }
}

void h2_server::refuse(std::int32_t id, h2_served& stream, unsigned status) {
    stream.refusal = status;
    stream.reset_after_answer = true;
    set_due(id, stream, never);
    setup_.note(stream.refused_for_now ? refusal::overload : refusal::flood,
                "a request beyond the limits, answered " + std::to_string(status));
    auto answer = refusal_answer(status, stream.refused_for_now);
    submit(id, stream, answer.status, std::move(answer.headers), true);
}

void h2_server::on_end_stream(std::int32_t id) {
    const auto found = streams_.find(id);
    if (found == streams_.end() || found->second->refusal != 0 || found->second->whole) {
        return;
    }
    set_due(id, *found->second, never);
    found->second->whole = true;
    setup_.on_first_request();
    // Streams that are opened and reset leave their handlers behind: those are bounded as well.
    if (running_ >= 2 * static_cast<std::size_t>(limits().max_concurrent_streams)) {
        setup_.note(refusal::flood, "more requests at once than are answered");
        reset(id, NGHTTP2_REFUSED_STREAM);
        return;
    }
    if (answer_at_once(id, *found->second)) {
        return;
    }
    ++running_;
    owner().spawn("answer HTTP/2", answer(std::static_pointer_cast<h2_server>(shared_from_this()),
                                          id, found->second));
}

void h2_server::on_headers_sent(std::int32_t id) {
    // Only now: a stream that is to be reset sends nothing more.
    if (auto* const stream = find(id); stream != nullptr && stream->reset_after_answer) {
        reset(id, NGHTTP2_NO_ERROR); // RFC 9113 section 8.1
    }
}

void h2_server::on_data_sent(std::size_t size) {
    idle_frames_.earn(1 + size / octets_that_earn);
}

void h2_server::on_goaway_sent(std::uint32_t code) {
    if (code != NGHTTP2_NO_ERROR) {
        const bool flood = code == NGHTTP2_ENHANCE_YOUR_CALM || code == NGHTTP2_INTERNAL_ERROR;
        setup_.note(flood ? refusal::flood : refusal::malformed,
                    std::string{"HTTP/2 connection ended: "} + nghttp2_http2_strerror(code));
    }
}

void h2_server::forget(h2_served& stream) {
    stream.closed = true;
    stream.drained.notify_all();
    if (const auto queue = std::exchange(stream.queue, nullptr)) {
        client_gone(*queue);
    }
}

void h2_server::on_stream_closed(std::int32_t id, std::uint32_t code) {
    if (code == NGHTTP2_NO_ERROR) {
        idle_frames_.earn(earned_by_request);
    } else {
        spend_idle_frame(); // also what we reset ourselves, for something wrong
    }
    if (const auto stream = streams_.extract(id)) {
        set_due(id, *stream.mapped(), never);
        forget(*stream.mapped());
    }
}

void h2_server::on_lost(const io_error& why) {
    if (why.kind == io_failure::protocol) {
        setup_.note(refusal::malformed, "HTTP/2 connection ended: " + why.detail);
    } else if (why.kind == io_failure::timeout && settled_) {
        setup_.note(refusal::stalled, "an HTTP/2 connection that takes nothing");
    }
    due_.clear();
    for (const auto& [id, stream] : std::exchange(streams_, {})) {
        stream->due = never;
        forget(*stream);
    }
}

time_point h2_server::read_deadline() {
    if (!settled_) {
        return settings_by_;
    }
    // An answer may be written, and stall, while the read that begins now waits: look again in
    // time.
    const auto wait = streams_.empty() ? limits().idle_timeout : limits().write_timeout;
    const auto again = owner().now() + wait;
    return due_.empty() ? again : std::min(again, due_.begin()->first);
}

bool h2_server::on_read_deadline() {
    if (!settled_) {
        setup_.note(refusal::timeout, "no HTTP/2 settings came");
        return false;
    }
    const auto now = owner().now();
    bool was_due = false;
    while (!due_.empty() && due_.begin()->first <= now) {
        const auto id = due_.begin()->second;
        auto* const stream = find(id);
        if (stream == nullptr) {
            due_.erase(due_.begin());
            continue;
        }
        setup_.note(stream->whole ? refusal::stalled : refusal::timeout,
                    stream->whole ? "an answer that is not taken" : "a request that does not end");
        set_due(id, *stream, never);
        reset(id, NGHTTP2_CANCEL);
        was_due = true;
    }
    if (!was_due && streams_.empty()) {
        say_goodbye(NGHTTP2_NO_ERROR, setup_.options->goaway_idle);
    }
    return true;
}

task<void> serve_h2(server_setup setup, bytes input) {
    const auto session = std::make_shared<h2_server>(std::move(setup));
    if (session->begin()) {
        co_await h2_session::read_all(session, std::move(input));
    }
}

} // namespace pomona::net::real
