#include "mac/ade.hpp"

#include "mac/activation.hpp"
#include "mac/announcing.hpp"
#include "mac/device_state.hpp"
#include "mac/lifecycle.hpp"
#include "mac/policy.hpp"
#include "mac/web_view.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/protocol/mdm/machine_info.hpp"
#include "pomona/sim/device_ca/device_ca.hpp"

namespace pomona::sim::mac {
namespace {

/// Choice: a server that always wants another version is given up.
constexpr int most_updates = 3;

mdm::machine_info machine_info_of(const core& c) {
    const auto& os = c.box.updates.installed();
    mdm::machine_info out;
    out.device = c.hw.device;
    out.serial = c.hw.serial;
    out.product = c.hw.kind.model;
    out.build = os.build;
    out.language = "en";
    if (!mdm::is_older_version(os.version, "14.0")) { // schema: since macOS 14
        out.os_version = os.version;
        out.can_request_software_update = true;
    }
    if (!mdm::is_older_version(os.version, "14.4")) {
        out.software_update_device_id = c.hw.kind.board;
    }
    return out;
}

/// What the Mac trusts while it asks for its profile: the anchors of its assignment alone, if there
/// are any (Apple, "Profile": anchor_certs).
result<net::trust_store> setup_trust(const core& c) {
    if (c.ade->anchors.empty()) {
        return c.env->system_trust;
    }
    std::vector<crypto::certificate> anchors;
    for (const auto& der : c.ade->anchors) {
        auto cert = crypto::certificate::from_der(c.world().crypto(), der);
        if (!cert) {
            return fail(cert.error().code, "anchor_certs has what is no certificate");
        }
        anchors.push_back(*std::move(cert));
    }
    return std::make_shared<const std::vector<crypto::certificate>>(std::move(anchors));
}

net::task<std::expected<net::response, step_failure>> ask_for_profile(core_ptr self,
                                                                      std::uint64_t cause) {
    auto body = signed_by_device(*self, mdm::write_machine_info(machine_info_of(*self)));
    if (!body) {
        co_return std::unexpected{failed_at("profile", body.error().message(), cause)};
    }
    auto trust = setup_trust(*self);
    if (!trust) {
        co_return std::unexpected{failed_at("profile", trust.error().message(), cause)};
    }
    if (!self->is_reachable()) {
        co_return std::unexpected{failed_at("profile", "the Mac is offline", cause, true)};
    }
    net::request post{.method = "POST", .target = {}, .headers = {}, .body = *std::move(body)};
    post.headers = {{"Content-Type", "application/pkcs7-signature"},
                    {"User-Agent", std::string{setup_agent}},
                    {"Accept", "*/*"}};
    web_client web{self->world(), self->who, self->anonymous(*std::move(trust)),
                   self->env->request_timeout};
    auto answer = co_await web.send(self->ade->url, std::move(post), "enroll", cause);
    if (!answer) {
        const auto& e = answer.error();
        co_return std::unexpected{failed_at("profile", e.message(), e.event, !e.after_send)};
    }
    co_return *std::move(answer);
}

/// Apple, "Authenticating through web views": MachineInfo with the first page load, then whatever
/// the pages want, until one of them is a profile.
net::task<std::expected<bytes, step_failure>> profile_by_web_view(core_ptr self,
                                                                  std::uint64_t& cause) {
    const auto info = signed_by_device(*self, mdm::write_machine_info(machine_info_of(*self)));
    if (!info) {
        co_return std::unexpected{failed_at("profile", info.error().message(), cause)};
    }
    auto trust = setup_trust(*self);
    if (!trust) {
        co_return std::unexpected{failed_at("profile", trust.error().message(), cause)};
    }
    web_session how;
    how.trust = *std::move(trust);
    how.first = {{"x-apple-aspen-deviceinfo", to_base64(*info)}}; // ENR-112, ABM-097: one line
    auto end = co_await browse(self, self->ade->web_url, std::move(how), cause);
    if (!end) {
        cause = end.error().event;
        co_return std::unexpected{std::move(end.error())};
    }
    cause = end->event;
    co_return std::move(end->answer.body);
}

/// Which version the server wants first; nullopt: it does not say so.
std::optional<installed_os> update_wanted(const net::response& answer) {
    const auto document = answer.status == 403 ? read_error_document(answer) : std::nullopt;
    if (!document || document->code != "com.apple.softwareupdate.required" ||
        document->os_version.empty()) {
        return std::nullopt;
    }
    return find_os(document->os_version, document->build_version);
}

/// Nobody has used this Mac yet.
void begin_setup(core& c, std::uint64_t cause) {
    if (!c.setup.running) {
        for (const auto& u : c.users) {
            u->logged_in = false;
            c.box.users.set_logged_in(u->user->short_name, false);
        }
        c.console = nullptr;
        c.setup = {.running = true};
    }
    c.record("setup-assistant", {{"started", true}}, cause);
}

/// The Mac stays as it is, or Setup Assistant lets its user go on without management.
enroll_result give_up(const core_ptr& self, step_failure f) {
    const auto event = f.event;
    auto out = refuse(*self, std::move(f));
    const bool may_go_on = !self->ade || !self->ade->mandatory;
    if (may_go_on && self->now_in == phase::unenrolled) {
        self->setup.awaiting = false;
        finish_setup(self, event);
    }
    return out;
}

/// What Apple's service says now; what it said before is over.
net::task<std::expected<void, step_failure>> learn_assignment(core_ptr self, std::uint64_t& cause) {
    if (!self->asks_activation || !self->env->activation) {
        co_return std::expected<void, step_failure>{};
    }
    auto learned = co_await ask_activation(self, cause);
    if (!learned) {
        co_return std::unexpected{std::move(learned.error())};
    }
    self->ade = *std::move(learned);
    co_return std::expected<void, step_failure>{};
}

/// Asks, updates when that is wanted, and asks again (schema mdm/errors,
/// softwareupdate.required).
net::task<std::expected<bytes, step_failure>> fetch_from_url(core_ptr self, std::uint64_t& cause) {
    for (int updates = 0;; ++updates) {
        auto answer = co_await ask_for_profile(self, cause);
        if (!answer) {
            co_return std::unexpected{std::move(answer.error())};
        }
        cause = answer->event;
        auto wanted = update_wanted(*answer);
        if (!wanted || updates == most_updates) {
            co_return profile_of(*std::move(answer));
        }
        install_os(self, *std::move(wanted), cause);
        while (!self->is_reachable()) {
            co_await self->changed.wait_until(net::never);
        }
    }
}

/// Choice: for the key that its SCEP identity has, too, as making keys takes long.
constexpr crypto::cms_digest digest_of(device_digest d) {
    return d == device_digest::sha1 ? crypto::cms_digest::sha1 : crypto::cms_digest::sha256;
}

} // namespace

result<bytes> signed_by_device(core& c, bytes_view content) {
    const auto device = c.env->devices->issue(c.world(), c.hw, c.key);
    if (!device) {
        return std::unexpected(device.error());
    }
    return crypto::sign_attached(content, *device, c.now(), digest_of(c.hw.wire.device_digest));
}

net::task<std::expected<bytes, step_failure>> fetch_profile(core_ptr self, std::uint64_t& cause) {
    auto learned = co_await learn_assignment(self, cause);
    if (!learned) {
        co_return std::unexpected{std::move(learned.error())};
    }
    if (!self->ade) {
        co_return std::unexpected{
            failed_at("profile", "the Mac is not assigned to a server", cause)};
    }
    if (!self->ade->web_url.empty()) { // Apple, profile: the device loads this instead
        co_return co_await profile_by_web_view(self, cause);
    }
    co_return co_await fetch_from_url(self, cause);
}

net::task<enroll_result> enroll_by_ade(core_ptr self, std::uint64_t cause) {
    const bool can_ask = self->asks_activation && self->env->activation;
    if ((!self->ade && !can_ask) || !self->env->devices) {
        co_return refuse(*self, failed_at("profile", "the Mac is not assigned to a server", cause));
    }
    if (self->now_in != phase::unenrolled) {
        co_return refuse(*self, failed_at("profile", "the Mac is enrolled already", cause));
    }
    begin_setup(*self, cause);
    self->setup.enrolling = true;
    const auto generation = self->generation;
    if (!self->setup.profile) {
        auto fetched = co_await fetch_profile(self, cause);
        if (!self->is_still(generation)) {
            co_return std::unexpected{
                enroll_failure{.at = "profile", .reason = "the Mac was erased meanwhile"}};
        }
        if (!fetched) {
            self->setup.enrolling = false;
            co_return give_up(self, std::move(fetched.error()));
        }
        self->setup.profile = *std::move(fetched);
    }
    self->setup.awaiting = self->ade->await_device_configured;
    auto profile = *self->setup.profile;
    auto done = co_await enroll_with(self, std::move(profile), cause,
                                     {.by_ade = true, .removable = self->ade->removable});
    self->setup.enrolling = false;
    if (done) {
        self->setup.profile.reset();
    } else if (self->now_in == phase::unenrolled) {
        self->setup.awaiting = false;
    }
    co_return done;
}

} // namespace pomona::sim::mac
