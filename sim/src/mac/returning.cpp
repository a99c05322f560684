#include "mac/ade.hpp"
#include "mac/announcing.hpp"
#include "mac/lifecycle.hpp"
#include "mac/policy.hpp"
#include "mac/user_channel.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pomona::sim::mac {
namespace {

constexpr std::array renewals{std::pair{renewal::reinstall, std::string_view{"reinstall"}},
                              std::pair{renewal::in_place, std::string_view{"in-place"}},
                              std::pair{renewal::identity_only, std::string_view{"identity-only"}}};

/// TokenUpdate of the device channel, again and again until it is accepted.
net::task<void> announce_device(core_ptr self, std::uint64_t cause) {
    const auto begun = self->generation;
    for (unsigned attempt = 0;; ++attempt) {
        auto answer = co_await token_update(pointer_to(self->device), *self->current,
                                            self->device.push, cause);
        if (!self->is_still(begun) || answer.means == standing::accepted) {
            co_return;
        }
        if (ends_enrollment(answer.means)) {
            co_await leave(self, {.reason = std::string{to_text(answer.means)},
                                  .cause = answer.event,
                                  .check_out = false});
            co_return;
        }
        cause = answer.event;
        const auto due =
            self->world().now() + policy_of(self->hw.wire.retry).token_update_repeat.delay(attempt);
        while (self->is_still(begun) && co_await self->changed.wait_until(due)) {
        }
        if (!self->is_still(begun)) {
            co_return;
        }
    }
}

/// A new token of the device channel; false: it could not be had, or the enrollment is over.
net::task<bool> new_device_token(core_ptr self, std::uint64_t cause) {
    const auto begun = self->generation;
    auto token = co_await register_token(pointer_to(self->device), cause);
    if (!token || !self->is_still(begun)) {
        co_return false;
    }
    self->device.push.token = *std::move(token);
    co_return true;
}

enroll_result cannot(std::string what) {
    return std::unexpected{
        enroll_failure{.at = "profile", .reason = std::move(what), .transport = false}};
}

/// What a clone does when it comes up.
net::task<void> announce_clone(core_ptr self) {
    if (co_await new_device_token(self, 0)) {
        co_await announce_device(self, 0);
    }
}

} // namespace

std::string_view to_text(renewal r) {
    const auto* found = std::ranges::find(renewals, r, [](const auto& p) { return p.first; });
    return found == renewals.end() ? std::string_view{} : found->second;
}

std::optional<renewal> find_renewal(std::string_view text) {
    const auto* found = std::ranges::find(renewals, text, [](const auto& p) { return p.second; });
    return found == renewals.end() ? std::nullopt : std::optional{found->first};
}

std::vector<std::string> renewal_names() {
    std::vector<std::string> out;
    for (const auto& [what, name] : renewals) {
        out.emplace_back(name);
    }
    return out;
}

std::optional<installed_os> find_os(std::string_view version, std::string build) {
    if (!build.empty()) {
        return installed_os{.version = std::string{version}, .build = std::move(build)};
    }
    for (const auto& release : all_macos_releases()) {
        if (!older_version(release.version, version)) {
            return installed_os{.version = std::string{release.version},
                                .build = std::string{release.build}};
        }
    }
    return std::nullopt;
}

net::task<void> rotate_tokens(core_ptr self, std::uint64_t cause) {
    if (!self->current || self->device.push.token.empty()) {
        co_return;
    }
    const auto begun = self->generation;
    const auto event = self->record("push-tokens-rotated", {}, cause);
    for (auto* one : self->channels()) {
        auto old = std::exchange(one->push.token, {});
        if (!old.empty()) {
            co_await self->env->push.unregister(std::move(old));
        }
        if (!self->is_still(begun)) {
            co_return;
        }
        if (one->user) {
            one->open = false;
            open_when_possible(*one, event);
        } else if (co_await new_device_token(self, event)) {
            self->world().spawn("TokenUpdate of " + self->who.value(),
                                announce_device(self, event));
        }
    }
}

net::task<enroll_result> fetch_and_renew(core_ptr self, renewal how, std::uint64_t cause) {
    if (!self->current || self->now_in != phase::enrolled) {
        co_return cannot("the Mac is not enrolled");
    }
    auto profile = self->current->by_ade && (self->ade || self->asks_activation)
                       ? co_await fetch_profile(self, cause)
                       : co_await download_profile(self, cause);
    if (!profile) {
        co_return std::unexpected{std::move(profile.error().what)};
    }
    const auto plan = plan_enrollment(self->world().crypto(), *profile, self->hw);
    if (!plan) {
        co_return cannot(plan.error().message());
    }
    if (!self->current) {
        co_return cannot("the enrollment has ended meanwhile");
    }
    // Schema com.apple.mdm: what may not change on an update (ENR-103).
    if (auto may = self->device.profiles.check_install(plan->content, origin::mdm); !may) {
        co_return cannot(may.error().localized_description);
    }
    auto done = co_await renew(self, *std::move(profile), cause, how);
    if (done) {
        self->record("profile-installed",
                     {{"PayloadIdentifier", self->current->profile_identifier}}, cause);
    }
    co_return done;
}

net::task<enroll_result> restore(core_ptr self, std::uint64_t cause) {
    if (self->current) {
        keep_backup(*self);
        auto old = std::exchange(self->device.push.token, {});
        if (!old.empty()) { // the installation before the restore has gone
            co_await self->env->push.unregister(std::move(old));
        }
    }
    if (!self->backup) {
        co_return cannot("there is no backup of an enrollment");
    }
    for (auto* one : self->channels()) {
        one->forget();
        one->disconnect();
    }
    const auto generation = ++self->generation;
    self->setup = {};
    self->current = self->backup->what;
    self->device.profiles = self->backup->profiles;
    self->now_in = phase::authenticated;
    const auto event = self->record("restored", {}, cause);
    self->changed.notify_all();
    co_return co_await finish_with_token(self, generation, event);
}

void become_clone(const core_ptr& copy, const core& original) {
    copy->box = original.box;
    copy->state = original.state;
    copy->setup = original.setup;
    copy->ade = original.ade;
    copy->asks_activation = original.asks_activation;
    copy->profile_url = original.profile_url;
    copy->bootstrap = original.bootstrap;
    copy->backup = original.backup;
    copy->push_salt = '#' + copy->who.value();
    copy->console = nullptr;
    for (std::size_t i = 0; i < copy->users.size(); ++i) {
        auto& user = *copy->users[i];
        user.logged_in = original.users[i]->logged_in;
        user.profiles = original.users[i]->profiles;
        if (original.console == original.users[i].get()) {
            copy->console = &user;
        }
    }
    copy->record("cloned", {{"from", original.who.value()}}, 0);
    if (original.now_in != phase::enrolled || !original.current) {
        return;
    }
    copy->current = original.current;
    copy->now_in = phase::enrolled;
    copy->device.profiles = original.device.profiles;
    copy->device.push.magic = original.device.push.magic;
    copy->device.open = true;
    for (const auto& u : copy->users) {
        open_when_possible(*u, 0);
    }
    copy->world().spawn("TokenUpdate of " + copy->who.value(), announce_clone(copy));
}

} // namespace pomona::sim::mac
