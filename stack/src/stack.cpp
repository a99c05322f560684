#include "pomona/stack/stack.hpp"

#include "apple_names.hpp"
#include "emulator_folder.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/sim/device_ca/device_ca.hpp"
#include "pomona/stack/derived_keys.hpp"
#include "portal_listener.hpp"

#include <array>
#include <functional>
#include <map>
#include <numeric>

namespace pomona::stack {

namespace {

constexpr std::size_t api_key_bytes = 16;

using role_keys = std::map<std::string, crypto::private_key, std::less<>>;

std::function<std::optional<crypto::private_key>(std::string_view)> lookup(role_keys keys) {
    return [keys = std::move(keys)](std::string_view role) -> std::optional<crypto::private_key> {
        const auto found = keys.find(role);
        return found == keys.end() ? std::nullopt : std::optional{found->second};
    };
}

std::unexpected<error> unusable(const std::string& part, const error& why) {
    return std::unexpected(
        error{why.code, part + (why.detail.empty() ? "" : ": " + why.detail), why.peer});
}

net::trust_store trust_of(std::vector<crypto::certificate> roots) {
    return std::make_shared<const std::vector<crypto::certificate>>(std::move(roots));
}

constexpr std::array<std::string_view, 3> push_roles{"apns-ca", "apns-tls", "push-certificate"};
constexpr std::array<std::string_view, 2> server_roles{"ca", "tls"};
constexpr std::string_view device_role = "device-ca";
constexpr std::string_view idp_role = "idp";

} // namespace

sim::idp::user usual_user() {
    return {.name = "ada@example.org", .password = "secret", .full_name = "Ada Lovelace"};
}

/// The parts as they come about, in the order that each needs.
struct stack::builder {
    stack_options options;
    std::unique_ptr<stack> out{new stack};
    role_keys roles;
    std::vector<crypto::private_key> mac_keys;
    std::optional<emulator_folder> kept;
    net::trust_store server_trust;
    net::endpoint push_server;
    net::trust_store push_trust;
    std::shared_ptr<const sim::device_ca> devices;

    result<void> check() const;
    result<void> make_world();
    result<void> make_keys();
    result<void> use_external();
    result<void> start_services();
    result<void> make_fleet();
    static net::task<result<void>> make_device_ca(builder* self);
    static net::task<result<void>> start_push(builder* self);
    static net::task<result<void>> start_abm(builder* self);
    static net::task<result<void>> start_idp(builder* self);
    /// The server and the provider know of each other from then on.
    static result<void> introduce(builder* self);
    static result<void> start_portal(builder* self);
    static result<void> start_proxy(builder* self);
    static net::task<result<void>> start_server(builder* self);
    static net::task<result<void>> start_all(builder* self);
    static net::task<void> keep_outcome(net::task<result<void>> work,
                                        std::shared_ptr<result<void>> outcome);
    result<void> run_start(net::task<result<void>> (*what)(builder*));
    void describe();

    [[nodiscard]] bool simulated() const { return options.world == world_kind::simulated; }
    [[nodiscard]] std::size_t mac_count() const {
        return std::transform_reduce(options.groups.begin(), options.groups.end(), std::size_t{0},
                                     std::plus<>{}, [](const auto& g) { return g.count; });
    }
};

result<void> stack::builder::check() const {
    if (simulated() && options.external) {
        return fail(errc::unusable, "another server cannot be reached from the simulated world");
    }
    if (simulated() && !options.data_folder.empty()) {
        return fail(errc::unusable, "the simulated world keeps no data folder");
    }
    return {};
}

result<void> stack::builder::make_world() {
    out->world_ = simulated()
                      ? net::make_virtual_world({.seed = options.seed, .start = options.start})
                      : net::make_real_world();
    auto made = trace::recorder::create(*out->world_, {.folder = options.trace_folder});
    if (!made) {
        return unusable("run folder", made.error());
    }
    out->recorder_ = std::move(*made);
    out->world_->observe(out->recorder_.get());
    return {};
}

result<void> stack::builder::make_keys() {
    auto keys = [this]() -> result<std::vector<crypto::private_key>> {
        if (!simulated()) {
            return key_pool{options.key_folder}.take(mac_count(), options.on_keys, options.stop);
        }
        derived_keys derived{options.derived_folder.value_or(derived_keys::default_folder())};
        const auto& ctx = out->world_->crypto();
        std::vector<std::string_view> wanted{server_roles[0], server_roles[1], push_roles[0],
                                             push_roles[1],   push_roles[2],   device_role};
        if (options.idp_bind) {
            wanted.push_back(idp_role);
        }
        for (const auto role : wanted) {
            auto one = derived.take(ctx, *derived_keys::index_of_role(role), 1, {}, options.stop);
            if (!one) {
                return std::unexpected(one.error());
            }
            roles.emplace(role, std::move(one->front()));
        }
        return derived.take(ctx, derived_keys::first_mac, mac_count(), options.on_keys,
                            options.stop);
    }();
    if (!keys) {
        return unusable("keys", keys.error());
    }
    mac_keys = std::move(*keys);
    if (!options.data_folder.empty() && !options.external) {
        auto opened = emulator_folder::open(options.data_folder / "apns");
        if (!opened) {
            return unusable("data folder", opened.error());
        }
        kept = std::move(*opened);
        std::vector<std::string_view> wanted{push_roles[0], push_roles[1], push_roles[2],
                                             device_role};
        if (options.idp_bind) { // relying parties know its keys from an earlier start
            wanted.push_back(idp_role);
        }
        for (const auto role : wanted) {
            auto key = kept->key_of(role);
            if (!key) {
                return unusable("data folder", key.error());
            }
            roles.emplace(role, std::move(*key));
        }
    }
    return {};
}

result<void> stack::builder::use_external() {
    const auto& ctx = out->world_->crypto();
    out->target_ = *options.external;
    auto server_roots = crypto::certificate::from_pem(ctx, as_bytes(out->target_.trust));
    if (!server_roots) {
        return unusable("the target's trust", server_roots.error());
    }
    auto push_roots = crypto::certificate::from_pem(ctx, as_bytes(out->target_.apns.trust));
    if (!push_roots) {
        return unusable("the target's apns.trust", push_roots.error());
    }
    if (!out->target_.idp_url.empty()) { // its pages are seen by the Macs, too
        server_roots->insert(server_roots->end(), push_roots->begin(), push_roots->end());
    }
    server_trust = trust_of(std::move(*server_roots));
    push_trust = trust_of(std::move(*push_roots));
    push_server = {.host = out->target_.apns.host, .port = out->target_.apns.port};
    if (!out->target_.device_ca.empty()) {
        auto key = crypto::private_key::from_pem(ctx, as_bytes(out->target_.device_ca));
        if (!key) {
            return unusable("the target's device_ca", key.error());
        }
        roles.emplace(device_role, std::move(*key));
    }
    return run_start(&builder::make_device_ca);
}

net::task<result<void>> stack::builder::make_device_ca(builder* self) {
    auto made = co_await sim::device_ca::make(*self->out->world_, lookup(self->roles));
    if (!made) {
        co_return unusable("device CA", made.error());
    }
    self->devices = *std::move(made);
    co_return result<void>{};
}

net::task<result<void>> stack::builder::start_push(builder* self) {
    sim::apns::service_options how;
    how.bind = self->options.apns_bind;
    how.also_bind = self->options.apns_also_bind;
    how.names = names_of_apns(self->options.apns_bind.host);
    how.key_for = lookup(self->roles);
    if (self->kept) {
        auto tokens = self->kept->tokens();
        if (!tokens) {
            co_return unusable("data folder", tokens.error());
        }
        how.known_tokens = std::move(tokens->tokens);
        how.on_token = [to = std::make_shared<token_file>(std::move(tokens->file))](
                           const sim::apns::token_record& one) { return to->add(one); };
    }
    auto started = co_await sim::apns::service::start(*self->out->world_, std::move(how));
    if (!started) {
        co_return unusable("push service", started.error());
    }
    self->out->apns_ = std::move(*started);
    self->push_server = self->out->apns_->local();
    self->push_trust = trust_of({self->out->apns_->root()});
    co_return result<void>{};
}

net::task<result<void>> stack::builder::start_abm(builder* self) {
    auto& world = *self->out->world_;
    // Under these names Apple's own hosts are known to clients that cannot be told another.
    auto identity =
        co_await self->out->apns_->issue_tls_identity(names_of_abm(self->options.abm_bind->host));
    if (!identity) {
        co_return unusable("Apple Business Manager", identity.error());
    }
    sim::abm::service_options how;
    how.bind = *self->options.abm_bind;
    how.tls = *std::move(identity);
    how.device_authorities = {self->devices->root()};
    auto started = sim::abm::service::start(world, std::move(how));
    if (!started) {
        co_return unusable("Apple Business Manager", started.error());
    }
    self->out->abm_ = *std::move(started);
    co_return result<void>{};
}

net::task<result<void>> stack::builder::start_idp(builder* self) {
    auto& world = *self->out->world_;
    auto identity =
        co_await self->out->apns_->issue_tls_identity({"localhost", self->options.idp_bind->host});
    if (!identity) {
        co_return unusable("identity provider", identity.error());
    }
    auto key = lookup(self->roles)(idp_role);
    if (!key) {
        auto made = crypto::private_key::generate_rsa(world.crypto());
        if (!made) {
            co_return unusable("identity provider", made.error());
        }
        key = *std::move(made);
    }
    sim::idp::service_options how{.bind = *self->options.idp_bind,
                                  .tls = *std::move(identity),
                                  .key = *std::move(key),
                                  .users = self->options.idp_users};
    if (how.users.empty()) {
        how.users.push_back(usual_user());
    }
    auto started = sim::idp::service::start(world, std::move(how));
    if (!started) {
        co_return unusable("identity provider", started.error());
    }
    self->out->idp_ = *std::move(started);
    co_return result<void>{};
}

result<void> stack::builder::introduce(builder* self) {
    auto& idp = *self->out->idp_;
    sim::idp::client us{.id = "reference-server",
                        .secret = to_hex(self->out->world_->random(api_key_bytes)),
                        .redirect_uris = {}};
    us.redirect_uris.push_back(
        self->out->server_->set_sign_in({.issuer = idp.issuer(),
                                         .client_id = us.id,
                                         .client_secret = us.secret,
                                         .trust = trust_of({self->out->apns_->root()})}));
    idp.add(std::move(us));
    self->server_trust = trust_of({self->out->server_->ca(), self->out->apns_->root()});
    return {};
}

result<void> stack::builder::start_portal(builder* self) {
    auto portal = listen_for_portal(
        *self->out->world_, *self->options.portal_bind,
        {.push = *self->out->apns_, .abm = self->out->abm_.get(), .idp = self->out->idp_.get()},
        {.user = self->out->target_.api.user, .key = self->options.api_key});
    if (!portal) {
        return unusable("the emulated services' portal", portal.error());
    }
    self->out->portal_ = *std::move(portal);
    return {};
}

result<void> stack::builder::start_proxy(builder* self) {
    auto proxy = self->out->world_->listen_for_tunnels(
        {.bind = *self->options.proxy_bind,
         .routes =
             routes_to(self->out->apns_->local(),
                       self->out->abm_ ? std::optional{self->out->abm_->local()} : std::nullopt)});
    if (!proxy) {
        return unusable("the proxy to Apple's host names", proxy.error());
    }
    self->out->proxy_ = *std::move(proxy);
    return {};
}

net::task<result<void>> stack::builder::start_server(builder* self) {
    auto& world = *self->out->world_;
    if (self->options.api_key.empty()) {
        self->options.api_key = to_hex(world.random(api_key_bytes));
    }
    server::server_options how;
    how.bind = self->options.server_bind;
    how.alpn = self->options.server_alpn;
    how.data_folder = self->options.data_folder;
    how.api_key = self->options.api_key;
    how.bugs = self->options.bugs;
    how.apns = self->push_server;
    how.apns_trust = self->push_trust;
    how.key_for = lookup(self->roles);
    how.device_authorities = {self->devices->root()};
    how.scep_http = self->options.scep_http_bind;
    how.scep_legacy = self->options.scep_legacy;
    how.certificate_header = self->options.certificate_header;
    if (!self->options.trusted_proxies.empty()) {
        how.trusted_proxies = self->options.trusted_proxies;
    }
    how.users = self->options.users;
    if (const auto& other = self->options.other_ca) {
        auto ca = crypto::certificate::from_pem(world.crypto(), as_bytes(other->certificate_pem));
        if (!ca) {
            co_return unusable("SCEP CA's certificate", ca.error());
        }
        how.other_ca = server::identity_ca{other->url, std::move(ca->front()), other->challenge};
    }
    self->out->target_.api.user = how.api_user;
    auto started = co_await server::server::start(world, std::move(how));
    if (!started) {
        co_return unusable("server", started.error());
    }
    self->out->server_ = std::move(*started);
    self->server_trust = trust_of({self->out->server_->ca()});

    topic name{"com.apple.mgmt.External." + world.random_uuid()};
    if (self->kept) {
        auto kept_topic = self->kept->topic_or(std::move(name));
        if (!kept_topic) {
            co_return unusable("data folder", kept_topic.error());
        }
        name = std::move(*kept_topic);
    }
    auto identity = co_await self->out->apns_->issue_push_identity(std::move(name));
    if (!identity) {
        co_return unusable("push certificate", identity.error());
    }
    if (self->kept) {
        const auto told = self->kept->publish(*identity, self->out->apns_->root());
        if (!told) {
            co_return unusable("data folder", told.error());
        }
    }
    auto taken = co_await self->out->server_->set_push_identity(std::move(*identity));
    if (!taken) {
        co_return unusable("push certificate", taken.error());
    }
    co_return result<void>{};
}

net::task<result<void>> stack::builder::start_all(builder* self) {
    auto outcome = co_await make_device_ca(self);
    if (outcome) {
        outcome = co_await start_push(self);
    }
    if (outcome && self->options.abm_bind) {
        outcome = co_await start_abm(self);
    }
    if (outcome && self->options.idp_bind) {
        outcome = co_await start_idp(self);
    }
    if (outcome) {
        outcome = co_await start_server(self);
    }
    if (outcome && self->out->idp_) {
        outcome = introduce(self);
    }
    if (outcome && self->options.portal_bind) {
        outcome = start_portal(self);
    }
    if (outcome && self->options.proxy_bind) {
        outcome = start_proxy(self);
    }
    co_return outcome;
}

net::task<void> stack::builder::keep_outcome(net::task<result<void>> work,
                                             std::shared_ptr<result<void>> outcome) {
    *outcome = co_await std::move(work);
}

result<void> stack::builder::run_start(net::task<result<void>> (*what)(builder*)) {
    const auto outcome =
        std::make_shared<result<void>>(fail(errc::interrupted, "the services did not start"));
    if (!out->world_->run(keep_outcome(what(this), outcome)) && *outcome) {
        return fail(errc::interrupted, "the services did not start");
    }
    return *outcome;
}

result<void> stack::builder::start_services() {
    auto started = run_start(&builder::start_all);
    if (started) {
        describe();
    }
    return started;
}

/// The reference server as a target like any other.
void stack::builder::describe() {
    auto& t = out->target_;
    t.name = "reference";
    t.url = out->server_->base_url();
    t.enroll_url = out->server_->enroll_url();
    t.ade_url = out->server_->ade_url();
    if (const auto key = roles.find(device_role); kept && key != roles.end()) {
        t.device_ca = key->second.to_pem(); // for Macs of other processes
    }
    t.trust = out->server_->ca().pem();
    t.api.url = t.url;
    t.api.key = options.api_key;
    t.apns = {
        .host = push_server.host, .port = push_server.port, .trust = out->apns_->root().pem()};
    if (out->abm_) {
        t.abm_url = "https://" + net::to_text({"localhost", out->abm_->local().port});
    }
    t.ade_web_url = out->server_->ade_web_url();
    if (out->idp_) {
        t.idp_url = out->idp_->issuer();
    }
    if (out->portal_) {
        t.portal_url = "http://" + net::to_text(out->portal_->local());
    }
    if (out->proxy_) {
        t.proxy_url = "http://" + net::to_text(out->proxy_->local());
    }
    t.adapter = "nanomdm";
    t.capabilities = {"queue", "push",          "declare",       "ade",
                      "users", "scep-approval", "account-driven"};
    if (out->idp_) {
        t.capabilities.emplace_back("sign-in");
    }
}

result<void> stack::builder::make_fleet() {
    auto& world = *out->world_;
    out->link_ = std::make_unique<sim::apns::device_link>(
        world, sim::apns::link_options{.server = push_server, .trust = push_trust});
    sim::mac::environment env{.world = world,
                              .recorder = *out->recorder_,
                              .push = *out->link_,
                              .system_trust = server_trust};
    env.seed_schema = options.seed_schema;
    env.devices = devices;
    if (!out->target_.abm_url.empty()) {
        env.activation = sim::activation_host{
            out->target_.abm_url + std::string{sim::activation_path}, push_trust};
    }
    if (options.scep_legacy) {
        auto legacy = crypto::context::with_legacy();
        if (!legacy) {
            return unusable("SCEP for old peers", legacy.error());
        }
        env.scep_legacy = std::move(*legacy);
    }
    auto made = sim::fleet::fleet::create(std::move(env), options.groups, std::move(mac_keys));
    if (!made) {
        return unusable("macs", made.error());
    }
    out->fleet_ = std::move(*made);
    return {};
}

result<std::unique_ptr<stack>> stack::create(stack_options options) {
    builder b;
    b.options = std::move(options);
    auto good = b.check();
    for (const auto step : {&builder::make_world, &builder::make_keys}) {
        if (good) {
            good = (b.*step)();
        }
    }
    if (good) {
        good = b.options.external ? b.use_external() : b.start_services();
    }
    if (good) {
        good = b.make_fleet();
    }
    if (!good) {
        return std::unexpected(good.error());
    }
    if (!b.out->target_.idp_url.empty()) {
        const auto user = usual_user();
        for (std::size_t i = 0; i < b.out->fleet_->size(); ++i) {
            b.out->fleet_->at(i).set(
                sim::mac::sign_in{.user = user.name, .password = user.password});
        }
    }
    return std::move(b.out);
}

stack::~stack() {
    shutdown();
}

bool stack::run(net::task<void> main) {
    return world_->run(std::move(main));
}

void stack::shutdown() {
    if (world_) {
        world_->shutdown();
        world_->observe(nullptr);
    }
}

} // namespace pomona::stack
