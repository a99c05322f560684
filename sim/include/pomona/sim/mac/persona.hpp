// What a Mac is before it does anything: model, OS, names, identifiers.
#pragma once

#include "pomona/foundation/ids.hpp"
#include "pomona/sim/mac/manner.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::net {
class world;
}

namespace pomona::sim::mac {

/// Which versions of HTTP a Mac offers to its server by ALPN.
/// Derived (Apple, "URLSession"): HTTP/2 where the server's TLS picks it by ALPN, else HTTP/1.1; so
/// a Mac offers both and prefers h2. The single ones are for tests of a server.
enum class http_offer { negotiate, h2, http_1_1 };
/// "negotiate", "h2", "http/1.1".
std::string_view to_text(http_offer o);
std::optional<http_offer> find_http_offer(std::string_view text);
std::vector<std::string> http_offer_names();
/// As ALPN carries it, in order of preference.
std::vector<std::string> alpn_of(http_offer o);

/// A kind of Mac.
struct persona {
    std::string name;       ///< as scenarios name it: "macos-15-apple-silicon"
    std::string model;      ///< "Mac14,2"
    std::string model_name; ///< "MacBook Air"
    std::string marketing_name;
    std::string os_version;    ///< "15.1"
    std::string build_version; ///< "24B83"
    bool apple_silicon = true;
    bool has_battery = true;
    std::string user_agent;
    std::string network_agent; ///< "CFNetwork/… Darwin/…": how its SCEP client goes on
    std::string model_number;  ///< "MLY33LL/A"
    std::string board;         ///< "J413AP": what software updates are chosen by
    std::string chip;          ///< "8112": first part of the provisioning UDID; empty on Intel
    http_offer http = http_offer::negotiate;
};
/// Null when there is none of that name.
const persona* find_persona(std::string_view name);
std::vector<std::string> persona_names();

/// One machine of a persona.
struct hardware {
    persona kind;
    udid device;
    serial_number serial;
    std::string computer_name; ///< "mac-0007": also its host name
    std::string wifi_mac, bluetooth_mac;
    std::string ethernet_mac; ///< empty: no socket
    manner wire = {};         ///< how it behaves on the wire
};
/// A machine with identifiers from the world's randomness: an upper-case UUID, a serial number of
/// ten characters, addresses.
hardware draw_hardware(net::world& world, const persona& kind, std::string computer_name);

} // namespace pomona::sim::mac
