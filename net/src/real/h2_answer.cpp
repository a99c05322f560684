#include "pomona/net/prompt_handler.hpp"
#include "real/h2_server.hpp"

#include <algorithm>

namespace pomona::net::real {

namespace {

/// Written and not yet sent of a streaming response: beyond this its queue waits.
constexpr std::size_t max_pending_bytes = 256U << 10U;
/// How long sent bytes have to leave before the connection is cut behind them.
constexpr auto time_to_leave = std::chrono::milliseconds{20};

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

bool has_no_body(const request& to, const response& what) {
    return what.body.empty() || to.method == "HEAD" || what.status == 204 || what.status == 304;
}

} // namespace

ssize_t h2_server::read_body(nghttp2_session* /*session*/, std::int32_t id, std::uint8_t* into,
                             std::size_t size, std::uint32_t* flags, nghttp2_data_source* source,
                             void* user) {
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
        auto& self = static_cast<h2_server&>(*static_cast<h2_session*>(user));
        self.set_due(id, stream, never);
        stream.drained.notify_all();
        if (stream.out_complete) {
            *flags |= NGHTTP2_DATA_FLAG_EOF;
        }
    }
    return static_cast<ssize_t>(count);
}

/// What is in `out` has to be taken in time. Progress does not prolong it: a window opened by one
/// octet a minute would hold an answer for ever.
void h2_server::await_drain(std::int32_t id, h2_served& stream) {
    if (stream.due == never && !stream.out.empty()) {
        set_due(id, stream, owner().now() + limits().write_timeout);
    }
}

void h2_server::submit(std::int32_t id, h2_served& stream, unsigned status, headers fields_of,
                       bool no_body) {
    const headers pseudo{{":status", std::to_string(status)}};
    const auto all = to_h2_headers(std::move(fields_of));
    const auto fields = to_fields(pseudo, all);
    nghttp2_data_provider body{{.ptr = &stream}, read_body};
    // Without a body END_STREAM is on the HEADERS frame, as Apple's servers do it (APNS-016).
    const auto code = nghttp2_submit_response(session(), id, fields.data(), fields.size(),
                                              no_body ? nullptr : &body);
    if (code != 0) {
        reset(id, NGHTTP2_INTERNAL_ERROR);
    }
    await_drain(id, stream);
    flush_answers();
}

/// Requests that came together are answered one after the other, and a system call each would be
/// most of their cost: what the handlers that are ready now submit goes out with one.
void h2_server::flush_answers() {
    if (running_ <= 1) {
        flush();
    } else if (!is_lost() && stream().is_open() && !std::exchange(flush_due_, true)) {
        owner().spawn("send answers",
                      flush_soon(std::static_pointer_cast<h2_server>(shared_from_this())));
    }
}

task<void> h2_server::flush_soon(std::shared_ptr<h2_server> self) {
    constexpr std::size_t some_answers = 4U << 10U;
    self->flush_due_ = false;
    self->flush(some_answers);
    co_return;
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
        self->await_drain(id, *stream);
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

task<void> h2_server::fail_on_purpose(std::shared_ptr<h2_server> self, std::int32_t id,
                                      served_ptr stream, reply r) {
    if (r.how == ending::refused) {
        self->reset(id, NGHTTP2_REFUSED_STREAM);
        co_return;
    }
    if (r.how == ending::cut) {
        stream->out.assign(r.what.body.begin(), r.what.body.begin() + static_cast<std::ptrdiff_t>(
                                                                          r.what.body.size() / 2));
        stream->out_complete = false;
        self->submit(id, *stream, r.what.status, std::move(r.what.headers), false);
        while (!stream->closed && !stream->out.empty()) {
            co_await stream->drained.wait_until(never);
        }
        co_await self->owner().sleep_for(time_to_leave);
    }
    if (!self->is_lost()) {
        self->lose({io_failure::closed, "ended on purpose"});
    }
}

bool h2_server::answer_at_once(std::int32_t id, h2_served& stream) {
    const auto* const prompt = setup_.on_request->target<prompt_handler>();
    if (prompt == nullptr || owner().observed_by() != nullptr) {
        return false;
    }
    incoming asked{.what = std::move(stream.what), .connection = setup_.info};
    auto r = prompt->at_once(asked);
    stream.what = std::move(asked.what);
    if (!r) {
        return false;
    }
    limit_streams(r->streams);
    complete_headers(r->what);
    note_answer(setup_, stream.what, r->what);
    const bool no_body = has_no_body(stream.what, r->what);
    stream.out = std::move(r->what.body);
    submit(id, stream, r->what.status, std::move(r->what.headers), no_body);
    return true;
}

task<void> h2_server::answer(std::shared_ptr<h2_server> self, std::int32_t id, served_ptr stream) {
    const running_handler counted{self, self->running_};
    if (stream->closed) {
        co_return; // reset right behind the request: nobody waits for the work
    }
    const auto& setup = self->setup_;
    const bool is_observed = setup.owner.observed_by() != nullptr;
    exchange_log log{setup.owner,
                     is_observed ? net::server_context(*setup.options,
                                                       setup.info->id + "/" + std::to_string(id),
                                                       setup.info, setup.client, stream->what)
                                 : exchange_context{}};
    const auto event = log.request(stream->what);
    incoming asked{.what = {}, .connection = setup.info, .event = event};
    if (is_observed) {
        asked.what = stream->what;
    } else {
        // What is left is told to the operator; a copy of all of it would be for nobody.
        request left{.method = stream->what.method,
                     .target = stream->what.target,
                     .headers = {},
                     .body = {}};
        asked.what = std::exchange(stream->what, std::move(left));
    }
    auto r = co_await call_handler(setup.on_request, std::move(asked));
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
        self->limit_streams(r.streams);
        stream->queue = std::move(r.stream);
        stream->out_complete = false;
        self->submit(id, *stream, r.what.status, std::move(r.what.headers), false);
        co_await pump(self, id, stream, std::move(log));
        co_return;
    }
    self->limit_streams(r.streams);
    if (stream->closed) { // the limit could not be sent: the connection is lost
        co_return;
    }
    complete_headers(r.what);
    note_answer(setup, stream->what, r.what);
    log_answer(log, stream->what, r);
    if (r.how != ending::whole) {
        co_await fail_on_purpose(self, id, stream, std::move(r));
        co_return;
    }
    const bool no_body = has_no_body(stream->what, r.what);
    stream->out = std::move(r.what.body);
    self->submit(id, *stream, r.what.status, std::move(r.what.headers), no_body);
}

} // namespace pomona::net::real
