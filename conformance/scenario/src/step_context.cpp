#include "step_context.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/mdm/checkin.hpp"

#include <algorithm>

namespace pomona::scenario {
namespace {

constexpr std::size_t max_failures = 50;

} // namespace

step_context::step_context(session s) : env{s}, log{s.recorder}, places(s.fleet.size()) {}

std::vector<std::size_t> step_context::selected(const step& s) const {
    if (!s.macs.empty()) {
        return env.fleet.members(s.macs);
    }
    std::vector<std::size_t> all(env.fleet.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i] = i;
    }
    return all;
}

std::map<std::string, std::string> step_context::serials() const {
    std::map<std::string, std::string> out;
    for (std::size_t i = 0; i < env.fleet.size(); ++i) {
        out[name_of(i)] = env.fleet.at(i).machine().serial.value();
    }
    return out;
}

const std::string& step_context::name_of(std::size_t mac) const {
    return env.fleet.at(mac).who().value();
}

std::string step_context::user_id(std::size_t mac, const std::string& user) const {
    const auto standing = env.fleet.at(mac).user(user);
    return standing ? std::string{mdm::user_key(standing->who.id, standing->who.short_name)}
                    : std::string{};
}

enrollment_id step_context::id_of(std::size_t mac, const std::string& user) const {
    const auto device = env.fleet.at(mac).id().value();
    return enrollment_id{user.empty() ? device : device + ':' + user_id(mac, user)};
}

std::uint64_t step_context::place::cursor_of(const std::optional<std::string>& channel) const {
    if (!channel) {
        return cursor;
    }
    const auto own = by_channel.find(*channel);
    return own == by_channel.end() ? base : own->second;
}

void step_context::place::move(const std::optional<std::string>& channel, std::uint64_t match) {
    cursor = match;
    if (channel) {
        by_channel[*channel] = match;
    } else {
        base = match;
        by_channel.clear();
    }
}

void step_context::add_failure(mac_failure f) {
    if (current->failures.size() < max_failures) {
        current->failures.push_back(std::move(f));
    }
}

void step_context::begin_action(const std::vector<std::size_t>& macs) {
    const auto last = env.recorder.events().size();
    for (const auto mac : macs) {
        places[mac].since = last;
        places[mac].move(std::nullopt, last);
    }
}

void step_context::settle_all(const result<void>& outcome, std::size_t count) {
    if (outcome) {
        held(count);
    } else {
        current->reason = outcome.error().message();
    }
}

checks::trace_view step_context::view() const {
    std::vector<const trace::event*> events;
    for (const auto& e : env.recorder.events()) {
        events.push_back(&e);
    }
    return {std::move(events),
            [this](const trace::body_ref& ref) { return env.recorder.body(ref); }};
}

std::optional<std::string> step_context::variable(std::size_t mac, const std::string& name) const {
    const auto& hw = env.fleet.at(mac).machine();
    if (name == "mac.udid") {
        return hw.device.value();
    }
    if (name == "mac.serial") {
        return hw.serial.value();
    }
    if (name == "mac.name") {
        return hw.computer_name;
    }
    // As on the wire, where data is base64.
    if (name == "mac.token") {
        return to_base64(env.fleet.at(mac).token().value());
    }
    if (constexpr std::string_view users = "mac.users."; name.starts_with(users)) {
        const auto dot = std::min(name.find('.', users.size()), name.size());
        const auto who = env.fleet.at(mac).user(name.substr(users.size(), dot - users.size()));
        const auto what = name.substr(std::min(dot + 1, name.size()));
        return !who              ? std::nullopt
               : what == "id"    ? std::optional{who->who.id}
               : what == "name"  ? std::optional{who->who.long_name}
               : what == "token" ? std::optional{to_base64(who->token.value())}
               : what == "magic" ? std::optional{who->magic.value()}
                                 : std::nullopt;
    }
    const auto found = places[mac].captures.find(name);
    return found == places[mac].captures.end() ? std::nullopt : std::optional{found->second};
}

resolver step_context::resolver_for(std::size_t mac) const {
    return [this, mac](const std::string& text) -> std::optional<std::string> {
        std::string out;
        std::size_t at = 0;
        while (true) {
            const auto begin = text.find("${", at);
            out.append(text, at, begin == std::string::npos ? begin : begin - at);
            if (begin == std::string::npos) {
                return out;
            }
            const auto end = text.find('}', begin);
            const auto value = variable(mac, text.substr(begin + 2, end - begin - 2));
            if (!value) {
                return std::nullopt;
            }
            out += *value;
            at = end + 1;
        }
    };
}

} // namespace pomona::scenario
