#include "pomona/sim/mac/mac.hpp"

#include "mac/core.hpp"
#include "mac/enrollment.hpp"
#include "mac/file_vault.hpp"
#include "mac/lifecycle.hpp"
#include "mac/trials.hpp"
#include "mac/user_channel.hpp"

namespace pomona::sim::mac {

std::string_view to_text(phase p) {
    switch (p) {
    case phase::unenrolled:
        return "unenrolled";
    case phase::profile_received:
        return "profile_received";
    case phase::identity_pending:
        return "identity_pending";
    case phase::authenticated:
        return "authenticated";
    case phase::enrolled:
        return "enrolled";
    }
    return "";
}

namespace {

trace::fields about(const condition& c) {
    return {
        {"online", c.online},
        {"power", std::string{to_text(c.power)}},
        {"lid_closed", c.lid_closed},
        {"file_vault", c.file_vault},
        {"login_blocked", c.login_blocked},
        {"screen_locked", c.screen_locked},
        {"network_delay_ms",
         std::chrono::floor<std::chrono::milliseconds>(c.network_delay).count()},
        {"clock_offset_ms", std::chrono::floor<std::chrono::milliseconds>(c.clock_offset).count()}};
}

} // namespace

struct mac::impl final : core {
    using core::core;
};

mac::mac(environment& env, actor who, hardware hw, crypto::private_key key,
         std::vector<account> users)
    : impl_{std::make_shared<impl>(env, std::move(who), std::move(hw), std::move(key),
                                   std::move(users))} {}

mac::~mac() = default;

const actor& mac::who() const {
    return impl_->who;
}
const hardware& mac::machine() const {
    return impl_->hw;
}
phase mac::now_in() const {
    return impl_->now_in;
}
condition mac::current() const {
    auto out = impl_->state;
    const auto& power = impl_->box.power;
    out.power = power.mode;
    out.lid_closed = power.lid_closed;
    out.file_vault = power.file_vault;
    return out;
}

net::task<std::expected<void, enroll_failure>> mac::enroll(std::string url) {
    return enroll_from(impl_, std::move(url));
}

net::task<std::expected<void, enroll_failure>> mac::enroll_by_account(account_enrollment what) {
    return enroll_account_driven(impl_, std::move(what));
}

net::task<std::expected<void, enroll_failure>> mac::install(bytes profile) {
    return enroll_with(impl_, std::move(profile), 0);
}

net::task<void> mac::remove_enrollment_profile() {
    return leave(impl_, {.reason = "removed by the user", .cause = 0, .check_out = true});
}

void mac::set(condition c) {
    const auto before = current();
    if (before == c) {
        return;
    }
    const bool reachable = impl_->is_reachable();
    auto& power = impl_->box.power;
    impl_->state = c;
    power.lid_closed = c.lid_closed;
    const auto event = impl_->record("condition", about(c), 0);
    if (power.file_vault != c.file_vault) {
        set_file_vault(*impl_, c.file_vault, event);
    }
    reach_changed(*impl_, reachable, event);
    // Choice: a notebook whose lid is closed sleeps, whatever hangs on it.
    const auto mode = c.lid_closed && runs(c.power)                  ? power_mode::asleep
                      : before.lid_closed && c.power == before.power ? power_mode::awake
                                                                     : c.power;
    set_power(impl_, mode, event);
}

void mac::set(const trials& t) {
    sim::mac::apply(*impl_, t);
}

void mac::restart() {
    sim::mac::restart(impl_, 0);
}
void mac::erase() {
    sim::mac::erase(impl_, 0);
}
bool mac::unlock(std::string_view pin) {
    return unlock_with_pin(impl_, pin, 0);
}

std::vector<std::string> mac::user_names() const {
    std::vector<std::string> out;
    for (const auto& u : impl_->users) {
        if (!u->deleted) {
            out.push_back(u->user->short_name);
        }
    }
    return out;
}

std::optional<user_standing> mac::user(std::string_view short_name) const {
    const auto* c = impl_->find_user(short_name);
    if (c == nullptr) {
        return std::nullopt;
    }
    return user_standing{.who = *c->user,
                         .logged_in = c->logged_in,
                         .on_console = c->is_on_console(),
                         .is_open = c->open,
                         .token = c->push.token,
                         .magic = c->push.magic};
}

enrollment_id mac::id() const {
    return impl_->device.sender().id();
}

push_token mac::token() const {
    return impl_->device.push.token;
}

bool mac::log_in(std::string_view short_name) {
    auto* c = impl_->find_user(short_name);
    if (c != nullptr) {
        sim::mac::log_in(*c);
    }
    return c != nullptr;
}

bool mac::log_out(std::string_view short_name) {
    auto* c = impl_->find_user(short_name);
    if (c != nullptr) {
        sim::mac::log_out(*c);
    }
    return c != nullptr;
}

bool mac::lock_keychain(std::string_view short_name, bool locked) {
    auto* c = impl_->find_user(short_name);
    if (c != nullptr) {
        set_keychain_locked(*c, locked);
    }
    return c != nullptr;
}

} // namespace pomona::sim::mac
