// The server's side of HTTP/2 on one connection.
#include "real/h2_session.hpp"
#include "real/server_session.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace pomona::net::real {

namespace {

/// Written and not yet sent of a streaming response: beyond this its queue waits.
constexpr std::size_t max_pending_bytes = 256U << 10U;

struct h2_served {
    explicit h2_served(world& owner) : drained{owner} {}
    request what;
    std::string authority;
    std::size_t header_bytes = 0;
    unsigned refusal = 0;            ///< the status that answers a request beyond a limit
    bool reset_after_answer = false; ///< the rest of the request is not wanted
    bool header_done = false;
    bool whole = false;
    bool closed = false;

    bytes out; ///< of the response's body
    std::size_t out_sent = 0;
    bool out_complete = true;
    std::shared_ptr<message_queue> queue;
    signal drained;
};
using served_ptr = std::shared_ptr<h2_served>;

class h2_server final : public h2_session, public drainable {
  public:
    explicit h2_server(server_setup setup)
        : h2_session{setup.owner, setup.stream},
          setup_{std::move(setup)},
          member_{setup_.draining, this} {}
    bool begin() {
        const auto& limits = setup_.options->limits;
        return start(
            role::server, limits.max_concurrent_streams,
            static_cast<std::uint32_t>(std::min<std::size_t>(limits.max_header_bytes, UINT32_MAX)));
    }

    // RFC 9113 section 6.8: first a GOAWAY that still takes what is on its way, and after a round
    // trip the one that names the last stream.
    void drain() override {
        if (!is_lost()) {
            announce_end();
        }
    }

  private:
    static task<void> answer(std::shared_ptr<h2_server> self, std::int32_t id, served_ptr stream);
    static task<void> pump(std::shared_ptr<h2_server> self, std::int32_t id, served_ptr stream,
                           exchange_log log);
    void submit(std::int32_t id, h2_served& stream, const response& what, bool no_body);
    void refuse(std::int32_t id, h2_served& stream, unsigned status);
    void forget(h2_served& stream);
    static ssize_t read_body(nghttp2_session* session, std::int32_t id, std::uint8_t* into,
                             std::size_t size, std::uint32_t* flags, nghttp2_data_source* source,
                             void* user);

    void on_begin_headers(std::int32_t id) override;
    void on_header(std::int32_t id, std::string_view name, std::string_view value) override;
    void on_headers(std::int32_t id) override;
    void on_data(std::int32_t id, bytes_view data) override;
    void on_end_stream(std::int32_t id) override;
    void on_headers_sent(std::int32_t id) override;
    void on_stream_closed(std::int32_t id, std::uint32_t code) override;
    void on_ping_answered() override {
        if (setup_.draining->begun) {
            take_no_more();
        }
    }
    void on_progress() override {
        if (setup_.draining->begun && is_over()) {
            close_connection();
        }
    }
    time_point read_deadline() override;
    bool on_read_deadline() override;
    void on_lost(const io_error& why) override;
    h2_served* find(std::int32_t id) {
        const auto found = streams_.find(id);
        return found == streams_.end() ? nullptr : found->second.get();
    }

    server_setup setup_;
    drain_membership member_;
    std::unordered_map<std::int32_t, served_ptr> streams_;
    std::map<std::int32_t, time_point>
        incomplete_;          ///< requests still arriving, and until when they may
    std::size_t running_ = 0; ///< handlers at work, of closed streams too
};

void h2_server::on_begin_headers(std::int32_t id) {
    if (!streams_.contains(id)) {
        streams_.emplace(id, std::make_shared<h2_served>(owner()));
        incomplete_.emplace(id, owner().now() + setup_.options->limits.request_timeout);
    }
}

void h2_server::on_header(std::int32_t id, std::string_view name, std::string_view value) {
    auto* const stream = find(id);
    if (stream == nullptr || stream->header_done) {
        return; // unknown, or trailers: nothing here has a use for them
    }
    stream->header_bytes += name.size() + value.size() + 32; // RFC 9113 section 6.5.2
    if (stream->header_bytes > setup_.options->limits.max_header_bytes) {
        stream->refusal = 431; // RFC 6585 section 5
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
    if (stream == nullptr || std::exchange(stream->header_done, true)) {
        return; // unknown, or trailers
    }
    if (stream->refusal != 0) {
        refuse(id, *stream, stream->refusal);
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
    if (stream->what.body.size() + data.size() > setup_.options->limits.max_body_bytes) {
        refuse(id, *stream, 413);
        return;
    }
    stream->what.body.insert(stream->what.body.end(), data.begin(), data.end());
}

void h2_server::refuse(std::int32_t id, h2_served& stream, unsigned status) {
    stream.refusal = status;
    stream.reset_after_answer = true;
    incomplete_.erase(id);
    response what;
    what.status = status;
    complete_headers(what);
    submit(id, stream, what, true);
}

void h2_server::on_end_stream(std::int32_t id) {
    const auto found = streams_.find(id);
    if (found == streams_.end() || found->second->refusal != 0 || found->second->whole) {
        return;
    }
    incomplete_.erase(id);
    found->second->whole = true;
    // Streams that are opened and reset leave their handlers behind: those are bounded as well.
    if (running_ >= 2 * static_cast<std::size_t>(setup_.options->limits.max_concurrent_streams)) {
        reset(id, NGHTTP2_REFUSED_STREAM);
        return;
    }
    ++running_;
    owner().spawn(
        "answer an HTTP/2 request",
        answer(std::static_pointer_cast<h2_server>(shared_from_this()), id, found->second));
}

void h2_server::on_headers_sent(std::int32_t id) {
    // Only now: a stream that is to be reset sends nothing more.
    if (auto* const stream = find(id); stream != nullptr && stream->reset_after_answer) {
        reset(id, NGHTTP2_NO_ERROR); // RFC 9113 section 8.1
    }
}

void h2_server::forget(h2_served& stream) {
    stream.closed = true;
    stream.drained.notify_all();
    if (const auto queue = std::exchange(stream.queue, nullptr)) {
        client_gone(*queue);
    }
}

void h2_server::on_stream_closed(std::int32_t id, std::uint32_t /*code*/) {
    incomplete_.erase(id);
    if (const auto stream = streams_.extract(id)) {
        forget(*stream.mapped());
    }
}

void h2_server::on_lost(const io_error& /*why*/) {
    incomplete_.clear();
    for (const auto& [id, stream] : std::exchange(streams_, {})) {
        forget(*stream);
    }
}

time_point h2_server::read_deadline() {
    return incomplete_.empty() ? owner().now() + setup_.options->limits.idle_timeout
                               : incomplete_.begin()->second;
}

bool h2_server::on_read_deadline() {
    const auto now = owner().now();
    while (!incomplete_.empty() && incomplete_.begin()->second <= now) {
        const auto id = incomplete_.begin()->first;
        incomplete_.erase(incomplete_.begin());
        reset(id, NGHTTP2_CANCEL);
    }
    if (streams_.empty()) {
        say_goodbye(NGHTTP2_NO_ERROR);
    }
    return true;
}

ssize_t h2_server::read_body(nghttp2_session* /*session*/, std::int32_t /*id*/, std::uint8_t* into,
                             std::size_t size, std::uint32_t* flags, nghttp2_data_source* source,
                             void* /*user*/) {
    auto& stream = *static_cast<h2_served*>(source->ptr);
    const auto count = std::min(size, stream.out.size() - stream.out_sent);
    if (count == 0 && !stream.out_complete) {
        return NGHTTP2_ERR_DEFERRED;
    }
    std::copy_n(stream.out.begin() + static_cast<std::ptrdiff_t>(stream.out_sent), count, into);
    stream.out_sent += count;
    if (stream.out_sent == stream.out.size()) {
        stream.out.clear();
        stream.out_sent = 0;
        stream.drained.notify_all();
        if (stream.out_complete) {
            *flags |= NGHTTP2_DATA_FLAG_EOF;
        }
    }
    return static_cast<ssize_t>(count);
}

void h2_server::submit(std::int32_t id, h2_served& stream, const response& what, bool no_body) {
    const headers pseudo{{":status", std::to_string(what.status)}};
    const auto all = to_h2_headers(what.headers);
    const auto fields = to_fields(pseudo, all);
    nghttp2_data_provider body{{.ptr = &stream}, read_body};
    // Without a body END_STREAM is on the HEADERS frame, as Apple's servers do it (APNS-016).
    const auto code = nghttp2_submit_response(session(), id, fields.data(), fields.size(),
                                              no_body ? nullptr : &body);
    if (code != 0) {
        reset(id, NGHTTP2_INTERNAL_ERROR);
    }
    flush();
}

task<void> h2_server::pump(std::shared_ptr<h2_server> self, std::int32_t id, served_ptr stream,
                           exchange_log log) {
    const auto queue = stream->queue; // the stream lets go of it when the client goes
    while (!stream->closed) {
        const auto message = co_await queue->pop(never);
        if (stream->closed) {
            break;
        }
        if (message) {
            log.stream_message(*message);
            stream->out.insert(stream->out.end(), message->begin(), message->end());
            stream->out.push_back('\n');
        } else {
            stream->out_complete = true;
        }
        nghttp2_session_resume_data(self->session(), id);
        self->flush();
        if (!message) {
            break;
        }
        while (!stream->closed && stream->out.size() > max_pending_bytes) {
            co_await stream->drained.wait_until(never);
        }
    }
}

/// Gives a handler's place back, however its task ends.
class running_handler {
  public:
    running_handler(std::shared_ptr<h2_session> keep_alive, std::size_t& count)
        : keep_alive_{std::move(keep_alive)}, count_{count} {}
    running_handler(const running_handler&) = delete;
    running_handler& operator=(const running_handler&) = delete;
    ~running_handler() { --count_; }

  private:
    std::shared_ptr<h2_session> keep_alive_;
    std::size_t& count_;
};

task<void> h2_server::answer(std::shared_ptr<h2_server> self, std::int32_t id, served_ptr stream) {
    const running_handler counted{self, self->running_};
    if (stream->closed) {
        co_return; // reset right behind the request: nobody waits for the work
    }
    const auto& setup = self->setup_;
    exchange_log log{setup.owner,
                     net::server_context(*setup.options, setup.info->id + "/" + std::to_string(id),
                                         setup.info, setup.client, stream->what)};
    const auto event = log.request(stream->what);
    auto r = co_await call_handler(setup.on_request, incoming{stream->what, setup.info, event});
    if (stream->closed) {
        transport_error lost{transport_failure::reset, true, "the client had gone", 0};
        log.failure(stream->what, lost);
        if (r.stream) {
            client_gone(*r.stream);
        }
        co_return;
    }
    if (r.stream) {
        std::erase_if(r.what.headers, [](const header& h) {
            return find_header({h}, "Content-Length").has_value();
        });
        log.response(stream->what, r.what);
        stream->queue = std::move(r.stream);
        stream->out_complete = false;
        self->submit(id, *stream, r.what, false);
        co_await pump(self, id, stream, std::move(log));
        co_return;
    }
    complete_headers(r.what);
    log.response(stream->what, r.what);
    const bool no_body = r.what.body.empty() || stream->what.method == "HEAD" ||
                         r.what.status == 204 || r.what.status == 304;
    stream->out = std::move(r.what.body);
    self->submit(id, *stream, r.what, no_body);
}

} // namespace

task<void> serve_h2(server_setup setup, bytes input) {
    const auto session = std::make_shared<h2_server>(std::move(setup));
    if (session->begin()) {
        co_await h2_session::read_all(session, std::move(input));
    }
}

} // namespace pomona::net::real
