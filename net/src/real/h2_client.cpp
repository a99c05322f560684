// The client's side of HTTP/2: exchanges side by side on one connection.
#include "real/client_core.hpp"
#include "real/h2_call.hpp"
#include "real/h2_session.hpp"

#include <algorithm>
#include <charconv>

namespace pomona::net::real {

namespace {

class h2_client final : public h2_session, public client_core, public h2_faulty {
  public:
    explicit h2_client(client_setup setup)
        : h2_session{setup.owner, setup.stream},
          info_{std::move(setup.info)},
          secure_{setup.secure} {}

    bool begin();
    const std::shared_ptr<const connection_info>& info() const override { return info_; }
    bool reusable() override {
        return !is_lost() && !going_away_ && !closed_ &&
               nghttp2_session_check_request_allowed(session()) != 0;
    }
    task<exchange_result> exchange(request what, time_point deadline, annotation note) override {
        return run(self(), std::move(what), deadline, std::move(note));
    }
    task<connection::subscription> subscribe(request what, time_point deadline,
                                             annotation note) override {
        return run_subscription(self(), std::move(what), deadline, std::move(note));
    }
    void close() override;
    void give_up(std::int32_t id) {
        if (!is_lost() && calls_.contains(id)) {
            reset(id, NGHTTP2_CANCEL);
        }
    }
    void go_on(std::int32_t id) override {
        if (!is_lost()) {
            nghttp2_session_resume_data(session(), id);
            flush();
        }
    }
    void reset_stream(std::int32_t id, std::uint32_t code) override {
        if (!is_lost()) {
            reset(id, code);
        }
    }
    void say_goaway(std::uint32_t code) override {
        going_away_ = true;
        if (!is_lost()) {
            nghttp2_submit_goaway(session(), NGHTTP2_FLAG_NONE, 0, code, nullptr, 0);
            flush();
        }
    }
    socket_stream& socket() override { return stream(); }
    void cut(const io_error& why) override { lose(why); }
    /// The next message of a stream has been taken: its bytes no longer count against the window.
    void consume_line(std::int32_t id, std::size_t size) {
        if (is_lost()) {
            return;
        }
        nghttp2_session_consume_stream(session(), id, size);
        flush();
    }
    static task<std::expected<message_stream::message, transport_error>>
    next_message(std::shared_ptr<h2_client> self, std::int32_t id, call_ptr call,
                 time_point deadline);

  private:
    std::shared_ptr<h2_client> self() {
        return std::static_pointer_cast<h2_client>(shared_from_this());
    }
    static task<exchange_result> run(std::shared_ptr<h2_client> self, request what,
                                     time_point deadline, annotation note);
    static task<connection::subscription> run_subscription(std::shared_ptr<h2_client> self,
                                                           request what, time_point deadline,
                                                           annotation note);
    /// Waits for the response, or for its header. Sets the call's failure at the deadline.
    static task<void> await_answer(std::shared_ptr<h2_client> self, std::int32_t id, call_ptr call,
                                   time_point deadline);
    /// The stream's id; 0 with the call's failure set.
    std::int32_t submit(const call_ptr& call, time_point deadline, annotation note);
    transport_error report(h2_call& call);
    static ssize_t read_body(nghttp2_session* session, std::int32_t id, std::uint8_t* into,
                             std::size_t size, std::uint32_t* flags, nghttp2_data_source* source,
                             void* user);

    void on_header(std::int32_t id, std::string_view name, std::string_view value) override;
    void on_headers(std::int32_t id) override;
    void on_data(std::int32_t id, bytes_view data) override;
    void on_end_stream(std::int32_t id) override;
    void on_headers_sent(std::int32_t id) override;
    void on_headers_not_sent(std::int32_t id) override;
    void on_stream_closed(std::int32_t id, std::uint32_t code) override;
    void on_goaway(std::string why) override {
        going_away_ = true;
        goaway_ = ": GOAWAY " + std::move(why);
    }
    void on_progress() override {
        if (going_away_ && calls_.empty()) {
            close_connection();
        }
    }
    void on_lost(const io_error& why) override;
    h2_call* find(std::int32_t id) {
        const auto found = calls_.find(id);
        return found == calls_.end() ? nullptr : found->second.get();
    }

    std::shared_ptr<const connection_info> info_;
    bool secure_;
    bool going_away_ = false;
    std::string goaway_; ///< for details of failures; empty until the server has said it
    bool closed_ = false;
    std::unordered_map<std::int32_t, call_ptr> calls_;
};

bool h2_client::begin() {
    if (!start(role::client, 0, max_response_header_bytes)) {
        return false;
    }
    owner().spawn("read HTTP/2 responses", read_all(shared_from_this(), {}));
    return true;
}

void h2_client::close() {
    if (!closed_) {
        closed_ = true;
        lose({io_failure::closed, "closed at this end"});
    }
}

void h2_client::on_lost(const io_error& why) {
    const auto all = std::exchange(calls_, {});
    for (const auto& [id, call] : all) {
        auto told = to_transport_error(why, call->sent);
        call->fail(told.kind, told.after_send, told.detail + goaway_);
    }
}

ssize_t h2_client::read_body(nghttp2_session* /*session*/, std::int32_t /*id*/, std::uint8_t* into,
                             std::size_t size, std::uint32_t* flags, nghttp2_data_source* source,
                             void* /*user*/) {
    return static_cast<h2_call*>(source->ptr)->take_body({into, size}, *flags);
}

std::int32_t h2_client::submit(const call_ptr& call, time_point deadline, annotation note) {
    exchange_context where{{}, side::client, std::move(note), info_, info_->server};
    const bool late = owner().now() >= deadline;
    if (late || !reusable()) {
        call->log.emplace(owner(), std::move(where));
        call->fail(late ? transport_failure::timeout : transport_failure::reset, false,
                   late ? "the deadline had passed"
                        : "the connection takes no more requests" + goaway_);
        return 0;
    }
    complete_headers(call->what, info_->server, secure_);
    call->what.headers = to_h2_headers(std::move(call->what.headers));
    const auto& all = call->what.headers;
    const headers pseudo{{":method", call->what.method},
                         {":scheme", secure_ ? "https" : "http"},
                         {":authority", std::string{find_header(all, "host").value_or("")}},
                         {":path", call->what.target}};
    auto fields = to_fields(pseudo, all);
    std::erase_if(fields, [](const nghttp2_nv& f) {
        return as_text({f.name, f.namelen}) == "host"; // :authority says it
    });
    nghttp2_data_provider body{{.ptr = call.get()}, read_body};
    const auto id = nghttp2_submit_request(session(), nullptr, fields.data(), fields.size(),
                                           call->what.body.empty() ? nullptr : &body, nullptr);
    if (id > 0) {
        where.id = info_->id + "/" + std::to_string(id);
        calls_.emplace(id, call);
    } else {
        call->fail(transport_failure::reset, false, nghttp2_strerror(id));
    }
    call->log.emplace(owner(), std::move(where));
    flush();
    return std::max(id, 0);
}

void h2_client::on_headers_sent(std::int32_t id) {
    if (auto* const call = find(id); call != nullptr && !call->sent) {
        call->sent = true;
        call->log->request(call->what);
        call->changed.notify_all();
    }
}

void h2_client::on_headers_not_sent(std::int32_t id) {
    if (const auto call = calls_.extract(id)) {
        call.mapped()->fail(transport_failure::reset, false,
                            "the server takes no more requests on this connection" + goaway_);
    }
}

void h2_client::on_header(std::int32_t id, std::string_view name, std::string_view value) {
    auto* const call = find(id);
    if (call == nullptr) {
        return;
    }
    if (call->headers_done) {
        return; // trailers: nothing here has a use for them
    }
    call->header_bytes += name.size() + value.size() + 32; // RFC 9113 section 6.5.2
    if (call->header_bytes > max_response_header_bytes) {
        call->fail(transport_failure::reset, true, "the response's header is too large");
        reset(id, NGHTTP2_CANCEL);
    } else if (name == ":status") {
        std::from_chars(value.data(), value.data() + value.size(), call->answer.status);
    } else {
        call->answer.headers.push_back({std::string{name}, std::string{value}});
    }
}

void h2_client::on_headers(std::int32_t id) {
    auto* const call = find(id);
    if (call == nullptr || call->headers_done) {
        return; // unknown, or trailers
    }
    if (call->answer.status / 100 == 1) {
        call->answer = {}; // RFC 9110 section 15.2: an interim response
        return;
    }
    call->headers_done = true;
    if (call->subscribing && call->answer.status == 200) {
        call->streaming = true;
        call->log->response(call->what, call->answer);
        call->changed.notify_all();
    }
}

void h2_client::on_data(std::int32_t id, bytes_view data) {
    auto* const call = find(id);
    if (call != nullptr && call->streaming) {
        // Each line counts against the stream's window until it is taken.
        std::vector<bytes> lines;
        nghttp2_session_consume_connection(session(), data.size());
        if (!call->splitter.put(data, lines)) {
            call->fail(transport_failure::reset, true, "a message of the stream is too long");
            reset(id, NGHTTP2_CANCEL);
            return;
        }
        std::ranges::move(lines, std::back_inserter(call->lines));
        if (!lines.empty()) {
            call->changed.notify_all();
        }
        return;
    }
    consume(id, data.size());
    if (call == nullptr) {
        return;
    }
    if (call->answer.body.size() + data.size() > max_response_bytes) {
        call->fail(transport_failure::reset, true, "the response is too large");
        reset(id, NGHTTP2_CANCEL);
        return;
    }
    call->answer.body.insert(call->answer.body.end(), data.begin(), data.end());
}

void h2_client::on_end_stream(std::int32_t id) {
    auto* const call = find(id);
    if (call == nullptr || !call->headers_done || call->failure) {
        return;
    }
    call->done = true;
    if (!call->streaming) {
        call->log->response(call->what, call->answer);
    } else if (auto rest = call->splitter.take_rest(); !rest.empty()) {
        call->lines.push_back(std::move(rest));
    }
    call->changed.notify_all();
    if (call->body_sent < call->what.body.size()) {
        reset(id, NGHTTP2_NO_ERROR); // answered early: the rest of the body is of no use
    }
}

void h2_client::on_stream_closed(std::int32_t id, std::uint32_t code) {
    const auto call = calls_.extract(id);
    if (call.empty()) {
        return;
    }
    // RFC 9113 section 8.7: a refused stream has not been processed. A GOAWAY refuses the streams
    // above its last.
    auto& lost = *call.mapped();
    const bool processed = code != NGHTTP2_REFUSED_STREAM && lost.sent;
    lost.fail(transport_failure::reset, processed,
              std::string{"stream closed: "} + nghttp2_http2_strerror(code) + goaway_);
    if (lost.failure && processed) {
        lost.failure->heard = true;
    }
}

transport_error h2_client::report(h2_call& call) {
    auto why = *call.failure;
    call.log->failure(call.what, why);
    return why;
}

task<void> h2_client::await_answer(std::shared_ptr<h2_client> self, std::int32_t id, call_ptr call,
                                   time_point deadline) {
    while (!call->failure && !call->done && !call->streaming) {
        if (!co_await call->changed.wait_until(deadline)) {
            call->fail(transport_failure::timeout, call->sent, "waiting for the response");
            self->give_up(id);
        }
    }
}

task<exchange_result> h2_client::run(std::shared_ptr<h2_client> self, request what,
                                     time_point deadline, annotation note) {
    const auto call = std::make_shared<h2_call>(self->owner(), std::move(what), false);
    const auto tap = note.tap;
    prepare_fault(*self, *call, tap.get());
    const auto id = self->submit(call, deadline, std::move(note));
    if (tap && tap->wire_done && id > 0) {
        co_await carry_out_fault(self, id, call, *tap->wire, deadline);
    }
    co_await await_answer(self, id, call, deadline);
    if (call->failure) {
        co_return std::unexpected(self->report(*call));
    }
    co_return std::move(call->answer);
}

task<std::expected<message_stream::message, transport_error>>
h2_client::next_message(std::shared_ptr<h2_client> self, std::int32_t id, call_ptr call,
                        time_point deadline) {
    while (call->lines.empty()) {
        if (call->failure) {
            co_return std::unexpected(*call->failure);
        }
        if (call->done) {
            co_return std::unexpected(
                transport_error{transport_failure::reset, true, "the server ended the stream", 0});
        }
        if (!co_await call->changed.wait_until(deadline)) {
            co_return std::unexpected(
                transport_error{transport_failure::timeout, true, "waiting for a message", 0});
        }
    }
    message_stream::message first{std::move(call->lines.front()), 0};
    call->lines.pop_front();
    self->consume_line(id, first.data.size() + 1);
    first.event = call->log->stream_message(first.data);
    co_return first;
}

class h2_messages final : public message_stream {
  public:
    h2_messages(std::shared_ptr<h2_client> client, std::int32_t id, call_ptr call)
        : client_{std::move(client)}, id_{id}, call_{std::move(call)} {}
    ~h2_messages() override { h2_messages::close(); }
    task<std::expected<message, transport_error>> next(time_point deadline) override {
        return h2_client::next_message(client_, id_, call_, deadline);
    }
    void close() override {
        call_->fail(transport_failure::reset, true, "closed at this end");
        client_->give_up(id_);
    }

  private:
    std::shared_ptr<h2_client> client_;
    std::int32_t id_;
    call_ptr call_;
};

task<connection::subscription> h2_client::run_subscription(std::shared_ptr<h2_client> self,
                                                           request what, time_point deadline,
                                                           annotation note) {
    using refusal = std::variant<response, transport_error>;
    const auto call = std::make_shared<h2_call>(self->owner(), std::move(what), true);
    const auto id = self->submit(call, deadline, std::move(note));
    co_await await_answer(self, id, call, deadline);
    if (call->streaming) {
        co_return std::make_shared<h2_messages>(self, id, call);
    }
    if (call->failure) {
        co_return std::unexpected(refusal{self->report(*call)});
    }
    co_return std::unexpected(refusal{std::move(call->answer)});
}

} // namespace

std::shared_ptr<client_core> make_h2_client(client_setup setup) {
    auto made = std::make_shared<h2_client>(std::move(setup));
    if (!made->begin()) {
        made->close();
    }
    return made;
}

} // namespace pomona::net::real
