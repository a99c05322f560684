#include "mac/enrollment.hpp"

#include "mac/announcing.hpp"
#include "mac/policy.hpp"
#include "mac/upkeep.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/mdm/keys.hpp"

#include <algorithm>
#include <utility>

namespace pomona::sim::mac {
step_failure failed_at(std::string at, std::string reason, std::uint64_t event, bool transport) {
    return {.what = {.at = std::move(at), .reason = std::move(reason), .transport = transport},
            .event = event};
}

namespace {

/// Apple, "Onboarding users with account sign-in": EnrollmentMode of a user's enrollment.
constexpr std::string_view byod_mode = "BYOD";

/// A profile comes in by the browser.
constexpr std::string_view browser_agent =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Safari/605.1.15";

step_failure failed_answer(std::string at, const exchange_outcome& o) {
    return failed_at(std::move(at), o.describe(), o.event, o.failure && !o.failure->after_send);
}

using step_result = std::expected<std::uint64_t, step_failure>; ///< the event that ended the step

/// The machine with the name it was given last.
hardware as_named(const core& c) {
    auto out = c.hw;
    out.computer_name = c.box.settings.device_name_or(c.hw.computer_name);
    return out;
}

mdm::authenticate authenticate_message(const core& c, const enrollment& e) {
    const auto& kind = c.hw.kind;
    return {.topic = e.payload.topic,
            .device_name = c.box.settings.device_name_or(c.hw.computer_name),
            .model = kind.model,
            .model_name = kind.model_name,
            .os_version = c.box.updates.installed().version,
            .build_version = c.box.updates.installed().build,
            .product_name = kind.model,
            // Schema mdm/checkin/authenticate.yaml: not in a user enrollment.
            .serial = e.is_user_enrollment() ? serial_number{} : c.hw.serial};
}

/// Apple, "Authenticate": 200 accepts, everything else refuses.
net::task<step_result> authenticate(core_ptr self, enrollment e, std::uint64_t cause) {
    auto client = self->device.client_of(e);
    auto answer = co_await send_checkin(pointer_to(self->device), client, e.checkin_url(),
                                        authenticate_message(*self, e), cause);
    if (!answer.response || answer.response->status != 200) {
        co_return std::unexpected{failed_answer("Authenticate", answer)};
    }
    co_return answer.event;
}

/// By SCEP, unless the profile brought it.
net::task<std::expected<issued_identity, step_failure>> get_identity(core_ptr self,
                                                                     const enrollment_plan& plan,
                                                                     net::trust_store trust,
                                                                     std::uint64_t cause) {
    if (plan.given) {
        co_return issued_identity{.identity = plan.given, .event = cause};
    }
    auto config = plan.scep.client;
    if (self->hw.wire.scep == scep_dialect::rfc8894 && self->current) {
        config.renews = *self->current->identity; // the enrollment's own: never for other payloads
    }
    co_return co_await run_scep(std::move(self), std::move(config), std::move(trust), cause);
}

void record_identity(core& c, const issued_identity& i) {
    const auto& cert = i.identity->cert;
    c.record("identity-issued",
             {{"certificate", to_hex(cert.sha256())},
              {"serial", cert.serial_hex()},
              {"subject", crypto::to_text(cert.subject())},
              {"issuer", crypto::to_text(cert.issuer())},
              {"not_after", to_rfc3339(cert.not_after())}},
             i.event);
}

/// Otherwise than the profile says: checks have to know.
void record_presentation(core& c, std::uint64_t cause) {
    if (const auto how = c.hw.wire.present; how != presentation::usual) {
        c.record("identity-presented", {{"how", std::string{to_text(how)}}}, cause);
    }
}

void record_failure(core& c, const step_failure& f, bool goes_on) {
    c.record("enroll-failed",
             {{"at", f.what.at},
              {"reason", f.what.reason},
              {"transport", f.what.transport},
              {"repeats", goes_on}},
             f.event);
}

/// Everything back to what it was (ENR-101).
net::task<enroll_result> roll_back(core_ptr self, step_failure f) {
    if (self->current) {
        self->device.profiles.erase(self->current->profile_identifier);
        self->current.reset();
    }
    const auto token = std::exchange(self->device.push, {}).token;
    ++self->generation;
    self->now_in = phase::unenrolled;
    self->device.open = false;
    self->device.wake_cause.reset();
    record_failure(*self, f, false);
    if (!token.empty()) {
        co_await self->env->push.unregister(token);
    }
    self->changed.notify_all();
    co_return std::unexpected{std::move(f.what)};
}

/// Somebody else ended this enrollment while it waited.
enroll_result overtaken(std::string at) {
    return std::unexpected{enroll_failure{.at = std::move(at),
                                          .reason = "the enrollment profile was removed meanwhile",
                                          .transport = false}};
}

/// Choice (a model): goes on until the server accepts or the profile is removed.
net::task<void> repeat_token_update(core_ptr self, std::uint64_t generation, std::uint64_t cause) {
    const auto& retry = policy_of(self->hw.wire.retry);
    for (unsigned attempt = retry.token_update_tries;; ++attempt) {
        const auto due = self->world().now() + retry.token_update_repeat.delay(attempt - 1);
        while (self->is_still(generation) && co_await self->changed.wait_until(due)) {
        }
        if (!self->is_still(generation)) {
            co_return;
        }
        auto answer = co_await token_update(pointer_to(self->device), *self->current,
                                            self->device.push, cause);
        if (!self->is_still(generation)) {
            co_return;
        }
        if (answer.means == standing::accepted) {
            become_enrolled(self, answer.event);
            co_return;
        }
        if (ends_enrollment(answer.means)) {
            co_await leave(self, {.reason = std::string{to_text(answer.means)},
                                  .cause = answer.event,
                                  .check_out = false});
            co_return;
        }
    }
}

} // namespace

/// TokenUpdate, a few times; then in the background.
net::task<enroll_result> finish_with_token(core_ptr self, std::uint64_t generation,
                                           std::uint64_t cause) {
    auto token = co_await register_token(pointer_to(self->device), cause);
    if (!self->is_still(generation)) {
        co_return overtaken("TokenUpdate");
    }
    if (!token) {
        co_return co_await roll_back(self, std::move(token.error()));
    }
    // ENR-114: a new magic for each enrollment.
    self->device.push = {*std::move(token), push_magic{self->world().random_uuid()}};
    step_failure last;
    const auto& retry = policy_of(self->hw.wire.retry);
    for (unsigned attempt = 0; attempt < retry.token_update_tries; ++attempt) {
        if (attempt > 0) {
            co_await self->world().sleep_for(retry.token_update_repeat.delay(attempt - 1));
        }
        if (!self->is_still(generation)) {
            co_return overtaken("TokenUpdate");
        }
        auto answer = co_await token_update(pointer_to(self->device), *self->current,
                                            self->device.push, cause);
        if (!self->is_still(generation)) {
            co_return overtaken("TokenUpdate");
        }
        if (answer.means == standing::accepted) {
            become_enrolled(self, answer.event);
            co_return enroll_result{};
        }
        last = failed_answer("TokenUpdate", answer);
        if (ends_enrollment(answer.means)) {
            co_return co_await roll_back(self, std::move(last));
        }
    }
    record_failure(*self, last, true);
    self->world().spawn("TokenUpdate of " + self->who.value(),
                        repeat_token_update(self, generation, last.event));
    co_return std::unexpected{std::move(last.what)};
}

namespace {

/// It may remove itself in time, and the enrollment with it.
void put_enrollment_profile(core& c, profile::profile p, std::uint64_t cause) {
    const auto gone_at = removal_of(p, c.world().now());
    c.device.profiles.put({.content = std::make_shared<const profile::profile>(std::move(p)),
                           .from = origin::user,
                           .gone_at = gone_at});
    keep_up(c, cause);
}

/// Every Mac of a fleet holds the same signers: one copy of each. Bounded, as profiles come from
/// outside.
void share_signers(environment& env, profile::profile& p) {
    constexpr std::size_t most = 1000;
    const auto share = [&env](crypto::certificate& cert) {
        auto der = cert.der();
        if (const auto known = env.profile_signers.find(der); known != env.profile_signers.end()) {
            cert = known->second;
        } else if (env.profile_signers.size() < most) {
            env.profile_signers.emplace(std::move(der), cert);
        }
    };
    if (p.signer) {
        share(*p.signer);
    }
    std::ranges::for_each(p.signer_chain, share);
}

enrollment enrollment_of(environment& env, const enrollment_plan& plan, net::trust_store trust,
                         std::shared_ptr<const crypto::identity> identity) {
    enrollment out;
    out.profile_identifier = plan.content.identifier;
    out.payload = plan.mdm;
    out.identity = std::move(identity);
    out.trust = std::move(trust);
    pin(out, plan, env);
    return out;
}

net::task<enroll_result> install(core_ptr self, enrollment_plan plan, std::uint64_t cause,
                                 provenance from) {
    const auto generation = ++self->generation;
    self->now_in = phase::profile_received;
    cause = self->record("profile-received",
                         {{"PayloadIdentifier", plan.content.identifier},
                          {"PayloadUUID", plan.content.uuid},
                          {"Topic", plan.mdm.topic.value()},
                          {"ServerURL", plan.mdm.server_url},
                          {"signed", plan.content.is_signed}},
                         cause);
    if (auto fits = check_key(plan, self->key); !fits) {
        co_return co_await roll_back(self, failed_at("scep", fits.error().message(), cause));
    }
    // ENR-100: certificates first, so that the CA and the server can be trusted.
    auto trust = trust_with(*self->env, plan.anchors);
    self->now_in = phase::identity_pending;
    auto issued = co_await get_identity(self, plan, trust, cause);
    if (!self->is_still(generation)) {
        co_return overtaken("scep");
    }
    if (!issued) {
        co_return co_await roll_back(self, std::move(issued.error()));
    }
    record_identity(*self, *issued);
    record_presentation(*self, issued->event);
    self->current = enrollment_of(*self->env, plan, std::move(trust), issued->identity);
    self->current->by_ade = from.by_ade;
    self->current->removable = from.removable;
    self->current->bearer = std::move(from.bearer);
    if (from.mode == byod_mode) { // observed (F19): new with every enrollment
        self->current->enrollment_id = self->world().random_uuid();
    }
    auto accepted = co_await authenticate(self, *self->current, issued->event);
    if (!self->is_still(generation)) {
        co_return overtaken("Authenticate");
    }
    if (!accepted) { // MDM-CHK-059: and no TokenUpdate
        co_return co_await roll_back(self, std::move(accepted.error()));
    }
    self->now_in = phase::authenticated;
    share_signers(*self->env, plan.content);
    put_enrollment_profile(*self, std::move(plan.content), *accepted);
    self->record("authenticated", {{"Topic", plan.mdm.topic.value()}}, *accepted);
    if (self->hw.kind.bootstrap == bootstrap_escrow::before_token_update) { // MDM-CHK-085
        co_await escrow_bootstrap_token(self, *accepted);
        if (!self->is_still(generation)) {
            co_return overtaken("SetBootstrapToken");
        }
    }
    co_return co_await finish_with_token(self, generation, *accepted);
}

/// Apple, "Onboarding users with account sign-in": what the Mac insists on; empty: it fits.
std::string problem_of_mode(const profile::mdm_payload& p, std::string_view mode) {
    if (mode.empty()) {
        return {};
    }
    if (p.enrollment_mode != mode) {
        return "EnrollmentMode is \"" + p.enrollment_mode + "\", not " + std::string{mode};
    }
    if (p.assigned_managed_apple_id.empty()) {
        return "the profile has no AssignedManagedAppleID";
    }
    if (mode == byod_mode && p.access_rights != 0) {
        return "AccessRights have no place in the enrollment of a user";
    }
    return {};
}

} // namespace

std::expected<bytes, step_failure> profile_of(net::exchange_result answer) {
    if (!answer) {
        const auto& e = answer.error();
        return std::unexpected{failed_at("profile", e.message(), e.event, !e.after_send)};
    }
    if (answer->status != 200) {
        return std::unexpected{
            failed_at("profile", "HTTP " + std::to_string(answer->status), answer->event)};
    }
    // ENR-001.
    if (const auto type = net::media_type(answer->headers); type != mdm::profile_content_type) {
        return std::unexpected{failed_at(
            "profile", "the media type is \"" + escape(type) + "\", not that of a profile",
            answer->event)};
    }
    return std::move(answer->body);
}

enroll_result refuse(core& c, step_failure f) {
    record_failure(c, f, false);
    return std::unexpected{std::move(f.what)};
}

net::task<std::expected<bytes, step_failure>> download_profile(core_ptr self,
                                                               std::uint64_t& cause) {
    if (!self->is_reachable()) {
        co_return std::unexpected{failed_at("profile", "the Mac is offline", 0, true)};
    }
    net::request get;
    get.headers = {{"User-Agent", std::string{browser_agent}}, {"Accept", "*/*"}};
    web_client web{self->world(), self->who, self->anonymous(self->env->system_trust),
                   self->env->request_timeout};
    auto answer = co_await web.send(self->profile_url, std::move(get), "enroll", cause);
    cause = answer ? answer->event : answer.error().event;
    co_return profile_of(std::move(answer));
}

net::task<enroll_result> enroll_from(core_ptr self, std::string url) {
    self->profile_url = std::move(url);
    std::uint64_t cause = 0;
    auto profile = co_await download_profile(self, cause);
    if (!profile) {
        co_return refuse(*self, std::move(profile.error()));
    }
    co_return co_await enroll_with(self, *std::move(profile), cause);
}

net::task<enroll_result> enroll_with(core_ptr self, bytes profile, std::uint64_t cause,
                                     provenance from) {
    while (self->leaving) {
        co_await self->changed.wait_until(net::never);
    }
    auto plan = plan_enrollment(self->world().crypto(), profile, as_named(*self));
    if (!plan) {
        co_return refuse(*self, failed_at("profile", plan.error().message(), cause));
    }
    if (auto unfit = problem_of_mode(plan->mdm, from.mode); !unfit.empty()) {
        co_return refuse(*self, failed_at("profile", std::move(unfit), cause)); // ENR-108
    }
    if (auto possible = self->device.profiles.check_install(plan->content, origin::user);
        !possible) {
        co_return refuse(*self, failed_at("profile", possible.error().localized_description,
                                          cause)); // ENR-102
    }
    if (self->now_in != phase::unenrolled) {
        co_return refuse(*self, failed_at("profile", "another enrollment is going on", cause));
    }
    co_return co_await install(self, *std::move(plan), cause, std::move(from));
}

namespace {

/// By the new identity, as `how` says; nullopt: nothing was said, which is well, too.
net::task<std::expected<std::optional<std::uint64_t>, step_failure>>
announce_renewal(core_ptr self, enrollment next, renewal how, std::uint64_t cause) {
    const auto generation = self->generation;
    if (how == renewal::reinstall) {
        auto accepted = co_await authenticate(self, next, cause);
        if (!accepted || !self->is_still(generation)) {
            co_return accepted ? std::unexpected{step_failure{}}
                               : std::unexpected{std::move(accepted.error())};
        }
        cause = *accepted;
        self->record("authenticated", {{"Topic", next.payload.topic.value()}}, cause);
    }
    // In force before the server hears of it: its next push may be faster than its answer.
    auto before = std::exchange(self->current, std::move(next));
    if (how == renewal::identity_only) {
        co_return std::optional<std::uint64_t>{};
    }
    auto magic = std::exchange(self->device.push.magic, push_magic{self->world().random_uuid()});
    auto answer =
        co_await token_update(pointer_to(self->device), *self->current, self->device.push, cause);
    if (answer.means == standing::accepted || !self->is_still(generation)) {
        co_return std::optional{answer.event};
    }
    self->current = std::move(before);
    self->device.push.magic = std::move(magic);
    co_return std::unexpected{failed_answer("TokenUpdate", answer)};
}

} // namespace

net::task<enroll_result> renew(core_ptr self, bytes profile, std::uint64_t cause, renewal how) {
    const auto generation = self->generation;
    auto plan = plan_enrollment(self->world().crypto(), profile, as_named(*self));
    if (!plan) {
        co_return std::unexpected{enroll_failure{"profile", plan.error().message(), false}};
    }
    if (auto fits = check_key(*plan, self->key); !fits) {
        co_return std::unexpected{enroll_failure{"scep", fits.error().message(), false}};
    }
    auto trust = trust_with(*self->env, plan->anchors);
    auto issued = co_await get_identity(self, *plan, trust, cause);
    if (!self->is_still(generation)) {
        co_return overtaken("scep");
    }
    if (!issued) {
        co_return std::unexpected{std::move(issued.error().what)};
    }
    record_identity(*self, *issued);
    auto next = enrollment_of(*self->env, *plan, std::move(trust), issued->identity);
    next.by_ade = self->current->by_ade;
    next.removable = self->current->removable;
    next.announced = self->current->announced;
    next.bearer = self->current->bearer;
    next.enrollment_id = self->current->enrollment_id;
    auto said = co_await announce_renewal(self, std::move(next), how, issued->event);
    if (!self->is_still(generation)) {
        co_return overtaken("TokenUpdate");
    }
    if (!said) {
        co_return std::unexpected{std::move(said.error().what)};
    }
    share_signers(*self->env, plan->content);
    put_enrollment_profile(*self, std::move(plan->content), said->value_or(0));
    if (*said) {
        become_enrolled(self, **said);
    }
    co_return enroll_result{};
}

net::task<void> finish_enrollment(core_ptr self, std::uint64_t generation) {
    auto done = co_await finish_with_token(std::move(self), generation, 0);
    static_cast<void>(done); // recorded by whoever found out
}

namespace {
std::string name_of(const std::vector<crypto::certificate>& all) {
    std::string out;
    for (const auto& one : all) {
        out += to_hex(one.sha256());
    }
    return out;
}

/// Macs with the same pins share them.
net::trust_store only(environment& env, const std::vector<crypto::certificate>& pins) {
    if (pins.empty()) {
        return nullptr;
    }
    auto& known = env.installed_trust["only " + name_of(pins)];
    if (!known) {
        known = std::make_shared<const std::vector<crypto::certificate>>(pins);
    }
    return known;
}
} // namespace

void pin(enrollment& e, const enrollment_plan& plan, environment& env) {
    e.server_pins = only(env, plan.server_pins);
    e.checkin_pins = plan.mdm.checkin_url.empty() ? e.server_pins : only(env, plan.checkin_pins);
}

net::trust_store trust_with(environment& env, const std::vector<crypto::certificate>& anchors) {
    if (anchors.empty()) {
        return env.system_trust;
    }
    auto& known = env.installed_trust[name_of(anchors)];
    if (!known) {
        auto all = env.system_trust ? *env.system_trust : std::vector<crypto::certificate>{};
        all.insert(all.end(), anchors.begin(), anchors.end());
        known = std::make_shared<const std::vector<crypto::certificate>>(std::move(all));
    }
    return known;
}

} // namespace pomona::sim::mac
