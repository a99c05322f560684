// The client's side of HTTP/1.1: one exchange after the other, in call order.
#include "real/client_core.hpp"
#include "real/h1_message.hpp"
#include "real/h1_wire_fault.hpp"

#include <algorithm>
#include <deque>

namespace pomona::net::real {

namespace {

constexpr h1_limits response_limits{max_response_header_bytes, max_response_bytes};

class h1_client;

/// A place in the queue of exchanges, given up when it goes out of scope.
class turn {
  public:
    explicit turn(std::shared_ptr<h1_client> owner);
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;
    ~turn();
    [[nodiscard]] std::uint64_t number() const { return number_; }

  private:
    std::shared_ptr<h1_client> owner_;
    std::uint64_t number_;
};

/// One exchange under way.
struct h1_exchange {
    h1_exchange(world& w, exchange_context where, bool head)
        : log{w, std::move(where)}, reader{response_limits, head} {}
    exchange_log log;
    h1_response_reader reader;
    std::uint64_t written_before = 0;
    bool heard = false; ///< any byte of an answer
};
using h1_exchange_ptr = std::shared_ptr<h1_exchange>;

class h1_client final : public client_core, public std::enable_shared_from_this<h1_client> {
  public:
    explicit h1_client(client_setup setup)
        : setup_{std::move(setup)}, turn_changed_{setup_.owner} {}

    const std::shared_ptr<const connection_info>& info() const override { return setup_.info; }
    bool reusable() override {
        return !broken_ && (!turns_.empty() || (input_.empty() && setup_.stream->is_quiet()));
    }
    task<exchange_result> exchange(request what, time_point deadline, annotation note) override {
        return run(shared_from_this(), std::move(what), deadline, std::move(note));
    }
    task<connection::subscription> subscribe(request what, time_point deadline,
                                             annotation note) override {
        return run_subscription(shared_from_this(), std::move(what), deadline, std::move(note));
    }
    void close() override {
        broken_ = true;
        setup_.stream->close();
        turn_changed_.notify_all();
    }

    std::uint64_t take_turn() {
        turns_.push_back(++last_turn_);
        return last_turn_;
    }
    void leave(std::uint64_t number) {
        std::erase(turns_, number);
        turn_changed_.notify_all();
    }

    /// Reads once more for a response that stays open.
    static task<io_result<void>> read_stream(std::shared_ptr<h1_client> self, h1_exchange_ptr x,
                                             time_point deadline);

  private:
    /// Reads until the header (or, with `whole`, the message) is there. Static: the caller's shared
    /// pointers keep all alive.
    static task<io_result<void>> read_response(std::shared_ptr<h1_client> self, h1_exchange_ptr x,
                                               bool whole, time_point deadline);
    io_result<void> take_input(h1_response_reader& reader);

    using started = std::expected<h1_exchange_ptr, transport_error>;

    static task<exchange_result> run(std::shared_ptr<h1_client> self, request what,
                                     time_point deadline, annotation note);
    static task<connection::subscription> run_subscription(std::shared_ptr<h1_client> self,
                                                           request what, time_point deadline,
                                                           annotation note);
    /// Waits for the turn and sends. `what` lives in the caller's frame.
    static task<started> start(std::shared_ptr<h1_client> self, std::uint64_t number,
                               const request& what, time_point deadline, annotation note);
    /// A failure of the exchange: ends the connection, tells the observer.
    transport_error fail_exchange(h1_exchange& x, const request& of, const io_error& why);
    transport_error not_sent(transport_failure kind, std::string detail, const request& of,
                             annotation note);
    response finish(h1_exchange& x, const request& what);
    [[nodiscard]] exchange_context context(std::string id, annotation note) const {
        return {std::move(id), side::client, std::move(note), setup_.info, setup_.info->server};
    }

    client_setup setup_;
    signal turn_changed_;
    std::deque<std::uint64_t> turns_;
    std::uint64_t last_turn_ = 0;
    std::uint64_t exchanges_ = 0;
    bytes input_; ///< read and not yet taken
    bool broken_ = false;
};

turn::turn(std::shared_ptr<h1_client> owner)
    : owner_{std::move(owner)}, number_{owner_->take_turn()} {}
turn::~turn() {
    owner_->leave(number_);
}

transport_error h1_client::not_sent(transport_failure kind, std::string detail, const request& of,
                                    annotation note) {
    transport_error why{kind, false, std::move(detail), 0};
    exchange_log{setup_.owner, context({}, std::move(note))}.failure(of, why);
    return why;
}

transport_error h1_client::fail_exchange(h1_exchange& x, const request& of, const io_error& why) {
    close();
    auto told = to_transport_error(why, setup_.stream->bytes_written() > x.written_before);
    told.heard = x.heard;
    x.log.failure(of, told);
    return told;
}

task<h1_client::started> h1_client::start(std::shared_ptr<h1_client> self, std::uint64_t number,
                                          const request& what, time_point deadline,
                                          annotation note) {
    while (!self->broken_ && self->turns_.front() != number) {
        if (!co_await self->turn_changed_.wait_until(deadline)) {
            co_return std::unexpected(self->not_sent(transport_failure::timeout,
                                                     "waiting for earlier exchanges", what,
                                                     std::move(note)));
        }
    }
    // An unasked-for byte or an end between exchanges: what is sent now would be lost. Not judged
    // before the first one, where an alert of TLS 1.3 may be waiting to be read.
    if (!self->broken_ && self->exchanges_ > 0 &&
        (!self->input_.empty() || !self->setup_.stream->is_quiet())) {
        self->close();
    }
    if (self->broken_) {
        co_return std::unexpected(self->not_sent(
            transport_failure::reset, "the connection is closed", what, std::move(note)));
    }
    if (self->setup_.owner.now() >= deadline) {
        co_return std::unexpected(self->not_sent(transport_failure::timeout,
                                                 "the deadline had passed", what, std::move(note)));
    }
    const auto id = self->setup_.info->id + "/" + std::to_string(++self->exchanges_);
    auto x = std::make_shared<h1_exchange>(self->setup_.owner, self->context(id, std::move(note)),
                                           what.method == "HEAD");
    x->written_before = self->setup_.stream->bytes_written();
    x->log.request(what);
    auto* const tap = x->log.where().note.tap.get();
    if (auto sent =
            co_await send_request(self->setup_.owner, *self->setup_.stream, what, tap, deadline);
        !sent) {
        auto why = std::move(sent.error());
        if (why.kind == io_failure::reset) {
            // A server that answers early and closes: its answer, or its alert, may be there all
            // the same.
            const auto answered = co_await read_response(self, x, true, deadline);
            if (answered) {
                self->broken_ = true;
                co_return x;
            }
            if (answered.error().kind == io_failure::alert) {
                why = answered.error();
            }
        }
        co_return std::unexpected(self->fail_exchange(*x, what, why));
    }
    co_return x;
}

io_result<void> h1_client::take_input(h1_response_reader& reader) {
    if (!input_.empty()) {
        const auto taken = reader.put(input_);
        input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(taken));
        if (reader.fault() != h1_fault::none) {
            return std::unexpected(
                io_error{io_failure::reset, "the response is not HTTP, or too large"});
        }
    }
    return {};
}

task<io_result<void>> h1_client::read_response(std::shared_ptr<h1_client> self, h1_exchange_ptr x,
                                               bool whole, time_point deadline) {
    auto& reader = x->reader;
    for (;;) {
        if (auto taken = self->take_input(reader); !taken) {
            co_return taken;
        }
        if (reader.done() || (!whole && reader.header_done())) {
            co_return io_result<void>{};
        }
        auto got = co_await self->setup_.stream->read_more(self->input_, deadline);
        x->heard = x->heard || got;
        if (!got) {
            if (got.error().kind == io_failure::eof && reader.put_end()) {
                self->broken_ = true;
                co_return io_result<void>{};
            }
            co_return got;
        }
    }
}

task<io_result<void>> h1_client::read_stream(std::shared_ptr<h1_client> self, h1_exchange_ptr x,
                                             time_point deadline) {
    auto got = co_await self->setup_.stream->read_more(self->input_, deadline);
    co_return got ? self->take_input(x->reader) : got;
}

response h1_client::finish(h1_exchange& x, const request& what) {
    auto answer = std::move(x.reader.message());
    if (!x.reader.keep_alive() || says_close(what.headers)) {
        close();
    }
    x.log.response(what, answer);
    return answer;
}

task<exchange_result> h1_client::run(std::shared_ptr<h1_client> self, request what,
                                     time_point deadline, annotation note) {
    complete_headers(what, self->setup_.info->server, self->setup_.secure);
    const turn mine{self};
    auto x = co_await start(self, mine.number(), what, deadline, std::move(note));
    if (!x) {
        co_return std::unexpected(std::move(x.error()));
    }
    if (auto got = co_await read_response(self, *x, true, deadline); !got) {
        co_return std::unexpected(self->fail_exchange(**x, what, got.error()));
    }
    co_return self->finish(**x, what);
}

/// The messages of a response that stays open; holds the connection's turn for good.
class h1_messages final : public message_stream {
  public:
    h1_messages(std::shared_ptr<h1_client> client, std::shared_ptr<turn> mine, h1_exchange_ptr x)
        : state_{std::make_shared<state>(std::move(client), std::move(mine), std::move(x))} {
        state_->x->reader.stream_body_to([s = state_.get()](bytes_view data) {
            std::vector<bytes> lines;
            s->overlong = s->overlong || !s->splitter.put(data, lines);
            std::ranges::move(lines, std::back_inserter(s->waiting));
        });
    }
    ~h1_messages() override { state_->client->close(); }

    task<std::expected<message, transport_error>> next(time_point deadline) override {
        return take(state_, deadline);
    }
    void close() override { state_->client->close(); }

  private:
    struct state {
        state(std::shared_ptr<h1_client> c, std::shared_ptr<turn> m, h1_exchange_ptr e)
            : client{std::move(c)}, mine{std::move(m)}, x{std::move(e)} {}
        std::shared_ptr<h1_client> client;
        std::shared_ptr<turn> mine;
        h1_exchange_ptr x;
        line_splitter splitter;
        std::deque<bytes> waiting;
        bool overlong = false;
    };

    static task<std::expected<message, transport_error>> take(std::shared_ptr<state> s,
                                                              time_point deadline) {
        while (s->waiting.empty()) {
            if (auto rest = s->x->reader.done() ? s->splitter.take_rest() : bytes{};
                !rest.empty()) {
                s->waiting.push_back(std::move(rest));
                break;
            }
            if (s->overlong || s->x->reader.done()) {
                s->client->close();
                co_return std::unexpected(
                    transport_error{transport_failure::reset, true,
                                    s->overlong ? "a message of the stream is too long"
                                                : "the server ended the stream",
                                    0});
            }
            if (auto got = co_await h1_client::read_stream(s->client, s->x, deadline); !got) {
                if (got.error().kind != io_failure::timeout) {
                    s->client->close();
                }
                co_return std::unexpected(to_transport_error(got.error(), true));
            }
        }
        message first{std::move(s->waiting.front()), 0};
        s->waiting.pop_front();
        first.event = s->x->log.stream_message(first.data);
        co_return first;
    }

    std::shared_ptr<state> state_;
};

task<connection::subscription> h1_client::run_subscription(std::shared_ptr<h1_client> self,
                                                           request what, time_point deadline,
                                                           annotation note) {
    using refusal = std::variant<response, transport_error>;
    complete_headers(what, self->setup_.info->server, self->setup_.secure);
    auto mine = std::make_shared<turn>(self);
    auto x = co_await start(self, mine->number(), what, deadline, std::move(note));
    if (!x) {
        co_return std::unexpected(refusal{std::move(x.error())});
    }
    auto got = co_await read_response(self, *x, false, deadline);
    const bool opened = got && (*x)->reader.message().status == 200;
    if (got && !opened) {
        got = co_await read_response(self, *x, true, deadline);
    }
    if (!got) {
        co_return std::unexpected(refusal{self->fail_exchange(**x, what, got.error())});
    }
    if (!opened) {
        co_return std::unexpected(refusal{self->finish(**x, what)});
    }
    auto& head = (*x)->reader.message();
    auto body = std::exchange(head.body, {}); // of the stream, not of the response
    (*x)->log.response(what, head);
    head.body = std::move(body);
    co_return std::make_shared<h1_messages>(self, std::move(mine), *x);
}

} // namespace

std::shared_ptr<client_core> make_h1_client(client_setup setup) {
    return std::make_shared<h1_client>(std::move(setup));
}

} // namespace pomona::net::real
