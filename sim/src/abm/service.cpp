#include "pomona/sim/abm/service.hpp"

#include "abm/activation.hpp"
#include "abm/business_api.hpp"
#include "abm/dep_api.hpp"
#include "abm/portal.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/sim/mac/activation.hpp"

namespace pomona::sim::abm {
namespace {

constexpr std::size_t max_body = 4U << 20U; ///< 1,000 serials many times over
constexpr std::size_t server_id_bytes = 16;
constexpr std::size_t secret_bytes = 64; ///< Apple's tokens have 128 hex digits after their prefix
constexpr duration token_lifetime = std::chrono::days{365}; ///< Apple: a year

/// What requests under way share with the service.
struct core {
    explicit core(net::world& w) : world{&w}, dep{w, org}, business{w, org} {}
    net::world* world;
    organization org;
    dep_state dep;
    business_api business;
    std::vector<crypto::certificate> device_authorities;

    net::reply answer(const net::request& what) {
        business.catch_up(); // what a finished activity did is seen by sync
        const auto path = net::path_of(what.target);
        if (path == activation_path && !device_authorities.empty()) {
            return answer_activation(org, *world, device_authorities, what);
        }
        return business_api::serves(path) ? business.answer(what) : answer_dep(dep, what);
    }
};

net::task<net::reply> answer(std::shared_ptr<core> c, net::incoming in) {
    co_return c->answer(in.what);
}

class emulated_service final : public service {
  public:
    emulated_service(net::world& w, service_options options)
        : world_{&w}, options_{std::move(options)}, core_{std::make_shared<core>(w)} {
        core_->dep.rules = options_.rules;
        core_->dep.base_urls = options_.base_urls;
        core_->device_authorities = options_.device_authorities;
    }

    [[nodiscard]] net::endpoint local() const override { return options_.bind; }
    [[nodiscard]] organization& org() override { return core_->org; }
    abm::rules& rules() override { return core_->dep.rules; }
    void order(fault_order what) override { core_->dep.faults.add(std::move(what)); }
    void clear_faults() override { core_->dep.faults.clear(); }
    void age_cursors() override { core_->dep.cursors_before = world_->now(); }
    void end_sessions() override { core_->dep.sessions.close_all(); }
    void close() override { listener_.reset(); }
    net::reply manage(const net::request& what) override {
        core_->business.catch_up();
        return answer_portal(*this, *world_, what);
    }

    std::string add_server(std::string name, crypto::certificate for_tokens) override {
        auto id = to_hex_upper(world_->random(server_id_bytes));
        core_->org.add_server(id, std::move(name), world_->now())->certificate =
            std::move(for_tokens);
        return id;
    }
    result<std::string> download_token(std::string_view server) override;
    result<void> seed_token(std::string_view server, pomona::abm::server_token token) override;
    result<crypto::private_key> add_api_account(std::string client_id, std::string key_id) override;
    std::optional<std::string> activation_record(std::string_view serial) override;
    result<void> listen();

  private:
    std::string draw(std::string_view prefix) {
        return std::string{prefix} + to_hex(world_->random(secret_bytes));
    }

    net::world* world_;
    service_options options_;
    std::shared_ptr<core> core_;
    std::unique_ptr<net::listener> listener_;
};

std::unexpected<error> no_server(std::string_view id) {
    return fail(std::make_error_code(std::errc::invalid_argument),
                "there is no MDM server " + escape(id));
}

result<std::string> emulated_service::download_token(std::string_view server) {
    auto* const entry = core_->org.find_server(server);
    if (entry == nullptr) {
        return no_server(server);
    }
    if (!entry->certificate) {
        return fail(std::make_error_code(std::errc::invalid_argument),
                    "the MDM server " + entry->name + " has no certificate yet");
    }
    pomona::abm::server_token token{
        .consumer_key = entry->token ? entry->token->consumer_key : draw("CK_"),
        .consumer_secret = draw("CS_"),
        .access_token = draw("AT_"),
        .access_secret = draw("AS_"),
        .expires = std::chrono::floor<std::chrono::seconds>(world_->now()) + token_lifetime};
    auto file = pomona::abm::write_token_file(token, *entry->certificate);
    if (file) {
        entry->token = std::move(token);
    }
    return file;
}

result<void> emulated_service::seed_token(std::string_view server,
                                          pomona::abm::server_token token) {
    auto* const entry = core_->org.find_server(server);
    if (entry == nullptr) {
        return no_server(server);
    }
    entry->token = std::move(token);
    return {};
}

result<crypto::private_key> emulated_service::add_api_account(std::string client_id,
                                                              std::string key_id) {
    auto key = crypto::private_key::generate_p256(world_->crypto());
    if (key) {
        core_->business.auth().add({.client_id = std::move(client_id),
                                    .key_id = std::move(key_id),
                                    .public_key = key->public_key_info()});
    }
    return key;
}

std::optional<std::string> emulated_service::activation_record(std::string_view serial) {
    core_->business.catch_up();
    return give_record(core_->org, serial, world_->now());
}

result<void> emulated_service::listen() {
    net::listen_options how;
    how.bind = options_.bind;
    if (options_.tls) {
        how.tls = net::server_tls{.identity = *options_.tls, .alpn = {"h2", "http/1.1"}};
    }
    how.limits.max_body_bytes = max_body;
    how.who = actor{"abm"};
    how.channel_of = [](const net::request& what) {
        const auto path = net::path_of(what.target);
        return std::string{path == activation_path      ? "activation"
                           : business_api::serves(path) ? "abm-api"
                                                        : "abm"};
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

result<std::unique_ptr<service>> service::start(net::world& world, service_options options) {
    auto out = std::make_unique<emulated_service>(world, std::move(options));
    if (const auto listening = out->listen(); !listening) {
        return std::unexpected(listening.error());
    }
    return out;
}

} // namespace pomona::sim::abm
