#include "mac/device_state.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/net/world.hpp"
#include "pomona/sim/mac/persona.hpp"

#include <algorithm>

namespace pomona::sim::mac {
namespace {

/// "A0:78:17:XX:XX:XX": an OUI assigned to Apple, the rest drawn.
std::string draw_address(net::world& w) {
    std::string out = "A0:78:17";
    for (const auto octet : w.random(3)) {
        out += ':' + to_hex_upper(bytes{octet});
    }
    return out;
}

/// Ten characters, as Apple assigns them at random since 2021: no vowels, and no letters that could
/// be taken for digits.
serial_number draw_serial(net::world& w) {
    constexpr std::string_view alphabet = "0123456789CDFGHJKLMNPQRTVWXY";
    constexpr std::size_t length = 10;
    std::string out;
    // A letter first, so that nothing takes it for a number.
    out += alphabet[10 + w.random_below(alphabet.size() - 10)];
    while (out.size() < length) {
        out += alphabet[w.random_below(alphabet.size())];
    }
    return serial_number{std::move(out)};
}

/// Observed (F20): the shapes.
udid draw_udid(net::world& w, const persona& kind) {
    constexpr std::size_t udid_bytes = 20;
    constexpr std::size_t ecid_bytes = 7; // the highest byte of an ECID is 0
    switch (kind.udid) {
    case udid_shape::hex_40:
        return udid{to_hex(w.random(udid_bytes))};
    case udid_shape::chip_ecid:
        return udid{"0000" + kind.chip + "-00" + to_hex_upper(w.random(ecid_bytes))};
    case udid_shape::uuid:
        break;
    }
    return udid{w.random_uuid()};
}

} // namespace

hardware draw_hardware(net::world& w, const persona& kind, std::string computer_name) {
    hardware out;
    out.kind = kind;
    out.device = draw_udid(w, kind);
    out.serial = draw_serial(w);
    out.computer_name = std::move(computer_name);
    out.wifi_mac = draw_address(w);
    out.bluetooth_mac = draw_address(w);
    if (!kind.has_battery) {
        // Choice: what has no battery has a socket, notebooks have none.
        out.ethernet_mac = draw_address(w);
    }
    return out;
}

mdm::sender sender_of(const hardware& machine, const account* user) {
    mdm::sender out;
    out.device = machine.device;
    if (user != nullptr) {
        out.user_id = user->id;
        out.user_short_name = user->short_name;
        out.user_long_name = user->long_name;
    }
    return out;
}

} // namespace pomona::sim::mac
