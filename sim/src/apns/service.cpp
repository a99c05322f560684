#include "pomona/sim/apns/service.hpp"

#include "apns/device_api.hpp"
#include "apns/manage.hpp"
#include "apns/portal.hpp"
#include "apns/provider_credential.hpp"
#include "apns/provider_tokens.hpp"
#include "apns/token_store.hpp"

#include <chrono>

namespace pomona::sim::apns {

namespace {

constexpr std::string_view device_prefix = "/device/";
/// A list of some thousand tokens; providers' payloads are judged by the rules, not by this.
constexpr std::size_t max_body = 1U << 20U;
/// Apple advises to keep connections open for long; Choice: an hour without a request is too long.
constexpr duration idle_timeout = std::chrono::hours{1};

bool is_device_call(const net::request& what) {
    return what.target.starts_with(device_prefix);
}

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

    net::reply push(const net::incoming& in);
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

/// The provider API: judge, tell, and hand on what was accepted.
net::reply core::push(const net::incoming& in) {
    const auto now = world->now();
    const auto who = who_asks(in, now);
    const auto token = token_in(in.what.target);
    const auto state = token ? store.state_of(*token, now) : std::nullopt;
    const auto said = judge({.method = in.what.method,
                             .target = in.what.target,
                             .headers = in.what.headers,
                             .body_bytes = in.what.body.size(),
                             .who = who,
                             .now = now},
                            state, how);
    net::reply out;
    // Apple's samples: an id made by the service is upper case; one from the sender comes back as
    // it was.
    const auto id = said.id ? *said.id : world->random_uuid();
    out.what.headers.push_back({"apns-id", id});
    bool delivered = false;
    if (said.refused) {
        out.what.status = pomona::apns::status_of(*said.refused);
        out.what.headers.push_back({"content-type", "application/json"});
        out.what.body = to_bytes(pomona::apns::error_body(*said.refused, said.timestamp_ms));
    } else if (said.deliver) {
        delivered =
            store.push(*token, {.id = id, .payload = in.what.body, .expires = said.expires}, now);
    }
    log.add({.at = now,
             .id = id,
             .token = token,
             .for_topic = said.for_topic,
             .refused = said.refused,
             .delivered = delivered});
    return out;
}

net::task<net::reply> answer(std::shared_ptr<core> c, net::incoming in) {
    co_return is_device_call(in.what) ? c->devices.answer(in.what) : c->push(in);
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
    }

    [[nodiscard]] net::endpoint local() const override { return options_.bind; }
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
    result<void> set_reachable(bool reachable) override {
        if (!reachable) {
            listener_.reset();
            return {};
        }
        return listener_ ? result<void>{} : listen();
    }
    void close() override { listener_.reset(); }

    result<void> listen();

  private:
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
    std::unique_ptr<net::listener> listener_;
};

result<void> emulated_service::listen() {
    net::listen_options how;
    how.bind = options_.bind;
    how.tls =
        net::server_tls{.identity = authority_.tls, .alpn = {"h2"}, .ask_client_certificate = true};
    how.limits.max_body_bytes = max_body;
    how.limits.idle_timeout = idle_timeout;
    how.who = actor{"apns"};
    how.channel_of = [](const net::request& what) {
        return std::string{is_device_call(what) ? "apns-device" : "apns"};
    };
    auto opened = world_->listen(
        std::move(how), [c = core_](net::incoming in) { return answer(c, std::move(in)); });
    if (!opened) {
        return std::unexpected(opened.error());
    }
    listener_ = std::move(*opened);
    options_.bind = listener_->local();
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
