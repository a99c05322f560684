#include "mac/ddm_catalogue.hpp"

#include "mac/device_state.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace pomona::sim::mac {
namespace {

using nlohmann::json;
using names = std::string_view;

constexpr std::array<names, 2> activation_keys{"StandardConfigurations", "Predicate"};
constexpr std::array<names, 1> subscription_keys{"StatusItems"};
constexpr std::array<names, 3> test_keys{"Echo", "EchoDataAssetReference", "ReturnStatus"};
constexpr std::array<names, 4> organization_keys{"Name", "Email", "URL", "Proof"};
constexpr std::array<names, 2> server_keys{"Version", "SupportedFeatures"};
constexpr std::array<names, 2> user_identity_keys{"FullName", "EmailAddress"};

/// Only what this Mac acts on. Types that need a document from elsewhere (legacy profiles,
/// certificates, identities, configuration files, background tasks) are left out.
constexpr std::array<declaration_type, 15> types{{
    {"com.apple.activation.simple", 1300, activation_keys},
    {"com.apple.asset.credential.userpassword", 1300, {}},
    {"com.apple.asset.data", 1400, {}},
    {"com.apple.asset.useridentity", 1300, user_identity_keys},
    {"com.apple.configuration.diskmanagement.settings", 1500, {}},
    {"com.apple.configuration.management.status-subscriptions", 1300, subscription_keys},
    {"com.apple.configuration.management.test", 1300, test_keys},
    {"com.apple.configuration.passcode.settings", 1300, {}},
    {"com.apple.configuration.screensharing.connection", 1400, {}},
    {"com.apple.configuration.screensharing.connection.group", 1400, {}},
    {"com.apple.configuration.screensharing.host.settings", 1400, {}},
    {"com.apple.configuration.softwareupdate.settings", 1500, {}},
    {"com.apple.management.organization-info", 1300, organization_keys},
    {"com.apple.management.properties", 1300, {}},
    {"com.apple.management.server-capabilities", 1300, server_keys},
}};

struct status_item {
    names name;
    int since = 0;
    json (*value)(const hardware&);
};

/// Schema declarative/status. The test items have fixed values; a Mac without updates pending has
/// empty ones.
constexpr std::array<status_item, 22> items{{
    {"device.identifier.serial-number", 1300,
     [](const hardware& h) { return json(h.serial.value()); }},
    {"device.identifier.udid", 1300, [](const hardware& h) { return json(h.device.value()); }},
    {"device.model.family", 1300, [](const hardware&) { return json("Mac"); }},
    {"device.model.identifier", 1300, [](const hardware& h) { return json(h.kind.model); }},
    {"device.model.marketing-name", 1300,
     [](const hardware& h) { return json(h.kind.marketing_name); }},
    {"device.model.number", 1400, [](const hardware& h) { return json(h.kind.model_number); }},
    {"device.operating-system.build-version", 1300,
     [](const hardware& h) { return json(h.kind.build_version); }},
    {"device.operating-system.family", 1300, [](const hardware&) { return json("macOS"); }},
    {"device.operating-system.marketing-name", 1300,
     [](const hardware& h) { return json("macOS " + h.kind.os_version); }},
    {"device.operating-system.supplemental.build-version", 1300,
     [](const hardware& h) { return json(h.kind.build_version); }},
    {"device.operating-system.version", 1300,
     [](const hardware& h) { return json(h.kind.os_version); }},
    {"device.power.battery-health", 1404,
     [](const hardware& h) { return json(h.kind.has_battery ? "normal" : "unsupported"); }},
    {"diskmanagement.filevault.enabled", 1400, [](const hardware&) { return json(false); }},
    {"softwareupdate.device-id", 1500, [](const hardware& h) { return json(h.kind.board); }},
    {"softwareupdate.failure-reason", 1400,
     [](const hardware&) { return json{{"count", 0}, {"reason", ""}, {"timestamp", ""}}; }},
    {"softwareupdate.install-state", 1400, [](const hardware&) { return json("none"); }},
    {"softwareupdate.pending-version", 1400,
     [](const hardware&) { return json{{"os-version", ""}, {"build-version", ""}}; }},
    {"test.array-value", 1300,
     [](const hardware&) {
         return json::array({{{"key1", "value1"}, {"key2", "value2"}}, {{"key1", "value3"}}});
     }},
    {"test.boolean-value", 1300, [](const hardware&) { return json(true); }},
    {"test.dictionary-value", 1300,
     [](const hardware&) { return json{{"key1", "value1"}, {"key2", "value2"}}; }},
    {"test.integer-value", 1300, [](const hardware&) { return json(42); }},
    {"test.string-value", 1300, [](const hardware&) { return json("test"); }},
}};

} // namespace

const declaration_type* find_declaration_type(std::string_view name, const persona& kind) {
    const auto* found = std::ranges::find(types, name, &declaration_type::name);
    return found == types.end() || found->since > os_release(kind) ? nullptr : found;
}

json client_capabilities(const persona& kind) {
    json declarations{{"activations", json::array()},
                      {"assets", json::array()},
                      {"configurations", json::array()},
                      {"management", json::array()}};
    const int release = os_release(kind);
    for (const auto& t : types) {
        if (t.since > release) {
            continue;
        }
        const auto of = ddm::kind_of(t.name);
        const auto* list = of == ddm::kind::activation      ? "activations"
                           : of == ddm::kind::asset         ? "assets"
                           : of == ddm::kind::configuration ? "configurations"
                                                            : "management";
        declarations[list].push_back(t.name);
    }
    json status{"management.client-capabilities", "management.declarations"};
    for (const auto& i : items) {
        if (i.since <= release) {
            status.push_back(i.name);
        }
    }
    return {{"supported-versions", json::array({"1.0.0"})},
            {"supported-features", json::object()},
            {"supported-payloads",
             {{"declarations", std::move(declarations)}, {"status-items", std::move(status)}}}};
}

std::optional<json> status_value(std::string_view item, const hardware& machine) {
    const auto* found = std::ranges::find(items, item, &status_item::name);
    if (found == items.end() || found->since > os_release(machine.kind)) {
        return std::nullopt;
    }
    return found->value(machine);
}

} // namespace pomona::sim::mac
