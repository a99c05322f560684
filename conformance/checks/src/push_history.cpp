#include "push_history.hpp"

#include <algorithm>

namespace pomona::checks {

bool judged_push::token_is_current() const {
    return std::ranges::find(current, push->request->summary.text("Token"),
                             [](const announcement* a) { return a->token; }) != current.end();
}

bool judged_push::pair_is_current() const {
    const auto& s = push->request->summary;
    return std::ranges::any_of(current, [&](const announcement* a) {
        return a->token == s.text("Token") && a->magic == s.text("PushMagic");
    });
}

bool is_push(const exchange& x) {
    return x.request->method == "POST" && x.request->target.starts_with("/3/device/");
}

namespace {

/// What a server may use at the time of `push`.
std::vector<const announcement*> still_current(const std::vector<const announcement*>& before,
                                               const trace::event& push) {
    const auto is_settled = [&](const announcement* a) {
        const auto& x = *a->token_update;
        return is_accepted(x) && x.answer->number < push.number &&
               x.answer->time + grace <= push.time;
    };
    const auto newest = std::ranges::find_if(before.rbegin(), before.rend(), is_settled);
    if (newest == before.rend()) {
        return {};
    }
    return {newest.base() - 1, before.end()};
}

} // namespace

push_history::push_history(const trace_view& run) {
    for (const auto& x : run.of_channel("checkin")) {
        const auto& s = x.request->summary;
        if (message_type(x) == "TokenUpdate" && !s.text("Token").empty()) {
            const auto channel = channel_of(*x.request);
            announced_[channel].push_back(
                {&x, s.text("Token"), s.text("PushMagic"), s.text("Topic")});
            owner_[std::string{s.text("Token")}] = channel;
        }
    }
    for (const auto& x : run.pushes()) {
        if (!is_push(x)) {
            continue;
        }
        const auto token = x.request->summary.text("Token");
        const auto found = owner_.find(token);
        if (found == owner_.end()) {
            unknown_.push_back(&x);
            continue;
        }
        judged_push p{&x, found->second, run.mac_of_token(token), {}, {}};
        for (const auto& a : announced_[p.channel]) {
            if (a.token_update->request->number < x.request->number) {
                p.before.push_back(&a);
            }
        }
        if (!p.before.empty()) {
            p.current = still_current(p.before, *x.request);
            known_.push_back(std::move(p));
        }
    }
}

std::string_view push_history::owner(std::string_view token) const {
    const auto found = owner_.find(token);
    return found == owner_.end() ? std::string_view{} : std::string_view{found->second};
}

} // namespace pomona::checks
