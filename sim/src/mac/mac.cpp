#include "pomona/sim/mac/mac.hpp"

#include "mac/ade.hpp"
#include "mac/announcing.hpp"
#include "mac/core.hpp"
#include "mac/enrollment.hpp"
#include "mac/file_vault.hpp"
#include "mac/lifecycle.hpp"
#include "mac/snapshot.hpp"
#include "mac/trials.hpp"
#include "mac/user_channel.hpp"

#include <algorithm>

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

namespace {

net::task<void> nothing() {
    co_return;
}

/// Counts as under way until it is over.
net::task<enroll_result> counted(core_ptr self, net::task<enroll_result> what) {
    ++self->under_way;
    auto out = co_await std::move(what);
    --self->under_way;
    co_return out;
}

net::task<enroll_result> put_by_hand(core_ptr self, bytes data) {
    auto read = profile::parse(self->world().crypto(), data);
    if (!read) {
        co_return std::unexpected{enroll_failure{"profile", read.error().message(), false}};
    }
    if (!read->of_type(profile::mdm_type).empty()) {
        co_return co_await enroll_with(self, std::move(data), 0);
    }
    if (auto possible = self->device.profiles.check_install(*read, origin::user); !possible) {
        co_return std::unexpected{
            enroll_failure{"profile", possible.error().localized_description, false}};
    }
    const trace::fields about{{"PayloadIdentifier", read->identifier}, {"PayloadUUID", read->uuid}};
    self->device.profiles.put(*std::move(read), origin::user);
    self->record("profile-installed", about, 0);
    co_return enroll_result{};
}

} // namespace

net::task<std::expected<void, enroll_failure>> mac::enroll(std::string url) {
    return counted(impl_, enroll_from(impl_, std::move(url)));
}

net::task<std::expected<void, enroll_failure>> mac::enroll_by_account(account_enrollment what) {
    return enroll_account_driven(impl_, std::move(what));
}

net::task<std::expected<void, enroll_failure>> mac::install(bytes profile) {
    return counted(impl_, enroll_with(impl_, std::move(profile), 0));
}

net::task<std::expected<void, enroll_failure>> mac::install_by_hand(bytes profile) {
    return counted(impl_, put_by_hand(impl_, std::move(profile)));
}

bool mac::poke() {
    if (impl_->now_in != phase::enrolled) {
        return false;
    }
    const auto event = impl_->record("poked", {}, 0);
    for (auto* c : impl_->channels()) {
        if (c->open) {
            wake(*c, event);
        }
    }
    return true;
}

bool mac::is_busy() const {
    const auto channels = impl_->channels();
    return impl_->under_way > 0 || impl_->leaving ||
           std::ranges::any_of(channels, [](const channel* c) {
               return c->in_session || (c->opening && c->mac->state.online) ||
                      (c->wake_cause && c->can_talk());
           });
}

void mac::answer_with(scripted_answer how) {
    impl_->scripted.push_back(std::move(how));
}

const std::vector<scripted_answer>& mac::scripted_answers() const {
    return impl_->scripted;
}

plist::dict mac::save() const {
    return sim::mac::save(*impl_);
}

result<std::unique_ptr<mac>> mac::load(environment& env, const plist::dict& snapshot) {
    auto machine = load_machine(snapshot, env.world.crypto());
    if (!machine) {
        return std::unexpected{std::move(machine.error())};
    }
    auto i = std::make_shared<impl>(env, std::move(machine->who), std::move(machine->hw),
                                    std::move(machine->key), std::move(machine->users));
    if (auto good = sim::mac::restore(*i, snapshot); !good) {
        return std::unexpected{std::move(good.error())};
    }
    return std::unique_ptr<mac>{new mac{std::move(i)}};
}

void mac::resume() {
    sim::mac::resume(impl_);
}

void mac::set(std::optional<sign_in> person) {
    impl_->person = std::move(person);
}

void mac::assign(std::optional<ade_assignment> to) {
    impl_->ade = std::move(to);
    impl_->asks_activation = false;
}

void mac::ask_for_assignment() {
    impl_->ade.reset();
    impl_->asks_activation = true;
}

net::task<std::expected<void, enroll_failure>> mac::enroll_by_ade() {
    return sim::mac::enroll_by_ade(impl_, 0);
}

bool mac::in_setup_assistant() const {
    return impl_->setup.running;
}

bool mac::is_profile_removable() const {
    return !impl_->current || impl_->current->removable;
}

net::task<void> mac::remove_enrollment_profile(bool check_out) {
    if (!is_profile_removable()) { // Apple, "Profile": is_mdm_removable
        impl_->record("profile-removal-refused", {}, 0);
        return nothing();
    }
    return leave(impl_, {.reason = "removed by the user", .cause = 0, .check_out = check_out});
}

net::task<std::expected<void, enroll_failure>> mac::renew(renewal how) {
    return fetch_and_renew(impl_, how, 0);
}
net::task<std::expected<void, enroll_failure>> mac::restore() {
    return sim::mac::restore(impl_, 0);
}
net::task<void> mac::rotate_tokens() {
    return sim::mac::rotate_tokens(impl_, 0);
}
bool mac::upgrade(std::string_view version, std::string build) {
    auto os = find_os(version, std::move(build));
    if (os) {
        install_os(impl_, *std::move(os), 0);
    }
    return os.has_value();
}

std::unique_ptr<mac> mac::clone(actor as) const {
    std::vector<account> users;
    for (const auto& u : impl_->users) {
        users.push_back(*u->user);
    }
    auto copy =
        std::make_shared<impl>(*impl_->env, std::move(as), impl_->hw, impl_->key, std::move(users));
    become_clone(copy, *impl_);
    return std::unique_ptr<mac>{new mac{std::move(copy)}};
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
    auto mode = c.power;
    if (c.lid_closed && runs(mode)) {
        mode = power_mode::asleep;
    } else if (before.lid_closed && !c.lid_closed && mode == power_mode::asleep) {
        mode = power_mode::awake;
    }
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
    const auto mode = impl_->box.power.mode;
    if (c == nullptr || impl_->setup.running ||
        !(runs(mode) || mode == power_mode::unlock_screen)) {
        return false;
    }
    if (mode == power_mode::unlock_screen) { // the password unlocks the disk, too
        set_power(impl_, power_mode::awake, 0);
    }
    sim::mac::log_in(*c);
    return true;
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
