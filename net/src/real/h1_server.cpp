// The server's side of HTTP/1.1 on one connection.
#include "real/h1_message.hpp"
#include "real/server_session.hpp"

#include <algorithm>
#include <optional>

namespace pomona::net::real {

namespace {

constexpr auto linger_time = std::chrono::seconds{5};
constexpr std::size_t max_unasked_bytes = 64U << 10U;
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

class h1_session final : public drainable {
  public:
    h1_session(server_setup setup, bytes input)
        : setup_{std::move(setup)}, input_{std::move(input)}, member_{setup_.draining, this} {}

    task<void> run();
    void drain() override {
        if (idle_) {
            setup_.stream->close();
        }
    }

  private:
    /// The reader when a whole request is there; null when the connection is to end.
    task<std::unique_ptr<h1_request_reader>> read_request();
    task<bool> answer(std::unique_ptr<h1_request_reader> reader);
    task<void> stream(exchange_log log, request to, reply r);
    task<std::unique_ptr<h1_request_reader>> refuse(unsigned status, refusal kind, std::string why,
                                                    bool later = false);
    /// Waits for a request to begin; false when the connection is to end.
    task<bool> await_request();
    [[nodiscard]] bool too_much(const h1_request_reader& reader);
    void note_broken_off(const io_error& why);
    [[nodiscard]] time_point within(duration time) const { return setup_.owner.now() + time; }
    [[nodiscard]] const server_limits& limits() const { return setup_.options->limits; }

    server_setup setup_;
    bytes input_;
    drain_membership member_;
    bool idle_ = false; ///< between two requests
    std::uint64_t requests_ = 0;
    std::optional<byte_lease> held_; ///< of the request under way
};

task<std::unique_ptr<h1_request_reader>> h1_session::refuse(unsigned status, refusal kind,
                                                            std::string why, bool later) {
    setup_.note(kind, why + ", answered " + std::to_string(status));
    const auto wire = h1_serialize(refusal_answer(status, later), {{"Connection", "close"}}, false);
    if (co_await setup_.stream->write_all(wire, within(linger_time))) {
        co_await setup_.stream->linger_and_close(within(linger_time));
    }
    co_return nullptr;
}

struct fault_answer {
    unsigned status;
    refusal kind;
    std::string_view why;
};
fault_answer answer_to(h1_fault fault) {
    switch (fault) {
    case h1_fault::header_too_large: // RFC 6585 section 5
        return {431, refusal::flood, "a header beyond the limits"};
    case h1_fault::body_too_large:
        return {413, refusal::flood, "a body beyond the limit"};
    default:
        return {400, refusal::malformed, "not an HTTP request"};
    }
}

void h1_session::note_broken_off(const io_error& why) {
    if (why.kind != io_failure::closed) {
        setup_.note(refusal::broken_off, "a request broke off: " + why.detail);
    }
}

task<bool> h1_session::await_request() {
    if (!input_.empty()) {
        co_return true;
    }
    const bool first = requests_ == 0;
    const auto patience =
        first ? std::min(limits().header_timeout, limits().idle_timeout) : limits().idle_timeout;
    idle_ = true;
    const auto got = co_await setup_.stream->read_more(input_, within(patience));
    idle_ = false;
    if (!got && first && got.error().kind == io_failure::timeout) {
        setup_.note(refusal::timeout, "no request came");
    }
    co_return got.has_value();
}

bool h1_session::too_much(const h1_request_reader& reader) {
    return !held_->grow_to(input_.size() + reader.body_size());
}

task<std::unique_ptr<h1_request_reader>> h1_session::read_request() {
    if (!co_await await_request()) {
        co_return nullptr;
    }
    const auto whole_by = within(limits().request_timeout);
    const auto header_by = std::min(whole_by, within(limits().header_timeout));
    auto reader = std::make_unique<h1_request_reader>(
        h1_limits{limits().max_header_bytes, limits().max_body_bytes, limits().max_header_fields});
    held_.emplace(setup_.budget);
    bool continued = false;
    for (;;) {
        const auto taken = reader->put(input_);
        input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(taken));
        if (reader->fault() != h1_fault::none) {
            const auto said = answer_to(reader->fault());
            co_return co_await refuse(said.status, said.kind, std::string{said.why});
        }
        if (reader->done()) {
            setup_.on_first_request();
            co_return reader;
        }
        if (input_.size() > limits().max_header_bytes) { // a chunk's first line without an end
            co_return co_await refuse(400, refusal::malformed, "a line beyond the limits");
        }
        if (too_much(*reader)) {
            co_return co_await refuse(413, refusal::overload, "no memory for this request", true);
        }
        const auto deadline = reader->header_done() ? whole_by : header_by;
        if (!continued && reader->header_done() && reader->expects_continue()) {
            continued = true;
            if (!co_await setup_.stream->write_all(as_bytes(continue_line), deadline)) {
                co_return nullptr;
            }
        }
        if (auto got = co_await setup_.stream->read_more(input_, deadline); !got) {
            if (got.error().kind == io_failure::timeout) {
                co_return co_await refuse(408, refusal::timeout, "a request that does not end");
            }
            note_broken_off(got.error());
            co_return nullptr;
        }
    }
}

task<bool> h1_session::answer(std::unique_ptr<h1_request_reader> reader) {
    auto what = std::move(reader->message());
    const bool client_keeps = reader->keep_alive();
    reader.reset();
    const auto id = setup_.info->id + "/" + std::to_string(++requests_);
    exchange_log log{setup_.owner,
                     net::server_context(*setup_.options, id, setup_.info, setup_.client, what)};
    const auto event = log.request(what);
    auto r = co_await call_handler(setup_.on_request, incoming{what, setup_.info, event});
    if (r.stream) {
        co_await stream(std::move(log), std::move(what), std::move(r));
        co_return false;
    }
    complete_headers(r.what);
    note_answer(setup_, what, r.what);
    const bool goes_on = client_keeps && !setup_.draining->begun;
    const bool keep = goes_on && !says_close(r.what.headers);
    log.response(what, r.what);
    headers extra;
    if (!goes_on && !says_close(r.what.headers)) {
        extra.push_back({"Connection", "close"});
    }
    const bool no_body = what.method == "HEAD" || r.what.status == 204 || r.what.status == 304;
    const auto wire = h1_serialize(r.what, extra, no_body);
    const auto sent = co_await setup_.stream->write_all(wire, within(limits().write_timeout));
    if (!sent && sent.error().kind == io_failure::timeout) {
        setup_.note(refusal::stalled, "an answer that is not taken");
    }
    held_.reset();
    if (sent && !keep) {
        co_await setup_.stream->linger_and_close(within(linger_time));
    }
    co_return sent&& keep;
}

/// While the response goes on, nothing is expected from the client but its going away.
task<void> watch_client(std::shared_ptr<socket_stream> stream,
                        std::shared_ptr<message_queue> queue) {
    std::size_t total = 0;
    while (total < max_unasked_bytes) {
        bytes dropped;
        if (!co_await stream->read_more(dropped, never)) {
            break;
        }
        total += dropped.size();
    }
    stream->close();
    client_gone(*queue);
}

task<void> h1_session::stream(exchange_log log, request to, reply r) {
    std::erase_if(r.what.headers,
                  [](const header& h) { return find_header({h}, "Content-Length").has_value(); });
    log.response(to, r.what);
    const headers extra{{"Transfer-Encoding", "chunked"}, {"Connection", "close"}};
    auto wire = h1_serialize(r.what, extra, true);
    setup_.owner.spawn("watch a streaming client", watch_client(setup_.stream, r.stream));
    while (co_await setup_.stream->write_all(wire, within(limits().write_timeout))) {
        auto message = co_await r.stream->pop(never);
        if (!message) {
            const auto end = h1_chunk({});
            co_await setup_.stream->write_all(end, within(linger_time));
            break;
        }
        log.stream_message(*message);
        message->push_back('\n');
        wire = h1_chunk(*message);
    }
    setup_.stream->close(); // ends the watching, too
}

task<void> h1_session::run() {
    for (;;) {
        auto reader = co_await read_request();
        if (!reader) {
            break;
        }
        const bool more = co_await answer(std::move(reader));
        if (!more) {
            break;
        }
    }
    setup_.stream->close();
}

} // namespace

task<void> serve_h1(server_setup setup, bytes input) {
    h1_session session{std::move(setup), std::move(input)};
    co_await session.run();
}

} // namespace pomona::net::real
