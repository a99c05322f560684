// Installing, listing, configuring and removing applications (schema
// mdm/commands/application.*.yaml and managed.application.*.yaml).
#include "mac/commands/handler.hpp"
#include "mac/machine/app_manifest.hpp"
#include "mac/machine/machine.hpp"

#include <algorithm>
#include <array>

namespace pomona::sim::mac {
namespace {

using mdm::command;
using mdm::command_status;

bool flag_of(const plist::dict& d, std::string_view key) {
    const auto* found = d.boolean(key);
    return found != nullptr && *found;
}

/// Everything but which application it is.
app_request read_request(const plist::dict& d) {
    app_request out;
    if (const auto* flags = d.integer("ManagementFlags")) {
        out.flags = *flags & 5; // schema application.install.yaml: 1 and 4
    }
    out.as_managed = flag_of(d, "InstallAsManaged");
    const auto* change = d.string("ChangeManagementState");
    out.take_over = change != nullptr && *change == "Managed";
    const auto* options = d.dictionary("Options");
    const auto* method = options == nullptr ? nullptr : options->integer("PurchaseMethod");
    out.licensed = method != nullptr && *method == 1;
    if (const auto* configuration = d.dictionary("Configuration")) {
        out.configuration = std::make_shared<const plist::dict>(*configuration);
    }
    return out;
}

/// Observed: an installation that is refused has State and RejectionReason beside its errors
/// (fleetdm/fleet#25132); schema application.install.yaml: macOS says only "Other".
outcome rejected(const command& c, const device_state& state, mdm::error_chain_item why) {
    auto out = refused(c, state, std::move(why));
    if (c.request_type == "InstallApplication") {
        out.answer.result.set("State", "Failed");
        out.answer.result.set("RejectionReason", "Other");
    }
    return out;
}

/// A URL of a manifest; the driver fetches it before it reports.
outcome from_url(const command& c, const device_state& state, const std::string& url) {
    if (!url.starts_with("https:")) { // schema application.install.yaml, ManifestURL
        return rejected(c, state,
                        mac_error(mdm_error_domain, code::manifest_not_https,
                                  "The URL of the manifest does not begin with https:."));
    }
    effect::install_package effect{.manifest_url = url, .how = read_request(c.body)};
    if (const auto* pins = c.body.list("ManifestURLPinningCerts")) {
        for (const auto& v : *pins) {
            if (const auto* der = v.get<bytes>()) {
                effect.pins.push_back(*der);
            }
        }
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.effect = std::move(effect);
    return out;
}

outcome install(const command& c, const device_state& state) {
    const auto* store_id = c.body.integer("iTunesStoreID");
    const auto* identifier = c.body.string("Identifier");
    const auto* url = c.body.string("ManifestURL");
    if (store_id == nullptr && identifier == nullptr && url == nullptr) {
        return malformed(c, state,
                         "InstallApplication with none of iTunesStoreID, Identifier and "
                         "ManifestURL.");
    }
    if (flag_of(c.body, "iOSApp") && !state.machine.kind.apple_silicon) {
        return rejected(c, state,
                        mac_error(mdm_error_domain, code::app_not_in_store,
                                  "Applications of iOS run on Apple silicon only."));
    }
    if (store_id == nullptr && identifier == nullptr) {
        return from_url(c, state, *url);
    }
    auto found = store_id != nullptr ? store_app(*store_id) : store_app(*identifier);
    if (!found) {
        return rejected(c, state,
                        mac_error(mdm_error_domain, code::app_not_in_store,
                                  "The App Store has no such application."));
    }
    auto request = read_request(c.body);
    request.what = state.shelf != nullptr ? state.shelf->get(*std::move(found))
                                          : std::make_shared<const app>(*std::move(found));
    const auto why = state.box.apps.install(request, state.now);
    if (why != app_refusal::none) {
        return rejected(c, state, error_of(why));
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("Identifier", request.what->identifier);
    const bool there = state.box.apps.find(request.what->identifier) != nullptr;
    out.answer.result.set("State", there && request.as_managed ? "Managed" : "Queued");
    return out;
}

outcome install_enterprise(const command& c, const device_state& state) {
    const auto* manifest = c.body.dictionary("Manifest");
    const auto* url = c.body.string("ManifestURL");
    if (manifest == nullptr && url == nullptr) {
        return malformed(c, state,
                         "InstallEnterpriseApplication with neither Manifest nor ManifestURL.");
    }
    if (manifest == nullptr) {
        return from_url(c, state, *url);
    }
    auto read = read_app_manifest(*manifest);
    if (!read) {
        return refused(c, state,
                       mac_error(mdm_error_domain, code::manifest_invalid,
                                 "The manifest cannot be used: " + read.error() + '.'));
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.effect = effect::install_package{.manifest = *std::move(read), .how = read_request(c.body)};
    return out;
}

/// Empty: all of them.
std::vector<std::string> identifiers_of(const plist::dict& d) {
    std::vector<std::string> out;
    if (const auto* list = d.list("Identifiers")) {
        for (const auto& v : *list) {
            if (const auto* text = v.get<std::string>()) {
                out.push_back(*text);
            }
        }
    }
    return out;
}

/// Schema application.installed.list.yaml: expensive to work out, and left out since macOS 26
/// (where a Mac cannot be asked for it).
constexpr int without_bundle_size = 26;

plist::dict list_app(const app& a, const device_state& state) {
    plist::dict d{{"Identifier", a.identifier},
                  {"Name", a.name},
                  {"Version", a.version},
                  {"ShortVersion", a.short_version}};
    if (state.box.updates.major() < without_bundle_size) {
        d.set("BundleSize", a.bundle_size);
    }
    if (a.external_version != 0) {
        d.set("ExternalVersionIdentifier", a.external_version);
    }
    return d;
}

outcome installed_list(const command& c, const device_state& state) {
    const auto wanted = identifiers_of(c.body);
    const bool everything = c.body.list("Identifiers") == nullptr;
    const bool managed_only = flag_of(c.body, "ManagedAppsOnly");
    plist::array list;
    const auto add = [&](plist::dict d) {
        const auto* id = d.string("Identifier");
        if (everything || std::ranges::find(wanted, *id) != wanted.end()) {
            list.emplace_back(std::move(d));
        }
    };
    for (const auto& i : state.box.apps.all()) {
        if (!managed_only || i.managed) {
            auto d = list_app(*i.what, state);
            d.set("Installing", false);
            if (i.licensed) { // schema: of VPP applications only
                d.set("HasUpdateAvailable", false);
            }
            add(std::move(d));
        }
    }
    for (const auto& one : state.box.apps.on_their_way()) {
        if ((managed_only && !one.managed) ||
            state.box.apps.find(one.what->identifier) != nullptr) {
            continue;
        }
        auto d = list_app(*one.what, state);
        d.set("Installing", one.installing);
        d.set("DownloadFailed", one.failed);
        add(std::move(d));
    }
    if (!managed_only) { // schema application.installed.list.yaml: macOS lists the system's, too
        for (const auto& a : system_apps()) {
            auto d = list_app(a, state);
            d.set("Installing", false);
            add(std::move(d));
        }
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("InstalledApplicationList", std::move(list));
    return out;
}

outcome managed_list(const command& c, const device_state& state) {
    const auto wanted = identifiers_of(c.body);
    const bool everything = c.body.list("Identifiers") == nullptr;
    plist::dict all;
    for (const auto& m : state.box.apps.report_managed(everything ? nullptr : &wanted)) {
        plist::dict d{{"Status", to_text(m.status)},
                      {"ManagementFlags", m.flags},
                      {"HasConfiguration", m.has_configuration},
                      {"ExternalVersionIdentifier", m.external_version}};
        if (state.is_user_channel()) {
            d.set("HasFeedback", m.has_feedback);
        }
        all.set(m.identifier, std::move(d));
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("ManagedApplicationList", std::move(all));
    return out;
}

outcome remove(const command& c, const device_state& state) {
    const auto* identifier = c.body.string("Identifier");
    if (identifier == nullptr) {
        return malformed(c, state, "RemoveApplication without Identifier.");
    }
    const auto why = state.box.apps.remove(*identifier);
    return why == app_refusal::none ? answered(c, state, command_status::acknowledged)
                                    : refused(c, state, error_of(why));
}

outcome configuration(const command& c, const device_state& state) {
    if (c.body.list("Identifiers") == nullptr) {
        return malformed(c, state, "ManagedApplicationConfiguration without Identifiers.");
    }
    plist::array list;
    for (const auto& id : identifiers_of(c.body)) {
        const auto* there = state.box.apps.find(id);
        if (there != nullptr && there->managed) {
            plist::dict d{{"Identifier", id}};
            if (there->configuration) {
                d.set("Configuration", *there->configuration);
            }
            list.emplace_back(std::move(d));
        }
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("ApplicationConfigurations", std::move(list));
    return out;
}

outcome feedback(const command& c, const device_state& state) {
    if (c.body.list("Identifiers") == nullptr) {
        return malformed(c, state, "ManagedApplicationFeedback without Identifiers.");
    }
    plist::array list;
    for (const auto& id : identifiers_of(c.body)) {
        const auto* there = state.box.apps.find(id);
        if (there == nullptr || !there->managed || !there->feedback) {
            continue;
        }
        list.emplace_back(plist::dict{{"Identifier", id}, {"Feedback", *there->feedback}});
        if (flag_of(c.body, "DeleteFeedback")) {
            state.box.apps.delete_feedback(id);
        }
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("ManagedApplicationFeedback", std::move(list));
    return out;
}

outcome invite(const command& c, const device_state& state) {
    const auto* program = c.body.string("ProgramID");
    const auto* url = c.body.string("InvitationURL");
    if (program == nullptr || url == nullptr) {
        return malformed(c, state, "InviteToProgram without ProgramID or InvitationURL.");
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("InvitationResult", *program != "com.apple.cloudvpp" ? "InvalidProgramID"
                                              : !url->starts_with("https://") || url->size() == 8
                                                  ? "InvalidInvitationURL"
                                                  : "Acknowledged");
    return out;
}

/// Books are not listed on macOS: what was asked for leaves no state that a server could see.
outcome install_media(const command& c, const device_state& state) {
    const auto* type = c.body.string("MediaType");
    if (type == nullptr) {
        return malformed(c, state, "InstallMedia without MediaType.");
    }
    const auto* store_id = c.body.integer("iTunesStoreID");
    if (*type != "Book" || store_id == nullptr || *store_id <= 0) {
        auto out = refused(
            c, state,
            mac_error(mdm_error_domain, code::app_not_in_store, "The store has no such book."));
        out.answer.result.set("MediaType", *type);
        out.answer.result.set("RejectionReason",
                              *type != "Book" ? "WrongMediaType" : "CouldNotVerifyITunesStoreID");
        return out;
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("iTunesStoreID", *store_id);
    out.answer.result.set("MediaType", *type);
    out.answer.result.set("State", "Queued");
    return out;
}

constexpr std::array<handler, 9> handlers{{
    {"InstallApplication", install},
    {"InstallEnterpriseApplication", install_enterprise},
    {"InstallMedia", install_media},
    {"InstalledApplicationList", installed_list},
    {"InviteToProgram", invite},
    {"ManagedApplicationConfiguration", configuration},
    {"ManagedApplicationFeedback", feedback},
    {"ManagedApplicationList", managed_list},
    {"RemoveApplication", remove},
}};

} // namespace

mdm::error_chain_item error_of(app_refusal why) {
    switch (why) {
    case app_refusal::no_licence: // Observed (F28)
        return mac_error(store_server_error_domain, code::licence_not_found, "License not found");
    case app_refusal::duplicate: // Observed (F28)
        return mac_error(store_error_domain, code::duplicate_request, "Duplicate request");
    case app_refusal::present: // Observed (F28)
        return mac_error(mdm_error_domain, code::app_present,
                         "The application is installed already.");
    case app_refusal::not_managed:
    case app_refusal::none:
        break;
    }
    return mac_error(mdm_error_domain, code::app_not_managed, "The application is not managed.");
}

std::span<const handler> application_commands() {
    return handlers;
}

} // namespace pomona::sim::mac
