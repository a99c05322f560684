#include "pomona/sim/idp/service.hpp"

#include "idp/answers.hpp"

namespace pomona::sim::idp {
namespace {

constexpr std::size_t max_body = 256U << 10U;

net::response route(state& s, const net::request& what) {
    const auto path = net::path_of(what.target);
    if (path == "/oidc/authorize") {
        return answer_authorize(s, what);
    }
    if (path == "/oidc/token") {
        return answer_token(s, what);
    }
    if (path == "/oidc/userinfo") {
        return answer_userinfo(s, what);
    }
    if (path == "/login") {
        return answer_login(s, what);
    }
    if (path == "/saml/sso") {
        return answer_saml_sso(s, what);
    }
    if (path == "/saml/metadata") {
        return what.method == "GET" ? answer_saml_metadata(s) : wrong_method("GET");
    }
    const bool is_discovery = path == "/.well-known/openid-configuration";
    if (is_discovery || path == "/oidc/jwks") {
        return what.method != "GET" ? wrong_method("GET")
               : is_discovery       ? answer_discovery(s)
                                    : answer_keys(s);
    }
    return page(404, "There is nothing here", "");
}

net::task<net::reply> answer(std::shared_ptr<state> s, net::incoming in) {
    net::reply out;
    out.what = route(*s, in.what);
    co_return out;
}

class emulated_provider final : public service {
  public:
    explicit emulated_provider(std::shared_ptr<state> s) : state_{std::move(s)} {}

    [[nodiscard]] net::endpoint local() const override { return listener_->local(); }
    [[nodiscard]] std::string issuer() const override { return state_->issuer; }
    [[nodiscard]] const crypto::certificate& signing_certificate() const override {
        return state_->certificate;
    }
    bool add(user who) override { return state_->add(std::move(who)); }
    bool add(client who) override { return state_->add(std::move(who)); }
    bool add(party who) override { return state_->add(std::move(who)); }
    net::reply manage(const net::request& what) override {
        return answer_management(*state_, what);
    }
    void close() override { listener_.reset(); }

    result<void> listen() {
        const auto& o = state_->options;
        net::listen_options how;
        how.bind = o.bind;
        how.tls = net::server_tls{.identity = o.tls, .alpn = {"h2", "http/1.1"}};
        how.limits.max_body_bytes = max_body;
        how.who = actor{"idp"};
        how.channel_of = [](const net::request&) { return std::string{"idp"}; };
        auto opened = state_->world->listen(
            std::move(how), [s = state_](net::incoming in) { return answer(s, std::move(in)); });
        if (!opened) {
            return std::unexpected(opened.error());
        }
        listener_ = *std::move(opened);
        state_->issuer = "https://" + net::to_text({o.name, listener_->local().port});
        return {};
    }

  private:
    std::shared_ptr<state> state_;
    std::unique_ptr<net::listener> listener_;
};

/// Service providers are given the certificate itself, so nobody has to vouch for it.
result<crypto::certificate> certificate_for(net::world& world, const crypto::private_key& key) {
    crypto::certificate_spec spec;
    spec.subject = {{"CN", "Pomona identity provider"}};
    spec.serial = world.random(8);
    spec.serial[0] = static_cast<std::uint8_t>((spec.serial[0] & 0x7fU) | 0x40U);
    spec.not_before = world.now() - std::chrono::days{1};
    spec.not_after = world.now() + std::chrono::days{3650};
    spec.usage = {.digital_signature = true};
    return crypto::self_sign(spec, key);
}

} // namespace

result<std::unique_ptr<service>> service::start(net::world& world, service_options options) {
    auto certificate = certificate_for(world, options.key);
    if (!certificate) {
        return std::unexpected(certificate.error());
    }
    auto out = std::make_unique<emulated_provider>(
        std::make_shared<state>(world, std::move(options), *std::move(certificate)));
    if (const auto listening = out->listen(); !listening) {
        return std::unexpected(listening.error());
    }
    return out;
}

} // namespace pomona::sim::idp
