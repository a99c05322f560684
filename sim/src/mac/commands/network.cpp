// Lights-out management, AirPlay mirroring and content caching (schema mdm/commands/lom.*.yaml,
// mirroring.*.yaml, information.contentcaching.yaml).
#include "mac/capabilities.hpp"
#include "mac/commands/handler.hpp"
#include "mac/machine/machine.hpp"
#include "pomona/foundation/encoding.hpp"

#include <algorithm>
#include <array>

namespace pomona::sim::mac {
namespace {

using mdm::command;
using mdm::command_status;

constexpr std::int64_t lom_protocol_version = 1;

/// Derived: a link-local address as RFC 4291, appendix A, makes it from a MAC address; empty when
/// there is none.
std::string link_local(std::string_view mac_address) {
    bytes octets;
    while (!mac_address.empty()) {
        const auto one = from_hex(mac_address.substr(0, 2));
        if (!one) {
            return {};
        }
        octets.push_back(one->front());
        mac_address.remove_prefix(std::min<std::size_t>(3, mac_address.size()));
    }
    if (octets.size() != 6) {
        return {};
    }
    octets[0] ^= 2;
    octets.insert(octets.begin() + 3, {0xFF, 0xFE});
    std::string out = "fe80:";
    for (std::size_t i = 0; i < octets.size(); i += 2) {
        out += ':' + to_hex(bytes_view{octets}.subspan(i, 2));
    }
    return out;
}

outcome no_lom(const command& c, const device_state& state) {
    return refused(c, state,
                   mac_error(mdm_error_domain, code::unknown_request_type,
                             "This Mac has no lights-out management."));
}

outcome lom_setup(const command& c, const device_state& state) {
    if (!supports_lom(state.machine.kind)) {
        return no_lom(c, state);
    }
    auto out = answered(c, state, command_status::acknowledged);
    auto& r = out.answer.result;
    r.set("PrimaryIPv6AddressList", plist::array{link_local(state.machine.ethernet_mac)});
    r.set("SecondaryIPv6AddressList", plist::array{});
    r.set("LOMProtocolVersion", lom_protocol_version);
    return out;
}

/// Nullopt: not as the schema has it.
std::optional<plist::dict> lom_answer(const plist::value& v) {
    const auto* d = v.get<plist::dict>();
    const auto* type = d == nullptr ? nullptr : d->string("DeviceRequestType");
    const auto* uuid = d == nullptr ? nullptr : d->string("DeviceRequestUUID");
    if (type == nullptr || uuid == nullptr || d->string("DeviceDNSName") == nullptr ||
        d->list("PrimaryIPv6AddressList") == nullptr ||
        d->list("SecondaryIPv6AddressList") == nullptr ||
        d->integer("LOMProtocolVersion") == nullptr ||
        (*type != "PowerON" && *type != "PowerOFF" && *type != "Reset")) {
        return std::nullopt;
    }
    // Choice: in a virtual network there is no other Mac's management controller to reach.
    return plist::dict{{"DeviceRequestSuccess", false},
                       {"DeviceRequestUUID", *uuid},
                       {"DeviceRequestReturnError", "The device does not answer."}};
}

outcome lom_request(const command& c, const device_state& state) {
    const auto* list = c.body.list("RequestList");
    if (list == nullptr) {
        return malformed(c, state, "LOMDeviceRequest without RequestList.");
    }
    plist::array answers;
    for (const auto& v : *list) {
        auto one = lom_answer(v);
        if (!one) {
            return malformed(c, state, "An entry of RequestList is incomplete.");
        }
        answers.emplace_back(*std::move(one));
    }
    if (!supports_lom(state.machine.kind)) {
        return no_lom(c, state);
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("ResponseList", std::move(answers));
    return out;
}

outcome request_mirroring(const command& c, const device_state& state) {
    if (c.body.string("DestinationName") == nullptr &&
        c.body.string("DestinationDeviceID") == nullptr) {
        return malformed(c, state,
                         "RequestMirroring with neither DestinationName nor DestinationDeviceID.");
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("MirroringResult", "DestinationNotFound"); // Choice: no Apple TV near it
    return out;
}

outcome stop_mirroring(const command& c, const device_state& state) {
    return answered(c, state, command_status::acknowledged);
}

/// Content caching is on when a profile switches it on (com.apple.AssetCache.managed).
outcome content_caching(const command& c, const device_state& state) {
    bool on = false;
    std::int64_t limit = 0;
    for (const auto& p : state.profiles.all()) {
        for (const auto* payload : p.content->of_type("com.apple.AssetCache.managed")) {
            const auto* automatic = payload->content.boolean("AutoActivation");
            on = on || (automatic != nullptr && *automatic);
            if (const auto* most = payload->content.integer("CacheLimit")) {
                limit = *most;
            }
        }
    }
    plist::dict d{{"Activated", on},
                  {"Active", on},
                  {"ActualCacheUsed", 0},
                  {"CacheFree", limit},
                  {"CacheLimit", limit},
                  {"CacheStatus", "OK"},
                  {"CacheUsed", 0},
                  {"DataMigrationCompleted", false},
                  {"PersonalCacheFree", limit},
                  {"PersonalCacheLimit", limit},
                  {"PersonalCacheUsed", 0},
                  {"Port", 0},
                  {"RegistrationStatus", on ? 1 : 0},
                  {"RestrictedMedia", false},
                  {"StartupStatus", on ? "OK" : "PENDING"},
                  {"TetheratorStatus", 0},
                  {"TotalBytesDropped", 0},
                  {"TotalBytesImported", 0},
                  {"TotalBytesReturnedToChildren", 0},
                  {"TotalBytesReturnedToClients", 0},
                  {"TotalBytesReturnedToPeers", 0},
                  {"TotalBytesStoredFromOrigin", 0},
                  {"TotalBytesStoredFromParents", 0},
                  {"TotalBytesStoredFromPeers", 0}};
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("StatusResponse", std::move(d));
    return out;
}

constexpr std::array<handler, 5> handlers{{
    {"ContentCachingInformation", content_caching},
    {"LOMDeviceRequest", lom_request},
    {"LOMSetupRequest", lom_setup},
    {"RequestMirroring", request_mirroring},
    {"StopMirroring", stop_mirroring},
}};

} // namespace

std::span<const handler> network_commands() {
    return handlers;
}

} // namespace pomona::sim::mac
