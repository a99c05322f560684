#include "step_context.hpp"

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

const std::string& step_context::name_of(std::size_t mac) const {
    return env.fleet.at(mac).who().value();
}

enrollment_id step_context::id_of(std::size_t mac) const {
    return enrollment_id{env.fleet.at(mac).machine().device.value()};
}

void step_context::add_failure(mac_failure f) {
    if (current->failures.size() < max_failures) {
        current->failures.push_back(std::move(f));
    }
}

void step_context::begin_action(const std::vector<std::size_t>& macs) {
    const auto last = env.recorder.events().size();
    for (const auto mac : macs) {
        places[mac].cursor = places[mac].since = last;
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
