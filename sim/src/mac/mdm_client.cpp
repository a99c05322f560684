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

net::task<net::open_result> mdm_client::connect(net::endpoint server, time_point deadline,
                                                net::annotation note) {
    net::open_options how{
        .server = server, .tls = options_.tls, .deadline = deadline, .note = std::move(note)};
    auto opened = co_await world_->open(std::move(how));
    if (opened) {
        std::erase_if(open_, [&](const target& t) { return t.server == server; });
        open_.push_back({server, *opened});
    }
    co_return opened;
}

net::task<net::exchange_result> mdm_client::send(net::url to, net::request what,
                                                 net::annotation note) {
    const auto deadline = world_->now() + options_.timeout;
    const auto kept = std::ranges::find(open_, to.server, &target::server);
    if (kept != open_.end() && kept->connection->reusable()) {
        auto connection = kept->connection;
        auto answer = co_await connection->exchange(what, deadline, note);
        const bool stale = !answer && answer.error().kind == net::transport_failure::reset;
        if (!stale) {
            co_return answer;
        }
        // A server may close an idle connection at any time (RFC 9112 section 9.3.1). PUT is
        // idempotent, so it may be sent again.
        note.cause = answer.error().event;
    }
    auto opened = co_await connect(to.server, deadline, note);
    if (!opened) {
        co_return std::unexpected{std::move(opened.error())};
    }
    auto connection = *std::move(opened);
    auto answer = co_await connection->exchange(std::move(what), deadline, std::move(note));
    co_return answer;
}

net::task<net::exchange_result> mdm_client::put(put_request what) {
    auto to = net::parse_url(what.url);
    if (!to) {
        co_return local_failure(to.error().message());
    }
    net::request request{.method = "PUT", .target = {}, .headers = {}, .body = {}};
    request.headers = {{"Content-Type", std::string{what.content_type}},
                       {"User-Agent", options_.user_agent},
                       {"Accept", "*/*"}};
    if (options_.sign) {
        // Over the exact bytes of the body (Apple, "Managing certificates for MDM servers and
        // devices").
        std::optional<result<bytes>> signature;
        const auto now = world_->now();
        const auto& identity = *options_.tls.identity;
        auto sign = [&signature, &what, &identity, now] {
            signature = crypto::sign_detached(what.body, identity, now);
        };
        co_await world_->offload(sign, signature_cost);
        if (!*signature) {
            co_return local_failure((*signature).error().message());
        }
        request.headers.push_back({std::string{mdm::signature_header}, to_base64(**signature)});
    }
    request.body = std::move(what.body);
    net::annotation note{.who = options_.who, .channel = what.channel, .cause = what.cause};
    for (int redirects = 0;; ++redirects) {
        request.target = to->target;
        auto answer = co_await send(*to, request, note);
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

void mdm_client::close() {
    for (auto& t : open_) {
        t.connection->close();
    }
    open_.clear();
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
        const auto deadline = world_->now() + timeout_;
        const bool kept = connection_ && connection_->reusable() && server_ == to->server &&
                          secure_ == to->secure;
        if (!kept) {
            net::open_options how{
                .server = to->server, .tls = std::nullopt, .deadline = deadline, .note = note};
            if (to->secure) {
                how.tls = net::client_tls{.trust = trust_, .identity = nullptr};
            }
            auto opened = co_await world_->open(std::move(how));
            if (!opened) {
                co_return std::unexpected{std::move(opened.error())};
            }
            connection_ = *std::move(opened);
            server_ = to->server;
            secure_ = to->secure;
        }
        what.target = to->target;
        auto connection = connection_;
        auto answer = co_await connection->exchange(what, deadline, note);
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
