#include "pomona/server/server.hpp"

#include "answers.hpp"
#include "handlers.hpp"
#include "pomona/protocol/mdm/keys.hpp"
#include "store/sqlite_store.hpp"
#include "users/user_tokens.hpp"

#include <spdlog/spdlog.h>

namespace pomona::server {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view push_setting = "push.identity";
// RSA key generation, the most of a first start, for the virtual world.
constexpr auto start_cost = 200ms;
constexpr std::string_view well_known = "/.well-known/com.apple.remotemanagement";
constexpr std::string_view account_driven = "/account-driven/";
constexpr std::string_view sign_in = "/sign-in/";
constexpr std::string_view web_view = "/enroll/web";
constexpr std::size_t max_body = 4U << 20U;
// A Mac asks one thing at a time; its user channels and declarations come beside it.
constexpr std::uint32_t max_streams = 128;

/// Apple, "Check-in": without a CheckInURL check-ins come to ServerURL, so the type decides, with
/// or without parameters (MDM-CHK-002).
bool is_checkin(const net::request& r) {
    const auto path = net::path_of(r.target);
    return path == "/checkin" ||
           (path == "/mdm" && net::media_type(r.headers) == mdm::checkin_content_type);
}

std::string channel_of(const net::request& r) {
    const auto path = net::path_of(r.target);
    if (path.starts_with("/enroll") || path.starts_with(sign_in) || path == well_known ||
        path.starts_with(account_driven)) {
        return "enroll";
    }
    if (path == "/scep") {
        return "scep";
    }
    if (is_checkin(r)) {
        return "checkin";
    }
    if (path.starts_with("/assets/")) {
        return "asset";
    }
    return path == "/mdm" ? "mdm" : "api";
}

net::task<net::response> route(service_ptr s, net::incoming in) {
    const auto path = net::path_of(in.what.target);
    if (is_checkin(in.what)) {
        return answer_checkin(std::move(s), std::move(in));
    }
    if (path == "/mdm") {
        return answer_command_loop(std::move(s), std::move(in));
    }
    if (path == "/scep") {
        return answer_scep(std::move(s), std::move(in));
    }
    if (path == well_known) {
        return answer_well_known(std::move(s), std::move(in));
    }
    if (path.starts_with(account_driven)) {
        return answer_account_driven(std::move(s), std::move(in));
    }
    if (path == "/enroll") {
        return answer_enroll(std::move(s), std::move(in));
    }
    if (path == "/enroll/ade") {
        return answer_ade(std::move(s), std::move(in));
    }
    if (path == web_view) {
        return answer_enroll_web(std::move(s), std::move(in));
    }
    if (path == "/sign-in/done") {
        return answer_sign_in_done(std::move(s), std::move(in));
    }
    if (path.starts_with("/assets/")) {
        return answer_asset(std::move(s), std::move(in));
    }
    return answer_api(std::move(s), std::move(in));
}

/// Counts a handler as at work, however it ends.
class at_work {
  public:
    explicit at_work(service_ptr s) : s_{std::move(s)} { ++s_->answering; }
    at_work(const at_work&) = delete;
    at_work& operator=(const at_work&) = delete;
    ~at_work() {
        if (--s_->answering == 0) {
            s_->idle.notify_all();
        }
    }

  private:
    service_ptr s_;
};

net::task<net::reply> answer(service_ptr s, net::incoming in) {
    const at_work counted{s};
    const auto path = net::path_of(in.what.target);
    net::reply out;
    if (s->stopping) {
        out.what = plain_answer(503, "the server is stopping");
        co_return out;
    }
    if (path == "/healthz") {
        out.what = in.what.method == "GET" ? plain_answer(200, "ok") : wrong_method("GET");
        co_return out;
    }
    const bool own_ca = !s->options.other_ca;
    const bool ade = path == "/enroll/ade" && !s->options.device_authorities.empty();
    const bool signing_in = s->provider && (path == web_view || path.starts_with(sign_in));
    const bool known = path == "/enroll" || ade || signing_in || path == well_known ||
                       path.starts_with(account_driven) || (path == "/scep" && own_ca) ||
                       path == "/checkin" || path == "/mdm" || path == "/version" ||
                       path.starts_with("/v1/") || path.starts_with("/assets/");
    if (!known) {
        out.what = plain_answer(404, "there is nothing here");
        co_return out;
    }
    out.what = co_await route(std::move(s), std::move(in));
    co_return out;
}

class reference_server final : public server {
  public:
    explicit reference_server(service_ptr s, std::unique_ptr<net::listener> l,
                              std::unique_ptr<net::listener> scep)
        : s_{std::move(s)},
          listener_{std::move(l)},
          scep_listener_{std::move(scep)},
          local_{listener_->local()} {
        if (scep_listener_) {
            scep_url_ = "http://" + net::to_text(scep_listener_->local()) + "/scep";
        }
    }
    ~reference_server() override { s_->push->abandon(); }

    [[nodiscard]] net::endpoint local() const override { return local_; }
    [[nodiscard]] std::string base_url() const override { return s_->base_url; }
    [[nodiscard]] std::string scep_http_url() const override { return scep_url_; }
    [[nodiscard]] std::string enroll_url() const override { return s_->base_url + "/enroll"; }
    [[nodiscard]] std::string ade_url() const override {
        return s_->options.device_authorities.empty() ? "" : s_->base_url + "/enroll/ade";
    }
    [[nodiscard]] std::string ade_web_url() const override {
        return s_->options.device_authorities.empty() || !s_->provider
                   ? ""
                   : s_->base_url + std::string{web_view};
    }
    std::string set_sign_in(sign_in_provider provider) override {
        s_->provider = std::make_shared<openid_client>(s_->world, std::move(provider));
        return sign_in_address(*s_);
    }
    [[nodiscard]] const crypto::certificate& ca() const override { return s_->root().cert; }

    net::task<result<topic>> set_push_identity(crypto::identity identity) override {
        return take_push_identity(s_, std::move(identity), false);
    }

    net::task<void> stop() override {
        const auto s = s_;
        const auto deadline = s->world.now() + 10s;
        // What is being answered comes first; clients learn that they have to go elsewhere.
        co_await listener_->drain(deadline);
        s->stopping = true;
        while (s->answering > 0 && co_await s->idle.wait_until(deadline)) {
        }
        listener_.reset();
        scep_listener_.reset();
        co_await s->push->stop();
        co_await s->keep->close();
    }

  private:
    service_ptr s_;
    std::unique_ptr<net::listener> listener_;
    std::unique_ptr<net::listener> scep_listener_;
    net::endpoint local_;
    std::string scep_url_;
};

net::task<result<server_identities>> identities_for(service_ptr s) {
    auto& w = s->world;
    identity_request wanted{.folder = s->options.data_folder,
                            .organization = s->options.organization,
                            .names = s->options.names,
                            .key_for = s->options.key_for,
                            .root_serial = w.random(16),
                            .tls_serial = w.random(16),
                            .now = w.now()};
    auto made = std::make_shared<std::optional<result<server_identities>>>();
    std::function<void()> work = [s, made, wanted = std::move(wanted)] {
        made->emplace(load_or_make(s->world.crypto(), wanted));
    };
    co_await w.offload(std::move(work), start_cost);
    co_return std::move(**made);
}

net::task<result<void>> load_push_identity(service_ptr s) {
    auto pem = co_await s->keep->setting(std::string{push_setting});
    if (!pem) {
        co_return std::unexpected(std::move(pem.error()));
    }
    if (pem->empty()) {
        co_return result<void>{};
    }
    auto identity = read_push_pem(s->world.crypto(), *pem);
    if (!identity) {
        co_return std::unexpected(std::move(identity.error()));
    }
    auto checked = check_push_identity(std::move(*identity), s->world.now());
    if (!checked) {
        spdlog::warn("the stored push certificate is not used: {}", checked.error().message());
        co_return result<void>{};
    }
    s->push->use(std::move(*checked));
    co_return result<void>{};
}

net::task<result<void>> load_ade_settings(service_ptr s) {
    auto kept = co_await s->keep->setting(std::string{ade_setting});
    if (!kept) {
        co_return std::unexpected(std::move(kept.error()));
    }
    const auto document = kept->empty() ? result<plist::dict>{} : plist::parse_dict(*kept);
    auto read =
        document ? read_ade_settings(*document) : std::unexpected(document.error().message());
    if (read) {
        s->ade = *std::move(read);
    } else {
        spdlog::warn("the stored settings of /v1/ade are not used: {}", read.error());
    }
    co_return result<void>{};
}

/// What was queued before a restart has lost its push.
net::task<void> wake_waiting(service_ptr s) {
    const auto waiting = co_await s->keep->with_pending_commands();
    if (waiting && s->push->identity()) {
        for (const auto& id : *waiting) {
            s->push->push_if_pending(id, s->world.now(), 0);
        }
    }
}

net::listen_options listening(const service& s, net::endpoint bind, bool tls) {
    net::listen_options out;
    out.bind = std::move(bind);
    if (tls) {
        out.tls = net::server_tls{s.identities->tls, s.options.alpn, true};
    }
    out.limits.max_body_bytes = max_body;
    out.limits.max_concurrent_streams = max_streams;
    out.who = actor{"server"};
    out.channel_of = channel_of;
    return out;
}

/// Nothing but SCEP goes without TLS.
net::task<net::reply> answer_plain(service_ptr s, net::incoming in) {
    if (net::path_of(in.what.target) != "/scep") {
        net::reply out;
        out.what = plain_answer(404, "only SCEP is offered without TLS");
        co_return out;
    }
    co_return co_await answer(std::move(s), std::move(in));
}

/// Null when it is not wanted.
result<std::unique_ptr<net::listener>> listen_for_scep(const service_ptr& s) {
    if (!s->options.scep_http) {
        return std::unique_ptr<net::listener>{};
    }
    return s->world.listen(listening(*s, *s->options.scep_http, false),
                           [s](net::incoming in) { return answer_plain(s, std::move(in)); });
}

result<void> check_options(const server_options& o) {
    if (o.api_key.empty()) {
        return fail(std::make_error_code(std::errc::invalid_argument), "api_key must not be empty");
    }
    if (o.names.empty()) {
        return fail(std::make_error_code(std::errc::invalid_argument),
                    "names needs one host name at least");
    }
    if (o.alpn.empty()) {
        return fail(std::make_error_code(std::errc::invalid_argument),
                    "alpn needs one version of HTTP at least");
    }
    return {};
}

} // namespace

net::task<result<topic>> take_push_identity(service_ptr s, crypto::identity identity,
                                            bool override_topic) {
    auto checked = check_push_identity(std::move(identity), s->world.now());
    if (!checked) {
        co_return std::unexpected(std::move(checked.error()));
    }
    const auto& before = s->push->identity();
    if (before && before->topic != checked->topic && !override_topic) {
        co_return fail(std::make_error_code(std::errc::operation_not_permitted),
                       "this certificate has another topic (UID) than the one in use: enrolled "
                       "Macs could not be reached any more; add ?override=1 if that is meant");
    }
    std::vector<std::pair<std::string, bytes>> values;
    values.emplace_back(push_setting, to_bytes(write_push_pem(checked->identity)));
    if (auto kept = co_await s->keep->set_settings(std::move(values)); !kept) {
        co_return std::unexpected(std::move(kept.error()));
    }
    const auto taken = checked->topic;
    s->push->use(std::move(*checked));
    co_return taken;
}

net::task<result<std::unique_ptr<server>>> server::start(net::world& world,
                                                         server_options options) {
    if (auto good = check_options(options); !good) {
        co_return std::unexpected(std::move(good.error()));
    }
    auto s = std::make_shared<service>(world);
    s->options = std::move(options);
    auto identities = co_await identities_for(s); // makes the data folder
    if (!identities) {
        co_return std::unexpected(std::move(identities.error()));
    }
    s->identities = std::move(*identities);
    s->reference_key = crypto::hmac_sha256(s->root().key.to_der(), as_bytes(enroll_reference));
    if (s->options.sign_in) {
        s->provider = std::make_shared<openid_client>(world, *s->options.sign_in);
    }
    s->identity_roots.push_back(s->root().cert);
    if (s->options.other_ca) {
        s->identity_roots.push_back(s->options.other_ca->ca);
    }
    const auto& folder = s->options.data_folder;
    auto keep = open_sqlite_store(
        world, folder.empty() ? ":memory:" : (folder / "server.sqlite").string(), s->options.bugs);
    if (!keep) {
        co_return std::unexpected(std::move(keep.error()));
    }
    s->keep = std::move(*keep);
    s->push = std::make_shared<pusher>(world, s->keep, s->options.apns, s->options.apns_trust);
    if (auto loaded = co_await load_push_identity(s); !loaded) {
        co_return std::unexpected(std::move(loaded.error()));
    }
    if (auto loaded = co_await load_network_users(s); !loaded) {
        co_return std::unexpected(std::move(loaded.error()));
    }
    if (auto loaded = co_await load_ade_settings(s); !loaded) {
        co_return std::unexpected(std::move(loaded.error()));
    }
    if (s->options.scep_legacy) {
        auto legacy = crypto::context::with_legacy();
        if (!legacy) {
            co_return std::unexpected(std::move(legacy.error()));
        }
        s->legacy = std::move(*legacy);
    }
    auto listener = world.listen(listening(*s, s->options.bind, true),
                                 [s](net::incoming in) { return answer(s, std::move(in)); });
    if (!listener) {
        co_return std::unexpected(std::move(listener.error()));
    }
    auto scep = listen_for_scep(s);
    if (!scep) {
        co_return std::unexpected(std::move(scep.error()));
    }
    s->base_url = "https://" + net::to_text({s->options.names.front(), (*listener)->local().port});
    s->push->start();
    co_await wake_waiting(s);
    co_return std::unique_ptr<server>{
        std::make_unique<reference_server>(s, std::move(*listener), std::move(*scep))};
}

} // namespace pomona::server
