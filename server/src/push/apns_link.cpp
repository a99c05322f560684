#include "push/apns_link.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace pomona::server {
namespace {

using namespace std::chrono_literals;

constexpr auto connect_time = 20s;
constexpr auto answer_time = 30s;

/// Apple: rapid opening and closing looks like an attack, so failures to connect are spread.
duration connect_pause(unsigned failures) {
    return std::min<duration>(1s * (1U << std::min(failures, 6U)), 60s);
}

} // namespace

apns_link::apns_link(net::world& w, net::endpoint apns, net::trust_store trust)
    : world_{w}, apns_{std::move(apns)}, trust_{std::move(trust)}, opened_signal_{w} {}

void apns_link::use(std::shared_ptr<const crypto::identity> identity) {
    identity_ = std::move(identity);
    live_.reset(); // pushes under way keep it until they have their answers
    failures_ = 0;
    not_before_ = {};
    last_failure_.reset();
}

void apns_link::close() {
    if (live_) {
        live_->close();
        live_.reset();
    }
}

net::task<apns_link::connected> apns_link::connection(net::annotation note) {
    while (opening_) {
        co_await opened_signal_.wait_until(net::never);
    }
    if (live_ && live_->reusable()) {
        co_return live_;
    }
    if (last_failure_ && world_.now() < not_before_) {
        co_return std::unexpected(*last_failure_);
    }
    opening_ = true;
    const auto identity = identity_;
    net::open_options how{
        .server = apns_,
        .tls = net::client_tls{.trust = trust_, .identity = identity, .alpn = {"h2"}},
        .deadline = world_.now() + connect_time,
        .note = std::move(note)};
    auto made = co_await world_.open(std::move(how));
    opening_ = false;
    opened_signal_.notify_all();
    if (!made) {
        ++failures_;
        not_before_ = world_.now() + connect_pause(failures_);
        last_failure_ = made.error();
        // APNS-050: a refused certificate and an unknown CA show here.
        spdlog::warn("APNs at {} cannot be reached: {}", net::to_text(apns_),
                     escape(made.error().message()));
        co_return std::unexpected(made.error());
    }
    ++opened_;
    failures_ = 0;
    last_failure_.reset();
    if (identity == identity_) {
        live_ = *made;
    }
    co_return *made;
}

net::task<net::exchange_result> apns_link::send(net::request push, net::annotation note) {
    for (int attempt = 0;; ++attempt) {
        auto through = co_await connection(note);
        if (!through) {
            co_return std::unexpected(std::move(through.error()));
        }
        auto answer = co_await (*through)->exchange(push, world_.now() + answer_time, note);
        if (answer) {
            co_return answer;
        }
        const auto& why = answer.error();
        // Choice: what gave no answer in time is not trusted with the next push.
        const bool silent = why.kind == net::transport_failure::timeout;
        if (live_ == *through && (silent || !live_->reusable())) {
            live_.reset();
        }
        // APNS-046: once more, not again and again.
        if (attempt > 0 || !net::may_send_again(push.method, why, true)) {
            co_return answer;
        }
        note.cause = why.event;
    }
}

} // namespace pomona::server
