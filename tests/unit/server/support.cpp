#include "support.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/mdm/command.hpp"

#include <spdlog/spdlog.h>

#include <stdexcept>

namespace pomona::server {
namespace {

crypto::identity self_signed(const crypto::private_key& key, crypto::name subject, bool ca,
                             time_point now, duration valid) {
    crypto::certificate_spec spec{.subject = std::move(subject),
                                  .serial = {0x51, 0x17},
                                  .not_before = now - 1h,
                                  .not_after = now + valid,
                                  .ca = ca,
                                  .path_length = {},
                                  .usage = {.digital_signature = true, .key_cert_sign = ca},
                                  .extended_usage = {},
                                  .dns_names = {},
                                  .extensions = {}};
    return {crypto::self_sign(spec, key).value(), key, {}};
}

} // namespace

crypto::private_key fixed_key(const crypto::context& ctx, std::size_t number) {
    static std::vector<bytes> made; // decoding is cheap, generation is not
    static const auto source = crypto::context::seeded(as_bytes("keys of the server's tests"));
    while (made.size() <= number) {
        made.push_back(crypto::private_key::generate_rsa(source, 2048).value().to_der());
    }
    return crypto::private_key::from_der(ctx, made[number]).value();
}

lab::lab(std::uint64_t seed) : world_{net::make_virtual_world({.seed = seed, .start = {}})} {
    spdlog::set_level(spdlog::level::critical);
    auto& ctx = world_->crypto();
    const auto now = world_->now();
    auto root_key = crypto::private_key::generate_p256(ctx).value();
    apns_root_ = self_signed(root_key, {{"CN", "APNs test root"}}, true, now, 24h * 3000);
    options.bind = {"localhost", 8443};
    options.api_key = "secret";
    options.apns = {"apns.test", 443};
    options.apns_trust =
        std::make_shared<const std::vector<crypto::certificate>>(1, apns_root_->cert);
    options.key_for = [&ctx](std::string_view role) -> std::optional<crypto::private_key> {
        return role == "ca" ? std::optional{fixed_key(ctx, 0)} : std::nullopt;
    };
    crypto::certificate_spec leaf{.subject = {{"CN", "apns.test"}},
                                  .serial = {0x51, 0x18},
                                  .not_before = now - 1h,
                                  .not_after = now + 24h * 2000,
                                  .ca = false,
                                  .path_length = {},
                                  .usage = {.digital_signature = true},
                                  .extended_usage = {},
                                  .dns_names = {"apns.test"},
                                  .extensions = {}};
    auto key = crypto::private_key::generate_p256(ctx).value();
    auto cert = crypto::issue(leaf, key.public_key_info(), *apns_root_).value();
    net::listen_options listen;
    listen.bind = options.apns;
    listen.tls = net::server_tls{{cert, key, {}}, {"h2"}, true};
    listen.who = actor{"apns"};
    apns_ = world_
                ->listen(std::move(listen),
                         [this](net::incoming in) { return answer_apns(*this, std::move(in)); })
                .value();
}

lab::~lab() {
    world_->shutdown();
}

net::task<net::reply> lab::answer_apns(lab& l, net::incoming in) {
    l.pushes.push_back({l.w().now(), in.what.target, to_text(bytes_view{in.what.body}),
                        in.connection->id, in.what.headers});
    co_await l.w().sleep_for(l.apns_takes);
    net::reply out;
    out.what.headers.push_back({"apns-id", l.w().random_uuid()});
    if (!l.scripted_.empty()) {
        out.what.status = l.scripted_.front().first;
        out.what.body = to_bytes(l.scripted_.front().second);
        l.scripted_.pop_front();
    }
    co_return out;
}

void lab::answer_push(unsigned status, std::string body) {
    scripted_.emplace_back(status, std::move(body));
}

void lab::run(net::task<void> (*scenario)(lab&)) {
    EXPECT_TRUE(world_->run(scenario(*this))) << "nothing can happen any more";
}

net::task<void> lab::start(bool with_push_identity) {
    auto started = co_await server::start(*world_, options);
    if (!started) {
        throw std::runtime_error{started.error().message()};
    }
    server_ = std::move(*started);
    if (with_push_identity) {
        auto taken = co_await server_->set_push_identity(push_identity(std::string{test_topic}));
        EXPECT_TRUE(taken) << taken.error().message();
    }
}

net::task<void> lab::stop() {
    co_await server_->stop();
    server_.reset();
}

net::task<void> lab::restart() {
    co_await stop();
    co_await start(false);
}

crypto::identity lab::push_identity(const std::string& uid, duration valid) {
    return self_signed(crypto::private_key::generate_p256(world_->crypto()).value(),
                       {{"UID", uid}, {"CN", "APSP:" + uid}}, false, world_->now(), valid);
}

net::annotation lab::note(std::string who) const {
    return {.who = actor{std::move(who)}, .channel = "test", .cause = 0};
}

net::task<std::shared_ptr<net::connection>>
lab::connect(std::shared_ptr<const crypto::identity> identity) {
    net::client_tls tls{
        .trust = std::make_shared<const std::vector<crypto::certificate>>(1, server_->ca()),
        .identity = std::move(identity)};
    net::open_options how{.server = {"localhost", server_->local().port},
                          .tls = std::move(tls),
                          .deadline = w().now() + 10s,
                          .note = note("mac")};
    auto c = co_await w().open(std::move(how));
    if (!c) {
        throw std::runtime_error{c.error().message()};
    }
    co_return *c;
}

net::task<net::response> lab::exchange(std::shared_ptr<net::connection> c, net::request what) {
    auto r = co_await c->exchange(std::move(what), w().now() + 60s, note("mac"));
    if (!r) {
        throw std::runtime_error{r.error().message()};
    }
    co_return std::move(*r);
}

net::task<net::response> lab::ask(net::request what) {
    auto c = co_await connect();
    co_return co_await exchange(c, std::move(what));
}

net::task<net::response> lab::api(std::string method, std::string target, bytes body) {
    net::request r;
    r.method = std::move(method);
    r.target = std::move(target);
    r.headers.push_back(
        {"Authorization", "Basic " + to_base64(as_bytes("nanomdm:" + options.api_key))});
    r.body = std::move(body);
    co_return co_await ask(std::move(r));
}

net::task<json> lab::api_json(std::string target) {
    const auto r = co_await api("GET", target);
    EXPECT_EQ(r.status, 200U) << target;
    co_return json::parse(text_of(r), nullptr, false);
}

net::task<net::response> lab::enqueue(std::string id, std::string uuid, std::string request_type,
                                      std::string query) {
    mdm::command c;
    c.uuid = command_uuid{uuid};
    c.request_type = request_type;
    co_return co_await api("PUT", "/v1/enqueue/" + id + query, mdm::write_command(c));
}

net::request get(std::string target) {
    net::request out;
    out.target = std::move(target);
    return out;
}

net::request put(std::string target, std::string content_type, bytes body) {
    net::request out;
    out.method = "PUT";
    out.target = std::move(target);
    if (!content_type.empty()) {
        out.headers.push_back({"Content-Type", std::move(content_type)});
    }
    out.body = std::move(body);
    return out;
}

std::string text_of(const net::response& r) {
    return to_text(bytes_view{r.body});
}

} // namespace pomona::server
