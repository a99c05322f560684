#include "mac/mdm_client.hpp"

#include "mac/policy.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/protocol/mdm/keys.hpp"

#include <algorithm>
#include <optional>

namespace pomona::sim::mac {
namespace {

/// A failure that no wire saw.
std::unexpected<net::transport_error> local_failure(std::string why) {
    return std::unexpected{net::transport_error{.kind = net::transport_failure::refused,
                                                .after_send = false,
                                                .detail = std::move(why),
                                                .event = 0}};
}

/// Where `answer` sends the transaction; nullopt when it does not. The error is ours.
std::optional<result<net::url>> redirection(const net::url& from, const net::response& answer) {
    const auto location = net::find_header(answer.headers, "Location");
    if (!is_redirect(answer.status) || !location) {
        return std::nullopt;
    }
    return resolve_location(from, *location);
}

} // namespace

bool is_redirect(unsigned status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

result<net::url> resolve_location(const net::url& base, std::string_view location) {
    if (location.starts_with("//")) {
        return net::parse_url((base.secure ? "https:" : "http:") + std::string{location});
    }
    if (location.starts_with('/')) {
        auto out = base;
        out.target = location.substr(0, location.find('#'));
        return out;
    }
    return net::parse_url(location.substr(0, location.find('#')));
}

mdm_client::mdm_client(net::world& w, client_options options)
    : world_{&w}, options_{std::move(options)} {}

std::shared_ptr<mdm_client> mdm_client::make(net::world& w, client_options options) {
    return std::shared_ptr<mdm_client>{new mdm_client{w, std::move(options)}};
}

net::task<mdm_client::through_result>
mdm_client::connect(std::shared_ptr<mdm_client> self, net::endpoint server, net::trust_store trust,
                    time_point deadline, net::annotation note) {
    const auto is_same = [&](const target& t) { return t.server == server && t.trust == trust; };
    const auto kept = std::ranges::find_if(self->open_, is_same);
    if (kept != self->open_.end() && kept->connection->reusable()) {
        co_return through{kept->connection, true};
    }
    net::open_options how{
        .server = server, .tls = self->options_.tls, .deadline = deadline, .note = std::move(note)};
    how.tls->trust = trust;
    auto opened = co_await self->world_->open(std::move(how));
    if (!opened) {
        co_return std::unexpected{std::move(opened.error())};
    }
    std::erase_if(self->open_, is_same);
    self->open_.push_back({std::move(server), std::move(trust), *opened});
    co_return through{*std::move(opened), false};
}

net::task<net::exchange_result> mdm_client::send(std::shared_ptr<mdm_client> self, net::url to,
                                                 net::trust_store trust, net::request what,
                                                 net::annotation note) {
    const auto deadline = self->world_->now() + self->options_.timeout;
    const auto closings = self->closings_;
    for (bool again = false;; again = true) {
        auto way = co_await connect(self, to.server, trust, deadline, note);
        if (!way) {
            co_return std::unexpected{std::move(way.error())};
        }
        auto answer = co_await way->connection->exchange(what, deadline, note);
        if (answer) {
            co_return answer;
        }
        const auto& why = answer.error();
        if (why.kind == net::transport_failure::timeout) {
            // Choice: a connection that gave no answer in time is not trusted with the next one.
            self->drop(way->connection);
        }
        if (again || closings != self->closings_ ||
            !net::may_send_again(what.method, why, way->reused)) {
            co_return answer;
        }
        note.cause = why.event;
    }
}

/// ENR-111: of the URL the message is for; null where nothing is pinned.
const net::trust_store& mdm_client::pins_of(const put_request& what) const {
    static const net::trust_store none;
    return what.channel == "mdm"       ? options_.server_pins
           : what.channel == "checkin" ? options_.checkin_pins
                                       : none;
}

net::task<net::exchange_result> mdm_client::put(std::shared_ptr<mdm_client> self,
                                                put_request what) {
    auto to = net::parse_url(what.url);
    if (!to) {
        co_return local_failure(to.error().message());
    }
    const auto& options = self->options_;
    const auto pins = self->pins_of(what);
    if (pins && options.revocation_check_required) {
        // Schema com.apple.mdm, PinningRevocationCheckRequired: "verified positive". Choice: there
        // is nobody here whom a virtual Mac could ask (docs/mac.md).
        co_return local_failure(
            "PinningRevocationCheckRequired: no revocation check gave a positive answer");
    }
    net::request request{
        .method = std::string{what.method}, .target = {}, .headers = {}, .body = {}};
    if (!what.content_type.empty()) {
        request.headers.push_back({"Content-Type", std::string{what.content_type}});
    }
    request.headers.push_back({"User-Agent", options.user_agent});
    request.headers.push_back({"Accept", "*/*"});
    request.headers.insert(request.headers.end(), options.extra.begin(), options.extra.end());
    if (options.sign) {
        // Over the exact bytes of the body (Apple, "Managing certificates for MDM servers and
        // devices").
        std::optional<result<bytes>> signature;
        // Observed (F22): a signing time, or none and with it no signed attributes.
        const auto now = options.signing_time
                             ? std::optional{self->world_->now() + options.tls.clock_offset}
                             : std::nullopt;
        const auto& identity = *options.identity;
        auto sign = [&signature, &what, &identity, now] {
            signature = crypto::sign_detached(what.body, identity, now);
        };
        co_await self->world_->offload(sign, signature_cost);
        if (!*signature) {
            co_return local_failure((*signature).error().message());
        }
        request.headers.push_back({std::string{mdm::signature_header}, to_base64(**signature)});
    }
    request.body = std::move(what.body);
    net::annotation note{.who = options.who, .channel = what.channel, .cause = what.cause};
    for (int redirects = 0;; ++redirects) {
        request.target = to->target;
        ++self->pending_;
        auto answer = co_await send(self, *to, pins ? pins : options.tls.trust, request, note);
        --self->pending_;
        self->note_use();
        if (!answer || redirects == most_redirects) {
            co_return answer;
        }
        auto next = redirection(*to, *answer);
        // An https server does not lead to a plain one.
        if (!next || !*next || !(*next)->secure) {
            co_return answer;
        }
        to = *std::move(next);
        note.cause = answer->event;
    }
}

void mdm_client::drop(const std::shared_ptr<net::connection>& connection) {
    std::erase_if(open_, [&](const target& t) { return t.connection == connection; });
}

void mdm_client::note_use() {
    used_ = world_->now();
    if (!watched_ && !open_.empty()) {
        watched_ = true;
        world_->spawn("idle connections of " + options_.who.value(),
                      close_when_idle(weak_from_this(), world_));
    }
}

net::task<void> mdm_client::close_when_idle(std::weak_ptr<mdm_client> weak, net::world* w) {
    for (;;) {
        const auto now = w->now();
        auto next = now + keep_connection;
        if (const auto self = weak.lock()) {
            if (self->open_.empty() ||
                (self->pending_ == 0 && now >= self->used_ + keep_connection)) {
                self->close();
                self->watched_ = false;
                co_return;
            }
            if (self->pending_ == 0) {
                next = self->used_ + keep_connection;
            }
        } else {
            co_return;
        }
        co_await w->sleep_until(next);
    }
}

void mdm_client::close() {
    ++closings_;
    for (auto& t : open_) {
        t.connection->close();
    }
    open_.clear();
    // Between two sessions a Mac of a large fleet is mostly its identity. Decoding it again is
    // little beside a TLS handshake, but much where there are none.
    if (const auto& identity = options_.tls.identity; identity && !world_->is_virtual()) {
        identity->cert.rest();
        identity->key.rest();
    }
}

net::task<net::exchange_result> web_client::once(net::url to, net::request what,
                                                 net::annotation note, bool again) {
    const auto deadline = world_->now() + timeout_;
    const bool kept =
        connection_ && connection_->reusable() && server_ == to.server && secure_ == to.secure;
    if (!kept) {
        net::open_options how{
            .server = to.server, .tls = std::nullopt, .deadline = deadline, .note = note};
        if (to.secure) {
            how.tls = tls_;
        }
        auto opened = co_await world_->open(std::move(how));
        if (!opened) {
            co_return std::unexpected{std::move(opened.error())};
        }
        connection_ = *std::move(opened);
        server_ = to.server;
        secure_ = to.secure;
    }
    const auto connection = connection_;
    auto answer = co_await connection->exchange(what, deadline, note);
    if (!answer && !again && net::may_send_again(what.method, answer.error(), kept)) {
        note.cause = answer.error().event;
        co_return co_await once(std::move(to), std::move(what), std::move(note), true);
    }
    co_return answer;
}

net::task<net::exchange_result> web_client::load(net::url to, net::request what,
                                                 std::string channel, std::uint64_t cause) {
    what.target = to.target;
    net::annotation note{.who = who_, .channel = std::move(channel), .cause = cause};
    co_return co_await once(std::move(to), std::move(what), std::move(note), false);
}

net::task<net::exchange_result> web_client::send(std::string url, net::request what,
                                                 std::string channel, std::uint64_t cause) {
    auto to = net::parse_url(url);
    if (!to) {
        co_return local_failure(to.error().message());
    }
    net::annotation note{.who = who_, .channel = std::move(channel), .cause = cause};
    const bool follow = what.method == "GET";
    for (int redirects = 0;; ++redirects) {
        what.target = to->target;
        auto answer = co_await once(*to, what, note, false);
        if (!answer || !follow || redirects == most_redirects) {
            co_return answer;
        }
        auto next = redirection(*to, *answer);
        if (!next || !*next) {
            co_return answer;
        }
        to = *std::move(next);
        note.cause = answer->event;
    }
}

} // namespace pomona::sim::mac
