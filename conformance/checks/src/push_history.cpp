#include "push_history.hpp"

#include "pomona/foundation/encoding.hpp"

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

/// What a server may use at the time of the push.
void find_current(judged_push& p) {
    const auto& push = *p.push->request;
    const auto is_settled = [&](const announcement* a) {
        const auto& x = *a->token_update;
        return is_accepted(x) && x.answer->number < push.number &&
               x.answer->time + grace <= push.time;
    };
    const auto newest = std::ranges::find_if(p.before.rbegin(), p.before.rend(), is_settled);
    p.is_settled = newest != p.before.rend();
    p.current.assign(p.is_settled ? newest.base() - 1 : p.before.begin(), p.before.end());
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
        judged_push p{&x, found->second, run.mac_of_token(token), {}, {}, false};
        for (const auto& a : announced_[p.channel]) {
            if (a.token_update->request->number < x.request->number) {
                p.before.push_back(&a);
            }
        }
        if (!p.before.empty()) {
            find_current(p);
            known_.push_back(std::move(p));
        }
    }
}

std::string push_history::mangled_from(std::string_view token) const {
    constexpr std::size_t telling = 16; // so many equal digits are no chance
    for (const auto& [announced, channel] : owner_) {
        const auto octets = from_hex(announced).value_or(bytes{});
        const auto base64 = to_base64(octets);
        const bool cut = token.size() >= telling && announced.find(token) != announced.npos;
        const bool longer = announced.size() >= telling && token.find(announced) != token.npos;
        if (cut || longer || token == base64 || token == percent_encode(base64) ||
            token == to_hex(as_bytes(base64)) || token == to_hex(as_bytes(announced))) {
            return announced;
        }
    }
    return {};
}

} // namespace pomona::checks
