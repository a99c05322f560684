// Profiles: list, install, remove.
#include "mac/commands/handler.hpp"
#include "mac/profile_rules.hpp"

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

constexpr int payload_uuid_release = 1400; ///< schema mdm/commands/profile.list.yaml
constexpr int source_release = 1500;

plist::dict list_payload(const profile::payload& p, int release) {
    plist::dict d{{"PayloadType", p.type},
                  {"PayloadVersion", p.version},
                  {"PayloadIdentifier", p.identifier}};
    if (release >= payload_uuid_release) {
        d.set("PayloadUUID", p.uuid);
    }
    set_text(d, "PayloadDisplayName", p.display_name);
    set_text(d, "PayloadDescription", p.description);
    set_text(d, "PayloadOrganization", p.organization);
    return d;
}

/// The signer first, then what came with it.
plist::array signers_of(const profile::profile& p) {
    plist::array chain{p.signer->der()};
    for (const auto& cert : p.signer_chain) {
        if (cert.der() != p.signer->der()) {
            chain.emplace_back(cert.der());
        }
    }
    return chain;
}

plist::dict list_profile(const installed_profile& i, int release) {
    const auto& p = *i.content;
    plist::dict d{{"PayloadUUID", p.uuid},
                  {"PayloadIdentifier", p.identifier},
                  {"PayloadVersion", p.version}};
    set_text(d, "PayloadDisplayName", p.display_name);
    set_text(d, "PayloadOrganization", p.organization);
    set_text(d, "PayloadDescription", p.description);
    d.set("PayloadRemovalDisallowed", p.removal_disallowed);
    d.set("HasRemovalPasscode", p.removal_password() != nullptr);
    d.set("IsEncrypted", p.is_encrypted);
    if (p.signer) {
        d.set("SignerCertificates", signers_of(p));
    }
    if (i.from == origin::declaration && release >= source_release) {
        d.set("Source", "Declarative Device Management");
    }
    if (!p.is_encrypted) { // the schema: not present then
        plist::array payloads;
        for (const auto& payload : p.payloads) {
            payloads.emplace_back(list_payload(payload, release));
        }
        d.set("PayloadContent", std::move(payloads));
    }
    return d;
}

outcome profile_list(const command& c, const device_state& state) {
    const auto* managed = c.body.boolean("ManagedOnly");
    const bool managed_only = managed != nullptr && *managed;
    plist::array list;
    for (const auto& i : state.profiles.all()) {
        if (!managed_only || i.is_managed()) {
            list.emplace_back(list_profile(i, os_release(state.machine.kind)));
        }
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("ProfileList", std::move(list));
    return out;
}

result<profile_ptr> read_profile(bytes_view data, const device_state& state) {
    profile_shelf alone;
    return (state.known_profiles != nullptr ? *state.known_profiles : alone)
        .read(state.crypto, data, state.identity);
}

outcome install_profile(const command& c, const device_state& state) {
    const auto* payload = c.body.data("Payload");
    if (payload == nullptr) {
        return malformed(c, state, "InstallProfile without Payload.");
    }
    if (payload->empty()) {
        return refused(
            c, state,
            mac_error(profile_error_domain, code::profile_empty, "The profile is empty."));
    }
    auto parsed = read_profile(*payload, state);
    if (!parsed) {
        return refused(c, state, unreadable(parsed.error()));
    }
    const install_facts facts{.os_version = state.box.updates.installed().version,
                              .user_channel = state.is_user_channel()};
    if (auto fits = check_content(**parsed, facts); !fits) {
        return refused(c, state, std::move(fits.error()));
    }
    if (auto fits = check_singles(**parsed, state.profiles); !fits) {
        return refused(c, state, std::move(fits.error()));
    }
    auto change = state.profiles.check_install(**parsed, origin::mdm);
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
