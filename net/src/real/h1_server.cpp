// The server's side of HTTP/1.1 on one connection.
#include "real/h1_message.hpp"
#include "real/server_session.hpp"

#include <spdlog/spdlog.h>

#include <exception>

namespace pomona::net::real {

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

namespace {

constexpr auto linger_time = std::chrono::seconds{5};
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
    task<void> refuse(unsigned status);
    [[nodiscard]] time_point within(duration time) const { return setup_.owner.now() + time; }
    [[nodiscard]] const server_limits& limits() const { return setup_.options->limits; }

    server_setup setup_;
    bytes input_;
    drain_membership member_;
    bool idle_ = false; ///< between two requests
    std::uint64_t requests_ = 0;
};

task<void> h1_session::refuse(unsigned status) {
    response answer;
    answer.status = status;
    complete_headers(answer);
    const auto wire = h1_serialize(answer, {{"Connection", "close"}}, false);
    if (co_await setup_.stream->write_all(wire, within(linger_time))) {
        co_await setup_.stream->linger_and_close(within(linger_time));
    }
}

unsigned status_of(h1_fault fault) {
    switch (fault) {
    case h1_fault::header_too_large:
        return 431; // RFC 6585 section 5
    case h1_fault::body_too_large:
        return 413;
    default:
        return 400;
    }
}

task<std::unique_ptr<h1_request_reader>> h1_session::read_request() {
    if (input_.empty()) {
        idle_ = true;
        const auto got = co_await setup_.stream->read_more(input_, within(limits().idle_timeout));
        idle_ = false;
        if (!got) {
            co_return nullptr;
        }
    }
    const auto deadline = within(limits().request_timeout);
    auto reader = std::make_unique<h1_request_reader>(
        h1_limits{limits().max_header_bytes, limits().max_body_bytes});
    bool continued = false;
    for (;;) {
        const auto taken = reader->put(input_);
        input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(taken));
        if (reader->fault() != h1_fault::none) {
            co_await refuse(status_of(reader->fault()));
            co_return nullptr;
        }
        if (reader->done()) {
            co_return reader;
        }
        if (!continued && reader->header_done() && reader->expects_continue()) {
            continued = true;
            if (!co_await setup_.stream->write_all(as_bytes(continue_line), deadline)) {
                co_return nullptr;
            }
        }
        if (auto got = co_await setup_.stream->read_more(input_, deadline); !got) {
            if (got.error().kind == io_failure::timeout) {
                co_await refuse(408);
            }
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
    const bool goes_on = client_keeps && !setup_.draining->begun;
    const bool keep = goes_on && !says_close(r.what.headers);
    log.response(what, r.what);
    headers extra;
    if (!goes_on && !says_close(r.what.headers)) {
        extra.push_back({"Connection", "close"});
    }
    const bool no_body = what.method == "HEAD" || r.what.status == 204 || r.what.status == 304;
    const auto wire = h1_serialize(r.what, extra, no_body);
    const auto sent = co_await setup_.stream->write_all(wire, within(limits().request_timeout));
    if (sent && !keep) {
        co_await setup_.stream->linger_and_close(within(linger_time));
    }
    co_return sent&& keep;
}

/// While the response goes on, nothing is expected from the client but its going away.
task<void> watch_client(std::shared_ptr<socket_stream> stream,
                        std::shared_ptr<message_queue> queue) {
    for (;;) {
        bytes dropped;
        if (!co_await stream->read_more(dropped, never)) {
            break;
        }
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
    while (co_await setup_.stream->write_all(wire, within(limits().request_timeout))) {
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
