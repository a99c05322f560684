#include "mac/ddm/status_values.hpp"

#include "mac/core.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace pomona::sim::mac {
namespace {

using nlohmann::json;

struct status_item {
    std::string_view name;
    json (*value)(const core&);
};

const installed_os& installed(const core& c) {
    return c.box.updates.installed();
}

/// "macOS Sequoia 15.1".
std::string marketing_name_of(const installed_os& os) {
    const auto name = marketing_name(major_of(os.version));
    return "macOS " + (name.empty() ? os.version : std::string{name} + ' ' + os.version);
}

/// A Mac without an update pending has empty values.
json pending_version(const core& c) {
    const auto p = c.box.updates.pending();
    return {{"os-version", p ? p->version : ""}, {"build-version", p ? p->build : ""}};
}

json install_reason(const core& c) {
    json out{{"reason", c.box.updates.reasons()}};
    if (const auto& by = c.box.updates.declaration(); !by.empty()) {
        out["declaration-id"] = by;
    }
    return out;
}

json failure_reason(const core& c) {
    const auto& f = c.box.updates.failure();
    return {{"count", f.count},
            {"reason", f.reason},
            {"timestamp", f.count == 0 ? "" : to_rfc3339(f.at)}};
}

/// Schema declarative/status. The test items have fixed values.
constexpr std::array<status_item, 26> items{{
    {"device.identifier.serial-number", [](const core& c) { return json(c.hw.serial.value()); }},
    {"device.identifier.udid", [](const core& c) { return json(c.hw.device.value()); }},
    {"device.model.family", [](const core&) { return json("Mac"); }},
    {"device.model.identifier", [](const core& c) { return json(c.hw.kind.model); }},
    {"device.model.marketing-name", [](const core& c) { return json(c.hw.kind.marketing_name); }},
    {"device.model.number", [](const core& c) { return json(c.hw.kind.model_number); }},
    {"device.operating-system.build-version",
     [](const core& c) { return json(installed(c).build); }},
    {"device.operating-system.family", [](const core&) { return json("macOS"); }},
    {"device.operating-system.marketing-name",
     [](const core& c) { return json(marketing_name_of(installed(c))); }},
    {"device.operating-system.supplemental.build-version",
     [](const core& c) { return json(installed(c).build); }},
    {"device.operating-system.supplemental.extra-version", [](const core&) { return json(""); }},
    {"device.operating-system.version", [](const core& c) { return json(installed(c).version); }},
    {"device.power.battery-health",
     [](const core& c) { return json(c.hw.kind.has_battery ? "normal" : "unsupported"); }},
    {"diskmanagement.filevault.enabled",
     [](const core& c) { return json(c.box.power.file_vault); }},
    {"softwareupdate.device-id", [](const core& c) { return json(c.hw.kind.board); }},
    {"softwareupdate.beta-enrollment", [](const core&) { return json(""); }},
    {"softwareupdate.failure-reason", failure_reason},
    {"softwareupdate.install-reason", install_reason},
    {"softwareupdate.install-state",
     [](const core& c) { return json(to_text(c.box.updates.state())); }},
    {"softwareupdate.pending-version", pending_version},
    {"test.array-value",
     [](const core&) {
         return json::array({{{"key1", "value1"}, {"key2", "value2"}}, {{"key1", "value3"}}});
     }},
    {"test.boolean-value", [](const core&) { return json(true); }},
    {"test.dictionary-value",
     [](const core&) { return json{{"key1", "value1"}, {"key2", "value2"}}; }},
    {"test.integer-value", [](const core&) { return json(42); }},
    {"test.real-value", [](const core&) { return json(1.5); }},
    {"test.string-value", [](const core&) { return json("test"); }},
}};

} // namespace

std::optional<json> machine_status(std::string_view item, const core& mac) {
    const auto* found = std::ranges::find(items, item, &status_item::name);
    return found == items.end() ? std::nullopt : std::optional{found->value(mac)};
}

} // namespace pomona::sim::mac
