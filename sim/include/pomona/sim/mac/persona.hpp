// What a Mac is before it does anything: model, OS, names, identifiers.
#pragma once

#include "pomona/foundation/error.hpp"
#include "pomona/foundation/ids.hpp"
#include "pomona/foundation/source.hpp"
#include "pomona/protocol/plist/value.hpp"
#include "pomona/sim/mac/manner.hpp"

#include <expected>
#include <filesystem>
#include <memory>
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

enum class platform { macos, ios, ipados, tvos };
enum class form { laptop, desktop, virtual_machine, phone, tablet, tv };
/// When a bootstrap token is escrowed at enrollment (both occur: MDM-CHK-085).
enum class bootstrap_escrow { never, before_token_update, after_token_update };
/// Observed (F20): a UUID (Macs), 40 hex digits (older iPhones and iPads), chip and ECID.
enum class udid_shape { uuid, hex_40, chip_ecid };
/// Signed attributes of the CMS that a device signs with its identity. Observed (F22, and
/// cmdmnt/commandment#18): Macs sign without, iOS and tvOS with a signing time.
enum class cms_attributes { none, signing_time };
/// Certificates in the CMS of machine info. Observed (F23).
enum class cms_chain { one_intermediate, whole };
// The words of persona files: "macos", "virtual-machine", "after-token-update", …
std::string_view to_text(platform p);
std::string_view to_text(form f);
std::string_view to_text(bootstrap_escrow e);
std::string_view to_text(udid_shape s);
std::string_view to_text(cms_attributes a);
std::string_view to_text(cms_chain c);

/// A named deviation, and where it was seen: "fleetdm/fleet#24961".
struct quirk {
    std::string name, source;
    bool operator==(const quirk&) const = default;
};
/// What only people read, once a persona.
struct persona_notes {
    std::string about; ///< a sentence
    std::vector<quirk> quirks;
};

/// A kind of device: what scenarios name, from a file of scenarios/personas or of the user's own
/// (docs/personas.md). Kinds other than Macs are wire personas: they enroll and idle like such a
/// device, and know few commands.
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
    std::string model_number;  ///< "MLY33LL/A"; empty: not known
    std::string board;         ///< "J413AP": what software updates are chosen by
    std::string chip;          ///< "8112": first part of the provisioning UDID; empty on Intel
    http_offer http = http_offer::negotiate;
    mac::platform platform = mac::platform::macos;
    mac::form form = mac::form::laptop;
    bool t2 = false;
    bool touch_id = false;
    bool power_nap = true; ///< looks after mail, and MDM, while asleep
    bootstrap_escrow bootstrap = bootstrap_escrow::after_token_update;
    std::string ade_agent; ///< User-Agent when it fetches its profile from Automated Enrollment
    udid_shape udid = udid_shape::uuid;
    cms_attributes signs_with = cms_attributes::none;
    cms_chain machine_info_chain = cms_chain::one_intermediate;
    /// UserID of every user instead of one of their own. Observed (F18): Shared iPad.
    std::string constant_user_id;
    std::shared_ptr<const persona_notes> notes; ///< never null for one that was read

    [[nodiscard]] bool is_mac() const { return platform == mac::platform::macos; }
    [[nodiscard]] bool is_virtual_machine() const { return form == mac::form::virtual_machine; }
    [[nodiscard]] bool has_quirk(std::string_view quirk_name) const;
};
/// Of those that the binary holds (scenarios/personas); null when there is none of that name.
const persona* find_persona(std::string_view name);
std::vector<std::string> persona_names();

/// A persona file's text. `file` names it in problems; all are reported, in file order.
std::expected<persona, std::vector<problem>> read_persona(const std::string& file,
                                                          std::string_view text);
/// The same of a file.
struct persona_failure {
    std::vector<problem> problems; ///< at least one
    std::string text;              ///< the file's; empty when it could not be read
    [[nodiscard]] std::string render() const;
};
std::expected<persona, persona_failure> load_persona(const std::filesystem::path& file);
/// Names a file rather than one of `persona_names`: it has a slash, or ends in .yaml or .yml.
bool names_a_file(std::string_view persona);

// For persistence: the whole value but `notes` and the name's file.
plist::dict save(const persona& p);
result<persona> load_persona(const plist::dict& saved);

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
/// A machine with identifiers from the world's randomness: a UDID of the persona's shape (Macs: a
/// UUID), a serial number of ten characters, addresses.
hardware draw_hardware(net::world& world, const persona& kind, std::string computer_name);

} // namespace pomona::sim::mac
