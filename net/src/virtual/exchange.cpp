// Exchanges: the client's coroutine, and the server's that the request starts.
#include "virtual/link.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace pomona::net::virtual_world {

namespace {

transport_error failure(transport_failure kind, bool after_send, std::string detail) {
    return {.kind = kind, .after_send = after_send, .detail = std::move(detail)};
}

std::size_t header_bytes(const request& what) {
    auto total = what.method.size() + what.target.size();
    for (const auto& h : what.headers) {
        total += h.name.size() + h.value.size() + 4;
    }
    return total;
}

/// The status with which a server refuses what is beyond its limits; nothing of it reaches the
/// handler or the observer.
std::optional<unsigned> beyond_limits(const request& what, const server_limits& limits) {
    if (header_bytes(what) > limits.max_header_bytes ||
        what.headers.size() > limits.max_header_fields) {
        return 431;
    }
    if (what.body.size() > limits.max_body_bytes) {
        return 413;
    }
    return std::nullopt;
}

task<reply> run_handler(std::shared_ptr<const handler> on_request, incoming what, std::string who) {
    reply out;
    try {
        out = co_await (*on_request)(std::move(what));
    } catch (const std::exception& e) {
        spdlog::error("{}: a handler ended by an exception: {}", escape(who), escape(e.what()));
        out = {};
        out.what.status = 500;
    } catch (...) {
        spdlog::error("{}: a handler ended by an exception of unknown type", escape(who));
        out = {};
        out.what.status = 500;
    }
    co_return out;
}

/// Sends the head of a stream and then what is pushed into it.
task<void> serve_stream(std::shared_ptr<link> l, std::shared_ptr<pending> p, reply answer,
                        exchange_log log) {
    auto s = std::make_shared<stream_state>(l->owner());
    s->queue = std::move(answer.stream);
    s->notice = l->draw_latency();
    p->stream = s;
    l->keep(s);
    co_await l->owner().sleep_until(l->arrival(direction::to_client));
    p->resolve(std::move(answer.what));
    co_await pump(std::move(l), std::move(s), std::move(log));
}

/// Reads a stream to its end into a body: for a client that did not expect one.
task<exchange_result> collect(std::shared_ptr<stream_state> s, response head, time_point deadline) {
    while (true) {
        auto message = co_await next_message(s, deadline);
        if (message) {
            head.body.insert(head.body.end(), message->begin(), message->end());
            head.body.push_back('\n');
        } else if (message.error().kind == transport_failure::timeout) {
            co_return std::unexpected(std::move(message.error()));
        } else {
            co_return head;
        }
    }
}

/// Waits for the response to what was sent.
task<exchange_result> await_response(std::shared_ptr<link> l, std::shared_ptr<pending> p,
                                     time_point deadline) {
    while (!p->outcome) {
        if (!co_await p->changed.wait_until(deadline) && !p->outcome) {
            p->outcome = std::unexpected(
                failure(transport_failure::timeout, true, "no response until the deadline"));
        }
    }
    exchange_result out = std::move(*p->outcome);
    if (out && p->stream && !p->wants_stream) {
        out = co_await collect(p->stream, std::move(*out), deadline);
    }
    if (!out) {
        p->abandoned = true;
        if (p->stream) {
            p->stream->end(l->owner().now(), "this end gave the stream up");
            p->stream->client_left();
        }
        // A late response would be taken for the next one's.
        if (!l->multiplexed()) {
            l->break_off("an exchange on this connection was given up");
        }
    }
    co_return out;
}

/// One exchange at the client, in its turn.
task<exchange_result> converse(std::shared_ptr<link> l, std::shared_ptr<pending> p, request what,
                               time_point deadline, std::shared_ptr<place> mine) {
    auto& w = l->owner();
    const auto number = mine->number();
    complete_headers(what, l->about().at_client->server, l->about().secure);
    p->what = std::make_shared<const request>(std::move(what));
    std::optional<transport_error> unsent;
    while (!unsent && !l->try_start(number)) {
        if (l->broken()) {
            break;
        }
        if (!co_await l->turn().wait_until(deadline) && w.now() >= deadline) {
            unsent = failure(transport_failure::timeout, false, "the connection was busy");
        }
    }
    if (const auto why = l->unusable(1); why && !unsent) {
        unsent = failure(transport_failure::reset, false, *why);
    }
    if (w.now() >= deadline && !unsent) {
        unsent = failure(transport_failure::timeout, false, "the deadline had passed");
    }
    if (unsent) {
        p->client_log.failure(*p->what, *unsent);
        co_return std::unexpected(std::move(*unsent));
    }
    p->client_log.request(*p->what);
    l->begin(number, p);
    w.spawn("serve " + p->client_log.where().id,
            serve(l, p, p->client_log.where().id, l->arrival(direction::to_server)));
    auto out = co_await await_response(l, p, deadline);
    l->finish(number);
    if (!out) {
        p->client_log.failure(*p->what, out.error());
    } else {
        if (!l->multiplexed() && (says_close(out->headers) || says_close(p->what->headers))) {
            l->break_off("the server closed the connection");
        }
        p->client_log.response(*p->what, *out);
    }
    co_return out;
}

/// The lines of a body that did have an end, as a stream.
std::shared_ptr<stream_state> lines_of(world& w, bytes_view body) {
    auto s = std::make_shared<stream_state>(w);
    auto text = as_text(body);
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        s->unread.push_back({w.now(), to_bytes(line)});
    }
    s->end(w.now(), "the server ended the stream");
    return s;
}

task<connection::subscription> converse_stream(std::shared_ptr<link> l, std::shared_ptr<pending> p,
                                               request what, time_point deadline,
                                               std::shared_ptr<place> mine) {
    p->wants_stream = true;
    auto head = co_await converse(l, p, std::move(what), deadline, mine);
    using either = std::variant<response, transport_error>;
    if (!head) {
        co_return std::unexpected(either{std::move(head.error())});
    }
    if (!p->stream && head->status != 200) {
        co_return std::unexpected(either{std::move(*head)});
    }
    auto s = p->stream ? p->stream : lines_of(l->owner(), head->body);
    co_return make_stream(std::move(l), std::move(s), p->client_log, std::move(mine));
}

class virtual_connection final : public connection {
  public:
    explicit virtual_connection(std::shared_ptr<link> l) : link_{std::move(l)} {}
    virtual_connection(const virtual_connection&) = delete;
    virtual_connection& operator=(const virtual_connection&) = delete;
    ~virtual_connection() override { close(); }

    [[nodiscard]] std::shared_ptr<const connection_info> info() const override {
        return link_->about().at_client;
    }
    [[nodiscard]] bool reusable() const override { return !link_->unusable(0); }

    // Not coroutines themselves: what they start holds the link, so this object may go at any time.
    task<exchange_result> exchange(request what, time_point deadline, annotation note) override {
        auto mine = std::make_shared<place>(link_);
        auto p = start(*mine, std::move(note));
        return converse(link_, std::move(p), std::move(what), deadline, std::move(mine));
    }
    task<subscription> subscribe(request what, time_point deadline, annotation note) override {
        auto mine = std::make_shared<place>(link_);
        auto p = start(*mine, std::move(note));
        return converse_stream(link_, std::move(p), std::move(what), deadline, std::move(mine));
    }
    void close() override { link_->break_off("this end closed the connection"); }

  private:
    std::shared_ptr<pending> start(const place& mine, annotation note) {
        const auto& info = link_->about().at_client;
        exchange_context where{.id = info->id + "/" + std::to_string(mine.number()),
                               .at = side::client,
                               .note = std::move(note),
                               .connection = info,
                               .peer = info->server};
        return std::make_shared<pending>(link_->owner(),
                                         exchange_log{link_->owner(), std::move(where)});
    }
    std::shared_ptr<link> link_;
};

} // namespace

std::shared_ptr<connection> make_connection(std::shared_ptr<link> l) {
    return std::make_shared<virtual_connection>(std::move(l));
}

task<void> serve(std::shared_ptr<link> l, std::shared_ptr<pending> p, std::string id,
                 time_point arrives) {
    auto& w = l->owner();
    co_await w.sleep_until(arrives);
    if (l->broken() || p->abandoned) {
        co_return;
    }
    if (!l->about().understood) {
        l->break_off("the server expects TLS");
        co_return;
    }
    const auto server = l->about().server; // open as long as the link is not broken
    const auto& options = server->options;
    if (const auto status = beyond_limits(*p->what, options.limits)) {
        response refusal{.status = *status, .headers = {{"Connection", "close"}}, .body = {}};
        complete_headers(refusal);
        l->say_last();
        co_await w.sleep_until(l->arrival(direction::to_client));
        p->resolve(std::move(refusal));
        co_return;
    }
    exchange_log log{w, server_context(options, std::move(id), l->about().at_server,
                                       {.host = l->about().at_client->id, .port = 0}, *p->what)};
    incoming in{.what = *p->what, .connection = l->about().at_server};
    in.event = log.request(*p->what);
    auto answer = co_await run_handler(server->on_request, std::move(in), options.who.value());
    if (!answer.stream) {
        complete_headers(answer.what);
    }
    if (l->broken() || p->abandoned) {
        auto lost = failure(transport_failure::reset, true, "the client had gone");
        log.failure(*p->what, lost);
        if (answer.stream) {
            stream_state nobody{w};
            nobody.queue = std::move(answer.stream);
            nobody.client_left();
        }
        co_return;
    }
    log_answer(log, *p->what, answer);
    if (answer.how == ending::refused) {
        co_await w.sleep_until(l->arrival(direction::to_client));
        // As a stream that REFUSED_STREAM resets: nothing of it was processed.
        p->resolve(std::unexpected(
            failure(transport_failure::reset, false, "the server refused the stream")));
    } else if (answer.how != ending::whole) {
        co_await w.sleep_until(l->arrival(direction::to_client));
        l->break_off("the server closed the connection");
    } else if (answer.stream) {
        co_await serve_stream(std::move(l), std::move(p), std::move(answer), std::move(log));
    } else {
        co_await w.sleep_until(l->arrival(direction::to_client));
        p->resolve(std::move(answer.what));
    }
}

} // namespace pomona::net::virtual_world
