#include "pomona/sim/mac/mac.hpp"

#include "mac/core.hpp"
#include "mac/enrollment.hpp"
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
const condition& mac::current() const {
    return impl_->state;
}

net::task<std::expected<void, enroll_failure>> mac::enroll(std::string url) {
    return enroll_from(impl_, std::move(url));
}

net::task<std::expected<void, enroll_failure>> mac::install(bytes profile) {
    return enroll_with(impl_, std::move(profile), 0);
}

net::task<void> mac::remove_enrollment_profile() {
    return leave(impl_, {.reason = "removed by the user", .cause = 0, .check_out = true});
}

void mac::set(condition c) {
    const auto before = impl_->state;
    impl_->state = c;
    if (before.online == c.online && before.power_nap == c.power_nap) {
        return;
    }
    const auto event =
        impl_->record("condition", {{"online", c.online}, {"power_nap", c.power_nap}}, 0);
    impl_->changed.notify_all();
    for (auto* one : impl_->channels()) {
        if (!c.online) {
            one->disconnect(); // the network has gone, and its connections with it
        }
        if (before.online != c.online && !one->push.token.empty() &&
            (!one->user || one->logged_in)) {
            impl_->world().spawn("push of " + one->title(),
                                 impl_->env->push.set_listening(one->push.token, c.online));
        }
        look_again(*one, event);
    }
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
