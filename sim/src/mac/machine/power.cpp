#include "mac/machine/power.hpp"

#include "mac/machine/happening.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pomona::sim::mac {
namespace {

constexpr std::array modes{std::pair{power_mode::awake, std::string_view{"awake"}},
                           std::pair{power_mode::power_nap, std::string_view{"power_nap"}},
                           std::pair{power_mode::asleep, std::string_view{"asleep"}},
                           std::pair{power_mode::off, std::string_view{"off"}},
                           std::pair{power_mode::restarting, std::string_view{"restarting"}},
                           std::pair{power_mode::unlock_screen, std::string_view{"unlock_screen"}},
                           std::pair{power_mode::pin_lock, std::string_view{"pin_lock"}}};

} // namespace

std::string_view to_text(power_mode m) {
    const auto found = std::ranges::find(modes, m, [](const auto& p) { return p.first; });
    return found == modes.end() ? std::string_view{} : found->second;
}

std::optional<power_mode> find_power_mode(std::string_view text) {
    const auto found = std::ranges::find(modes, text, [](const auto& p) { return p.second; });
    return found == modes.end() ? std::nullopt : std::optional{found->first};
}

std::vector<std::string> settable_power_modes() {
    std::vector<std::string> out;
    for (const auto m :
         {power_mode::awake, power_mode::power_nap, power_mode::asleep, power_mode::off}) {
        out.emplace_back(to_text(m));
    }
    return out;
}

void power_state::restart(time_point then) {
    mode = power_mode::restarting;
    up_at = then;
}

power_mode power_state::after_start() const {
    return pin                            ? power_mode::pin_lock
           : file_vault && !authenticated ? power_mode::unlock_screen
                                          : power_mode::awake;
}

std::optional<time_point> power_state::next_change() const {
    return mode == power_mode::restarting ? up_at : std::nullopt;
}

void power_state::advance(time_point now, std::vector<happening>& out) {
    if (mode != power_mode::restarting || !up_at || *up_at > now) {
        return;
    }
    up_at.reset();
    mode = after_start();
    authenticated = false;
    out.push_back(
        {.name = "started", .about = {{"power", std::string{to_text(mode)}}}, .started = true});
}

plist::dict power_state::save() const {
    plist::dict out{{"Mode", std::string{to_text(mode)}},
                    {"LidClosed", lid_closed},
                    {"FileVault", file_vault},
                    {"Authenticated", authenticated}};
    if (up_at) {
        out.set("UpAt", *up_at);
    }
    if (pin) {
        out.set("PIN", *pin);
    }
    return out;
}

result<power_state> power_state::load(const plist::dict& saved) {
    power_state out;
    if (const auto* mode = saved.string("Mode")) {
        const auto known = find_power_mode(*mode);
        if (!known) {
            return fail(std::make_error_code(std::errc::invalid_argument),
                        "power: there is no mode " + *mode);
        }
        out.mode = *known;
    }
    if (const auto* closed = saved.boolean("LidClosed")) {
        out.lid_closed = *closed;
    }
    if (const auto* on = saved.boolean("FileVault")) {
        out.file_vault = *on;
    }
    if (const auto* on = saved.boolean("Authenticated")) {
        out.authenticated = *on;
    }
    const auto* at = saved.find("UpAt");
    if (const auto* date = at == nullptr ? nullptr : at->get<time_point>()) {
        out.up_at = *date;
    }
    if (const auto* pin = saved.string("PIN")) {
        out.pin = *pin;
    }
    return out;
}

} // namespace pomona::sim::mac
