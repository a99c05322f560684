#include "pomona/sim/mac/mac.hpp"

#include "mac/core.hpp"
#include "mac/enrollment.hpp"

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

mac::mac(environment& env, actor who, hardware hw, crypto::private_key key)
    : impl_{std::make_shared<impl>(env, std::move(who), std::move(hw), std::move(key))} {}

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
    if (!c.online && impl_->client) {
        impl_->client->close(); // the network has gone, and its connections with it
    }
    if (before.online != c.online && impl_->current && !impl_->current->token.empty()) {
        impl_->world().spawn("push of " + impl_->who.value(),
                             impl_->env->push.set_listening(impl_->current->token, c.online));
    }
    if (impl_->poll_due && !c.power_nap) {
        impl_->poll_due = false;
        wake(impl_, event);
    } else if (impl_->wake_cause) {
        wake(impl_, *impl_->wake_cause);
    }
}

} // namespace pomona::sim::mac
