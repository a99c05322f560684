#include "pomona/trace/recorder.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/context.hpp"
#include "pomona/protocol/mdm/checkin.hpp"
#include "pomona/trace/decode.hpp"
#include "summary_parts.hpp"
#include "writer.hpp"

namespace pomona::trace {
namespace {

constexpr std::size_t key_bytes = 32;

/// Facts are of the Mac's end and of the emulators' (whose peer may be a foreign provider). Choice:
/// the reference server's own ends have none, since no check may read them (a check has to work on
/// foreign servers).
bool wants_facts(const net::exchange_context& where) {
    return where.at == net::side::client || where.note.who.value() != "server";
}

/// Whose user channel a message or a state names; empty: none.
std::string user_of(const fields& summary) {
    const auto user = summary.text("UserID");
    return std::string{user.empty() ? summary.text("EnrollmentUserID")
                                    : mdm::user_key(user, summary.text("UserShortName"))};
}

std::string hash_of(bytes_view data) {
    return to_hex(crypto::sha256(data));
}

} // namespace

recorder::recorder(net::world& world, recorder_options options)
    : world_{&world},
      options_{std::move(options)},
      changed_{world},
      redactor_{world.random(key_bytes), options_.redact_push_magic} {}

recorder::~recorder() = default;

result<std::unique_ptr<recorder>> recorder::create(net::world& world, recorder_options options) {
    std::unique_ptr<recorder> out{new recorder{world, std::move(options)}};
    if (out->options_.folder.empty()) {
        out->writer_ = std::make_unique<writer>();
        return out;
    }
    auto made = writer::create(out->options_.folder);
    if (!made) {
        return std::unexpected{std::move(made.error())};
    }
    out->writer_ = std::move(*made);
    return out;
}

event recorder::begin(const net::exchange_context& where, kind what) const {
    event e;
    e.actor = where.note.who.value();
    e.peer = where.peer.host.empty() ? std::string{} : net::to_text(where.peer);
    e.channel = where.note.channel;
    e.exchange = where.id;
    e.kind = what;
    e.at = where.at == net::side::client ? end::client : end::server;
    if (where.connection) {
        e.tls_version = where.connection->tls_version;
        e.alpn = where.connection->alpn;
    }
    if (const auto* cert = client_certificate(where)) {
        e.client_certificate = to_hex(cert->sha256());
    }
    return e;
}

std::optional<body_ref> recorder::store(bytes stored, std::uint64_t wire_size, bool redacted) {
    if (wire_size == 0) {
        return std::nullopt;
    }
    body_ref ref{hash_of(stored), wire_size, redacted};
    writer_->body(ref.sha256, std::move(stored));
    return ref;
}

std::uint64_t recorder::add_opening(const net::exchange_context& where, event e) {
    auto& [client, server] = open_[where.id];
    // A request that arrives was caused by whatever the sender said, or by its sending.
    e.cause = where.note.cause != 0 || where.at == net::side::client ? where.note.cause : client;
    const auto number = add(std::move(e));
    (where.at == net::side::client ? client : server) = number;
    return number;
}

void recorder::end_exchange(const net::exchange_context& where, event& ending) {
    ending.cause = where.note.cause;
    const auto found = open_.find(where.id);
    if (found == open_.end()) {
        return;
    }
    auto& [client, server] = found->second;
    const auto request = std::exchange(where.at == net::side::client ? client : server, 0);
    if (client == 0 && server == 0) {
        open_.erase(found);
    }
    if (request != 0) {
        ending.cause = request;
        ending.user = events_[request - 1].user;
    }
}

std::uint64_t recorder::on_request(const net::exchange_context& where, const net::request& what) {
    auto e = begin(where, kind::request);
    auto stored = redactor_.body(what.body, net::media_type(what.headers));
    net::request shown{what.method, redactor_.target(what.target), redactor_.headers(what.headers),
                       std::move(stored.body)};
    e.summary = summarize_request(world_->crypto(), where, shown);
    if (wants_facts(where)) {
        e.facts = facts_of_request(world_->crypto(), where, what);
    }
    if (e.channel == "mdm" || e.channel == "checkin") {
        e.user = user_of(e.summary);
    }
    e.method = std::move(shown.method);
    e.target = std::move(shown.target);
    e.headers = std::move(shown.headers);
    e.body = store(std::move(shown.body), what.body.size(), stored.changed);
    return add_opening(where, std::move(e));
}

std::uint64_t recorder::on_response(const net::exchange_context& where, const net::request& to,
                                    const net::response& what) {
    auto e = begin(where, kind::response);
    auto stored = redactor_.body(what.body, net::media_type(what.headers));
    net::response shown{what.status, redactor_.headers(what.headers), std::move(stored.body)};
    e.summary = summarize_response(world_->crypto(), where, to, shown);
    if (wants_facts(where)) {
        e.facts = facts_of_response(world_->crypto(), where, to, what);
    }
    e.method = to.method;
    e.target = redactor_.target(to.target);
    e.status = what.status;
    e.headers = std::move(shown.headers);
    if (where.altered) {
        shown.body = to_bytes(redactor_.placeholder("altered", what.body));
        stored.changed = true;
    }
    e.body = store(std::move(shown.body), what.body.size(), stored.changed);
    end_exchange(where, e);
    return add(std::move(e));
}

std::uint64_t recorder::on_failure(const net::exchange_context& where, const net::request& of,
                                   const net::transport_error& why) {
    auto e = begin(where, kind::failure);
    e.method = of.method;
    e.target = redactor_.target(of.target);
    e.failure = net::to_text(why.kind);
    e.after_send = why.after_send;
    e.detail = clipped(why.detail);
    end_exchange(where, e);
    return add(std::move(e));
}

std::uint64_t recorder::on_stream_message(const net::exchange_context& where, bytes_view message) {
    auto e = begin(where, kind::message);
    auto stored = redactor_.body(message, {});
    e.summary = summarize_stream_message(where, stored.body);
    e.body = store(std::move(stored.body), message.size(), stored.changed);
    e.cause = where.note.cause;
    return add(std::move(e));
}

std::uint64_t recorder::state(const actor& who, std::string name, fields summary,
                              std::uint64_t cause) {
    if (options_.silent) {
        return 0;
    }
    event e;
    e.actor = who.value();
    e.kind = kind::state;
    e.name = std::move(name);
    e.summary = redactor_.values(summary);
    e.user = user_of(e.summary);
    e.cause = cause;
    return add(std::move(e));
}

std::uint64_t recorder::fact(const actor& who, std::string name, fields facts,
                             std::uint64_t cause) {
    if (options_.silent) {
        return 0;
    }
    event e;
    e.actor = who.value();
    e.kind = kind::fact;
    e.name = std::move(name);
    e.facts = redactor_.values(facts);
    e.cause = cause;
    return add(std::move(e));
}

std::uint64_t recorder::step(std::string name, fields summary) {
    event e;
    e.actor = "runner";
    e.kind = kind::step;
    e.name = std::move(name);
    e.summary = redactor_.values(summary);
    return add(std::move(e));
}

std::uint64_t recorder::fault(const net::exchange_context& where, std::string name,
                              const fields& about, const net::request& of,
                              const net::response* original) {
    auto e = begin(where, kind::fault);
    e.name = std::move(name);
    e.method = of.method;
    e.target = redactor_.target(of.target);
    e.cause = where.note.cause;
    e.summary = redactor_.values(about);
    if (original != nullptr) {
        auto stored = redactor_.body(original->body, net::media_type(original->headers));
        const net::response shown{original->status, redactor_.headers(original->headers),
                                  std::move(stored.body)};
        e.status = shown.status;
        e.headers = shown.headers;
        for (const auto& [key, value] : summarize_response(world_->crypto(), where, of, shown)) {
            e.summary.set(key, value);
        }
        e.body = store(shown.body, original->body.size(), stored.changed);
    }
    return add(std::move(e));
}

void recorder::set_step(std::string where) {
    step_ = std::move(where);
}

std::uint64_t recorder::add(event e) {
    if (options_.silent) {
        return 0;
    }
    e.number = events_.size() + 1;
    e.time = world_->now();
    e.step = step_;
    writer_->line(to_line(e));
    const auto number = e.number;
    events_.push_back(std::move(e));
    if (writer_->failed()) {
        report_write_failure();
    }
    changed_.notify_all();
    return number;
}

void recorder::report_write_failure() {
    if (failure_told_) {
        return;
    }
    failure_told_ = true;
    if (on_write_failure) {
        on_write_failure(writer_->failure());
    }
}

std::optional<bytes> recorder::body(const body_ref& ref) const {
    return writer_->find_body(ref.sha256);
}

result<void> recorder::finish() {
    auto done = writer_->finish();
    if (!done) {
        report_write_failure();
    }
    return done;
}

result<void> recorder::write_description(const std::string& json) {
    if (options_.folder.empty()) {
        return {};
    }
    return replace_file(options_.folder / "run.json", json);
}

} // namespace pomona::trace
