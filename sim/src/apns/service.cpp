#include "pomona/sim/apns/service.hpp"

#include "apns/device_api.hpp"
#include "apns/faults.hpp"
#include "apns/manage.hpp"
#include "apns/portal.hpp"
#include "apns/provider_credential.hpp"
#include "apns/provider_tokens.hpp"
#include "apns/token_store.hpp"
#include "pomona/foundation/uuid.hpp"
#include "pomona/net/prompt_handler.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace pomona::sim::apns {

namespace {

constexpr std::string_view device_prefix = "/device/";
/// A list of some thousand tokens; providers' payloads are judged by the rules, not by this.
constexpr std::size_t max_body = 1U << 20U;
/// Observed: Apple's limit has been 500, 1,000 and 1,500.
constexpr std::uint32_t most_streams = 1000;

bool is_device_call(const net::request& what) {
    return what.target.starts_with(device_prefix);
}

/// The answer to a push, and what else its fault wants.
struct pushed_reply {
    net::reply what;
    duration held{};   ///< answered so much later
    bool last = false; ///< every connection ends behind it
};

/// What requests under way share with the service; outlives it while they run.
struct core {
    core(net::world& w, const crypto::identity& root, rules r, token_store::keep_function keep)
        : world{&w},
          how{r},
          store{std::move(keep)},
          portal{root,
                 {.random = [&w](std::size_t count) { return w.random(count); },
                  .uuid = [&w] { return w.random_uuid(); }}},
          credentials{root.cert},
          tokens{w.crypto()},
          devices{w, store} {}

    net::world* world;
    rules how;
    token_store store;
    push_portal portal;
    push_log log;
    credential_reader credentials;
    provider_tokens tokens;
    device_api devices;
    fault_orders orders;
    std::function<void()> part_ways; ///< null once the service has gone

    bytes spare; ///< randomness for ids, drawn for many at once: that costs as much as for one

    std::string fresh_id();
    /// Takes the payload out of it.
    pushed_reply push(net::incoming& in);
    /// The order that this push meets, if any; what it does to the verdict is done.
    std::optional<fault_order> disturb(const push_token& token, verdict& said, time_point now);
    void carry_out(const fault_order& order, pushed_reply& out) const;
    [[nodiscard]] std::optional<std::uint32_t> streams_after(const credential& who,
                                                             bool refused) const;
    credential who_asks(const net::incoming& in, time_point now);
};

/// Apple does not say what a token beside a certificate does; Choice: the certificate counts.
credential core::who_asks(const net::incoming& in, time_point now) {
    auto out = credentials.read(in.connection->peer_chain, now, portal);
    const auto token = net::find_header(in.what.headers, "authorization");
    return out.state == credential::kind::none && token
               ? tokens.read(*token, in.connection->id, now)
               : out;
}

std::string core::fresh_id() {
    std::array<std::uint8_t, 16> raw{};
    if (spare.size() < raw.size()) {
        spare = world->random(64 * raw.size());
    }
    std::copy_n(spare.end() - raw.size(), raw.size(), raw.begin());
    spare.resize(spare.size() - raw.size());
    return make_uuid(raw);
}

/// The provider API: judge, tell, and hand on what was accepted.
pushed_reply core::push(net::incoming& in) {
    const auto now = world->now();
    const auto who = who_asks(in, now);
    auto token = token_in(in.what.target);
    const auto state = token ? store.state_of(*token, now) : std::nullopt;
    auto said = judge({.method = in.what.method,
                       .target = in.what.target,
                       .headers = in.what.headers,
                       .body_bytes = in.what.body.size(),
                       .who = who,
                       .now = now,
                       .token = token},
                      state, how);
    const auto disturbed = said.refused ? std::nullopt : disturb(*token, said, now);
    pushed_reply out;
    // Apple's samples: an id made by the service is upper case; one from the sender comes back as
    // it was.
    auto id = said.id ? *said.id : fresh_id();
    out.what.what.headers.reserve(3); // with Content-Length
    out.what.what.headers.push_back({"apns-id", id});
    bool delivered = false;
    if (said.refused) {
        out.what.what.status = pomona::apns::status_of(*said.refused);
        out.what.what.headers.push_back({"content-type", "application/json"});
        out.what.what.body = to_bytes(pomona::apns::error_body(*said.refused, said.timestamp_ms));
    } else if (said.deliver) {
        delivered = store.push(
            *token, {.id = id, .payload = std::move(in.what.body), .expires = said.expires}, now);
    }
    out.what.streams = streams_after(who, said.refused.has_value());
    if (disturbed) {
        carry_out(*disturbed, out);
    }
    log.add({.at = now,
             .id = std::move(id),
             .token = std::move(token),
             .for_topic = std::move(said.for_topic),
             .refused = said.refused,
             .disturbed = disturbed ? std::optional{disturbed->what} : std::nullopt,
             .delivered = delivered});
    return out;
}

std::optional<fault_order> core::disturb(const push_token& token, verdict& said, time_point now) {
    using pomona::apns::reason;
    if (orders.waiting().empty()) {
        return std::nullopt;
    }
    const auto draw = [this] { return world->random(1).front() * 100U / 256U; };
    auto met = orders.take(token, said.for_topic, draw);
    if (!met) {
        return std::nullopt;
    }
    switch (met->what) {
    case fault::answer:
        said.refused = met->reason;
        break;
    case fault::unregistered:
        said.refused = reason::unregistered;
        break;
    case fault::too_many_requests:
        said.refused = reason::too_many_requests;
        break;
    case fault::service_unavailable:
    case fault::close_in_body:
        said.refused = reason::service_unavailable;
        break;
    case fault::lose_request:
    case fault::refuse_stream:
    case fault::silent_drop:
        said.deliver = false;
        break;
    case fault::delay:
    case fault::lose_answer:
    case fault::one_stream:
    case fault::shutdown:
        break;
    }
    if (said.refused && pomona::apns::status_of(*said.refused) == 410) {
        said.timestamp_ms =
            std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count();
    }
    return met;
}

void core::carry_out(const fault_order& order, pushed_reply& out) const {
    switch (order.what) {
    case fault::lose_request:
    case fault::lose_answer:
        out.what.how = net::ending::unanswered;
        break;
    case fault::refuse_stream:
        out.what.how = net::ending::refused;
        break;
    case fault::close_in_body:
        out.what.how = net::ending::cut;
        break;
    case fault::delay:
        out.held = order.delay;
        break;
    case fault::one_stream:
        out.what.streams = 1;
        break;
    case fault::shutdown:
        out.last = true;
        break;
    default:
        break;
    }
}

/// Sheet section 1.2: one stream before the first good provider token. Section 4: observed, one
/// stream after a refused push.
std::optional<std::uint32_t> core::streams_after(const credential& who, bool refused) const {
    if (refused && how.one_stream_after_refusal) {
        return 1;
    }
    const bool proven = !refused || who.state == credential::kind::token;
    return proven ? std::optional{most_streams} : std::nullopt;
}

net::task<net::reply> answer(std::shared_ptr<core> c, net::incoming in) {
    if (is_device_call(in.what)) {
        auto out = c->devices.answer(in.what);
        out.streams = most_streams;
        co_return out;
    }
    auto done = c->push(in);
    if (done.held > duration::zero()) {
        co_await c->world->sleep_for(done.held);
    }
    if (done.last && c->part_ways) {
        c->part_ways();
    }
    co_return std::move(done.what);
}

class emulated_service final : public service {
  public:
    emulated_service(net::world& w, service_options options, authority a)
        : world_{&w},
          options_{std::move(options)},
          authority_{std::move(a)},
          core_{std::make_shared<core>(w, authority_.root, options_.rules, options_.on_token)} {
        for (auto& known : std::exchange(options_.known_tokens, {})) {
            core_->store.restore(std::move(known));
        }
        core_->part_ways = [this] { part_ways(); };
    }
    emulated_service(const emulated_service&) = delete;
    emulated_service& operator=(const emulated_service&) = delete;
    ~emulated_service() override { core_->part_ways = nullptr; }

    [[nodiscard]] net::endpoint local() const override { return options_.bind; }
    [[nodiscard]] std::vector<net::endpoint> also_local() const override {
        return options_.also_bind;
    }
    [[nodiscard]] const crypto::certificate& root() const override { return authority_.root.cert; }

    net::task<result<crypto::identity>> issue_push_identity(topic for_topic) override {
        return issue(world_, options_.key_for, authority_.root, std::move(for_topic));
    }
    net::task<result<crypto::identity>>
    issue_tls_identity(std::vector<std::string> names) override {
        return issue_tls_certificate(*world_, authority_.root, std::move(names));
    }
    void add_signing_key(signing_key key) override { core_->tokens.add(std::move(key)); }
    push_portal& portal() override { return core_->portal; }
    net::reply manage(const net::request& what) override {
        return answer_push_calls(*this, *world_, core_->log, what);
    }
    [[nodiscard]] apns::rules current_rules() const override { return core_->how; }
    void set_rules(apns::rules r) override { core_->how = r; }
    bool end_token(const push_token& token, pomona::apns::reason why) override {
        const auto now = world_->now();
        const auto state = core_->store.state_of(token, now);
        return state && !state->dead_since && core_->store.end(token, why, now);
    }
    bool order(fault_order what) override { return core_->orders.add(std::move(what)); }
    void clear_faults() override { core_->orders.clear(); }
    [[nodiscard]] const std::vector<fault_order>& faults() const override {
        return core_->orders.waiting();
    }
    void part_ways() override {
        core_->devices.end_streams();
        for (const auto& one : listeners_) {
            one->part();
        }
    }
    net::task<void> stop(time_point deadline) override {
        core_->devices.end_streams();
        return drain(std::exchange(listeners_, {}), deadline);
    }
    result<void> set_reachable(bool reachable) override {
        if (!reachable) {
            listeners_.clear();
            return {};
        }
        return listeners_.empty() ? listen() : result<void>{};
    }
    void close() override { listeners_.clear(); }

    result<void> listen();

  private:
    using listeners = std::vector<std::unique_ptr<net::listener>>;
    result<void> listen_on(net::endpoint& bind);
    /// Side by side it would be no faster: the connections of all end by the same deadline.
    static net::task<void> drain(listeners all, time_point deadline) {
        for (const auto& one : all) {
            one->part();
        }
        for (const auto& one : all) {
            co_await one->drain(deadline);
        }
    }
    /// A coroutine of its own, so that it does not need this object.
    static net::task<result<crypto::identity>> issue(net::world* world, key_source keys,
                                                     crypto::identity root, topic for_topic) {
        if (!is_topic(for_topic.value())) {
            co_return fail(std::make_error_code(std::errc::invalid_argument),
                           "not a push topic: " + escape(for_topic.value()));
        }
        co_return co_await issue_push_certificate(*world, std::move(keys), std::move(root),
                                                  std::move(for_topic));
    }

    net::world* world_;
    service_options options_;
    authority authority_;
    std::shared_ptr<core> core_;
    listeners listeners_;
};

result<void> emulated_service::listen() {
    auto done = listen_on(options_.bind);
    for (auto& more : options_.also_bind) {
        done = done ? listen_on(more) : done;
    }
    if (!done) {
        listeners_.clear();
    }
    return done;
}

result<void> emulated_service::listen_on(net::endpoint& bind) {
    net::listen_options how;
    how.bind = bind;
    how.tls =
        net::server_tls{.identity = authority_.tls, .alpn = {"h2"}, .ask_client_certificate = true};
    how.limits.max_body_bytes = max_body;
    how.limits.idle_timeout = options_.idle_timeout;
    how.limits.max_concurrent_streams = most_streams;
    // Apple, "Handling notification responses": the debug data of GOAWAY is as an error's body.
    how.goaway_idle = pomona::apns::error_body(pomona::apns::reason::idle_timeout);
    how.goaway_drain = pomona::apns::error_body(pomona::apns::reason::shutdown);
    how.first_streams = [c = core_](const net::connection_info& from) {
        return from.peer_chain.empty() && c->how.one_stream_first ? 1U : most_streams;
    };
    how.who = actor{"apns"};
    how.channel_of = [](const net::request& what) {
        return std::string{is_device_call(what) ? "apns-device" : "apns"};
    };
    // Without a fault that waits for it, a push is answered as it is read.
    net::prompt_handler handler{
        .at_once = [c = core_](net::incoming& in) -> std::optional<net::reply> {
            if (is_device_call(in.what) || !c->orders.waiting().empty()) {
                return std::nullopt;
            }
            return c->push(in).what;
        },
        .otherwise = [c = core_](net::incoming in) { return answer(c, std::move(in)); }};
    auto opened = world_->listen(std::move(how), std::move(handler));
    if (!opened) {
        return std::unexpected(opened.error());
    }
    bind = (*opened)->local();
    listeners_.push_back(std::move(*opened));
    return {};
}

} // namespace

net::task<result<std::unique_ptr<service>>> service::start(net::world& world,
                                                           service_options options) {
    auto made = co_await make_authority(world, options.key_for, options.names);
    if (!made) {
        co_return std::unexpected(made.error());
    }
    auto out = std::make_unique<emulated_service>(world, std::move(options), std::move(*made));
    if (const auto listening = out->listen(); !listening) {
        co_return std::unexpected(listening.error());
    }
    co_return out;
}

} // namespace pomona::sim::apns
