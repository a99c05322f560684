// AvailableOSUpdates, ScheduleOSUpdateScan, ScheduleOSUpdate, OSUpdateStatus (schema
// mdm/commands/system.update.*.yaml).
#include "mac/commands/handler.hpp"
#include "mac/machine/machine.hpp"
#include "pomona/protocol/schema/tables.hpp"

#include <array>

namespace pomona::sim::mac {
namespace {

using mdm::command;
using mdm::command_status;

constexpr schema::version security_response_since{13, 1}; ///< the schema, IsSecurityResponse

plist::dict describe(const macos_release& r, const device_state& state) {
    const auto major = major_of(r.version);
    const auto key = os_updates::product_key_of(r, state.box.updates.major());
    std::string name = "macOS ";
    name.append(marketing_name(major)).append(" ").append(r.version);
    plist::dict d{{"ProductKey", key},
                  {"HumanReadableName", std::move(name)},
                  {"HumanReadableNameLocale", "en"},
                  // The schema requires it, its text says that such updates have none.
                  {"MetadataURL", "https://swscan.apple.com/content/" + key + ".smd"},
                  {"Version", r.version},
                  {"Build", r.build},
                  {"DownloadSize", r.download_bytes},
                  {"AppIdentifiersToClose", plist::array{}},
                  {"IsCritical", false},
                  {"IsConfigDataUpdate", false},
                  {"IsFirmwareUpdate", false},
                  {"IsMajorOSUpdate", major != state.box.updates.major()},
                  {"RestartRequired", true},
                  {"AllowsInstallLater", true},
                  {"RequiresBootstrapToken", state.machine.kind.apple_silicon}};
    if (schema::version::parse(state.box.updates.installed().version) >= security_response_since) {
        d.set("IsSecurityResponse", false);
    }
    return d;
}

outcome available(const command& c, const device_state& state) {
    if (state.box.updates.fault() == update_fault::scan) {
        return refused(c, state,
                       mac_error(mdm_error_domain, code::update_scan_failed,
                                 "The scan for software updates failed."));
    }
    const auto offered = state.box.updates.available();
    if (offered.empty() && state.box.updates.none_is_error()) {
        // Observed (F30): on devices of the iOS family.
        auto out = refused(c, state,
                           mac_error(device_management_error_domain, code::no_update_found,
                                     "No update available."));
        out.answer.errors.push_back(mac_error("com.apple.softwareupdateservices.errors",
                                              code::software_update_services_none,
                                              "No update was found."));
        return out;
    }
    plist::array list;
    for (const auto* r : offered) {
        list.emplace_back(describe(*r, state));
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("AvailableOSUpdates", std::move(list));
    return out;
}

outcome scan(const command& c, const device_state& state) {
    const auto* force = c.body.boolean("Force");
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("ScanInitiated",
                          state.box.updates.scan(force != nullptr && *force, state.now));
    return out;
}

/// Nullopt: the entry is not as the schema has it.
std::optional<update_request> read_request(const plist::value& v) {
    const auto* d = v.get<plist::dict>();
    const auto* action = d == nullptr ? nullptr : d->string("InstallAction");
    const auto known = action == nullptr ? std::nullopt : find_install_action(*action);
    if (!known) {
        return std::nullopt;
    }
    update_request out{.action = *known};
    if (const auto* key = d->string("ProductKey")) {
        out.product_key = *key;
    }
    if (const auto* version = d->string("ProductVersion")) {
        out.product_version = *version;
    }
    if (out.product_key.empty() && out.product_version.empty()) {
        return std::nullopt;
    }
    if (const auto* most = d->integer("MaxUserDeferrals")) {
        out.max_deferrals = *most;
    }
    const auto* priority = d->string("Priority");
    out.high_priority = priority != nullptr && *priority == "High";
    return out;
}

plist::dict describe(const update_answer& a) {
    plist::dict d{{"ProductKey", a.product_key}, {"InstallAction", a.action}, {"Status", a.status}};
    if (a.error != 0) {
        d.set("ErrorChain", plist::array{plist::dict{{"ErrorCode", a.error},
                                                     {"ErrorDomain", mdm_error_domain},
                                                     {"LocalizedDescription", a.problem},
                                                     {"USEnglishDescription", a.problem}}});
    }
    return d;
}

outcome schedule(const command& c, const device_state& state) {
    const auto* updates = c.body.list("Updates");
    if (updates == nullptr) {
        return malformed(c, state, "ScheduleOSUpdate without an array Updates.");
    }
    std::vector<update_request> wanted;
    for (const auto& v : *updates) {
        auto one = read_request(v);
        if (!one) {
            return malformed(c, state,
                             "An entry of Updates has no known InstallAction, or neither "
                             "ProductKey nor ProductVersion.");
        }
        wanted.push_back(*std::move(one));
    }
    plist::array results;
    for (const auto& one : wanted) {
        results.emplace_back(describe(state.box.updates.schedule(one, state.now)));
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("UpdateResults", std::move(results));
    return out;
}

plist::dict describe(const update_progress& p) {
    plist::dict d{{"ProductKey", p.product_key},
                  {"IsDownloaded", p.downloaded},
                  {"DownloadPercentComplete", p.complete},
                  {"Status", p.status}};
    if (p.max_deferrals) {
        d.set("MaxDeferrals", *p.max_deferrals);
        d.set("DeferralsRemaining", *p.deferrals_left);
    }
    if (p.next_install) {
        d.set("NextScheduledInstall", *p.next_install);
    }
    if (!p.notified.empty()) {
        plist::array times;
        for (const auto t : p.notified) {
            times.emplace_back(t);
        }
        d.set("PastNotifications", std::move(times));
    }
    return d;
}

outcome status(const command& c, const device_state& state) {
    plist::array list;
    for (const auto& p : state.box.updates.progress(state.now)) {
        list.emplace_back(describe(p));
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("OSUpdateStatus", std::move(list));
    return out;
}

constexpr std::array<handler, 4> handlers{{
    {"AvailableOSUpdates", available},
    {"OSUpdateStatus", status},
    {"ScheduleOSUpdate", schedule},
    {"ScheduleOSUpdateScan", scan},
}};

} // namespace

std::span<const handler> software_update_commands() {
    return handlers;
}

} // namespace pomona::sim::mac
