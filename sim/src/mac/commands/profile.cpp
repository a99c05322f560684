// Profiles: list, install, remove.
#include "mac/commands/handler.hpp"

#include <array>

namespace pomona::sim::mac {
namespace {

using mdm::command;
using mdm::command_status;

void set_text(plist::dict& d, std::string_view key, const std::string& text) {
    if (!text.empty()) {
        d.set(key, text);
    }
}

plist::dict list_payload(const profile::payload& p) {
    plist::dict d{{"PayloadType", p.type},
                  {"PayloadVersion", p.version},
                  {"PayloadIdentifier", p.identifier},
                  {"PayloadUUID", p.uuid}};
    set_text(d, "PayloadDisplayName", p.display_name);
    set_text(d, "PayloadDescription", p.description);
    set_text(d, "PayloadOrganization", p.organization);
    return d;
}

plist::dict list_profile(const installed_profile& i) {
    const auto& p = i.content;
    plist::dict d{{"PayloadUUID", p.uuid},
                  {"PayloadIdentifier", p.identifier},
                  {"PayloadVersion", p.version}};
    set_text(d, "PayloadDisplayName", p.display_name);
    set_text(d, "PayloadOrganization", p.organization);
    set_text(d, "PayloadDescription", p.description);
    d.set("PayloadRemovalDisallowed", p.removal_disallowed);
    d.set("HasRemovalPasscode", false);
    d.set("IsEncrypted", false);
    if (p.signer) {
        plist::array chain{p.signer->der()};
        for (const auto& cert : p.signer_chain) {
            if (cert.der() != p.signer->der()) {
                chain.emplace_back(cert.der());
            }
        }
        d.set("SignerCertificates", std::move(chain));
    }
    plist::array payloads;
    for (const auto& payload : p.payloads) {
        payloads.emplace_back(list_payload(payload));
    }
    d.set("PayloadContent", std::move(payloads));
    return d;
}

outcome profile_list(const command& c, const device_state& state) {
    const auto* managed = c.body.boolean("ManagedOnly");
    const bool managed_only = managed != nullptr && *managed;
    plist::array list;
    for (const auto& i : state.profiles.all()) {
        if (!managed_only || i.from == origin::mdm || i.is_enrollment()) {
            list.emplace_back(list_profile(i));
        }
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("ProfileList", std::move(list));
    return out;
}

outcome install_profile(const command& c, const device_state& state) {
    const auto* payload = c.body.data("Payload");
    if (payload == nullptr) {
        return malformed(c, state, "InstallProfile without Payload.");
    }
    auto parsed = profile::parse(state.crypto, *payload);
    if (!parsed) {
        const bool signature = parsed.error().code == profile::errc::bad_signature;
        return refused(c, state,
                       mac_error(profile_error_domain,
                                 signature ? code::profile_bad_signature : code::profile_malformed,
                                 "The profile cannot be used: " + parsed.error().message()));
    }
    if (state.is_user_channel() && !parsed->of_type(profile::mdm_type).empty()) {
        return refused(c, state,
                       mac_error(installation_error_domain, code::payload_not_acceptable,
                                 "An MDM payload is not for the user channel."));
    }
    auto change = state.profiles.check_install(*parsed, origin::mdm);
    if (!change) {
        return refused(c, state, std::move(change.error()));
    }
    auto out = answered(c, state, command_status::acknowledged);
    if (*change == profile_store::change::enrollment_update) {
        out.effect = effect::renew{*payload};
    } else {
        out.effect = effect::install{*std::move(parsed)};
    }
    return out;
}

outcome remove_profile(const command& c, const device_state& state) {
    const auto* identifier = c.body.string("Identifier");
    if (identifier == nullptr) {
        return malformed(c, state, "RemoveProfile without Identifier.");
    }
    if (auto possible = state.profiles.check_remove_by_mdm(*identifier); !possible) {
        return refused(c, state, std::move(possible.error()));
    }
    auto out = answered(c, state, command_status::acknowledged);
    if (state.profiles.find(*identifier)->is_enrollment()) {
        out.effect = effect::leave{};
    } else {
        out.effect = effect::remove{*identifier};
    }
    return out;
}

constexpr std::array<handler, 3> handlers{{
    {"ProfileList", profile_list},
    {"InstallProfile", install_profile},
    {"RemoveProfile", remove_profile},
}};

} // namespace

std::span<const handler> profile_commands() {
    return handlers;
}

} // namespace pomona::sim::mac
