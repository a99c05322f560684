#include "mac/command_processor.hpp"

#include "mac/command_table.hpp"
#include "mac/error_codes.hpp"
#include "pomona/protocol/mdm/command_channels.hpp"
#include "pomona/protocol/mdm/keys.hpp"

#include <array>
#include <string_view>

namespace pomona::sim::mac {
namespace {

using mdm::command;
using mdm::command_status;

outcome answered(const command& c, const device_state& state, command_status status) {
    outcome out;
    out.answer.from = sender_of(state.machine, state.user);
    if (state.is_user_channel()) { // Apple, "DeclarativeManagementResponse": required there
        out.answer.not_on_console = !state.on_console;
    }
    out.answer.status = status;
    out.answer.uuid = c.uuid;
    // Observed: a Mac repeats RequestType in its results, though the schema does not list it.
    if (!c.request_type.empty()) {
        out.answer.result.set(mdm::key::request_type, c.request_type);
    }
    return out;
}

outcome refused(const command& c, const device_state& state, mdm::error_chain_item why) {
    auto out = answered(c, state, command_status::error);
    out.answer.errors.push_back(std::move(why));
    return out;
}

outcome malformed(const command& c, const device_state& state, std::string what) {
    auto out = answered(c, state, command_status::command_format_error);
    out.answer.errors.push_back(
        mac_error(mdm_error_domain, code::malformed_request, std::move(what)));
    return out;
}

outcome device_information(const command& c, const device_state& state) {
    const auto* queries = c.body.list("Queries");
    if (queries == nullptr) {
        return malformed(c, state, "DeviceInformation without an array Queries.");
    }
    // MDM-CHK-076: only what was asked, known and permitted.
    plist::dict answers;
    for (const auto& q : *queries) {
        const auto* name = q.get<std::string>();
        if (auto value = name ? answer_query(*name, state) : std::nullopt) {
            answers.set(*name, *std::move(value));
        }
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("QueryResponses", std::move(answers));
    return out;
}

outcome security(const command& c, const device_state& state) {
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("SecurityInfo", security_info(state));
    return out;
}

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

outcome declarative_management(const command& c, const device_state& state) {
    effect::synchronise sync;
    if (const auto* data = c.body.data("Data")) {
        sync.tokens = *data;
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.effect = std::move(sync);
    return out;
}

struct carried_out {
    std::string_view request_type;
    outcome (*run)(const command&, const device_state&);
};
constexpr std::array<carried_out, 6> carried_out_commands{{
    {"DeviceInformation", device_information},
    {"SecurityInfo", security},
    {"ProfileList", profile_list},
    {"InstallProfile", install_profile},
    {"RemoveProfile", remove_profile},
    {"DeclarativeManagement", declarative_management},
}};

/// Apple, "Managing connections": a server may always remove its own enrollment (MDM-CHK-084).
bool removes_enrollment(const command& c, const device_state& state) {
    const auto* identifier = c.body.string("Identifier");
    const auto* enrollment = state.profiles.enrollment();
    return c.request_type == "RemoveProfile" && identifier != nullptr && enrollment != nullptr &&
           enrollment->content.identifier == *identifier;
}

/// Apple, "Handling a NotNow status": profiles of a user whose keychain is locked have to wait.
bool waits_for_keychain(const command& c, const device_state& state) {
    return state.is_user_channel() && state.keychain_locked &&
           (c.request_type == "InstallProfile" || c.request_type == "RemoveProfile");
}

outcome unknown_type(const command& c, const device_state& state, std::string_view why) {
    return refused(
        c, state,
        mac_error(mdm_error_domain, code::unknown_request_type,
                  "The request type \"" + c.request_type + "\" " + std::string{why} + '.'));
}

outcome process(const command& c, const device_state& state) {
    const auto* kind = find_command(c.request_type);
    if (kind == nullptr) {
        return unknown_type(c, state, "is not known to this Mac");
    }
    // Derived (MDM-CHK-078): a command of the other channel is as good as unknown.
    const auto where = mdm::channel_of_command(c.request_type);
    if (where == mdm::command_channel::user && !state.is_user_channel()) {
        return unknown_type(c, state, "is for the user channel");
    }
    if (where == mdm::command_channel::device && state.is_user_channel()) {
        return unknown_type(c, state, "is for the device channel");
    }
    if (!state.may(kind->right) && !removes_enrollment(c, state)) {
        return refused(c, state,
                       mac_error(mdm_error_domain, code::not_authorised,
                                 "The MDM server has no access right for " + c.request_type + '.'));
    }
    if ((state.power_nap && !kind->works_in_power_nap) || waits_for_keychain(c, state)) {
        return answered(c, state, command_status::not_now); // and forgotten (MDM-CHK-068)
    }
    for (const auto& one : carried_out_commands) {
        if (one.request_type == c.request_type) {
            return one.run(c, state);
        }
    }
    return unknown_type(c, state, "is not carried out by this virtual Mac");
}

} // namespace

std::optional<outcome> process_command(bytes_view body, const device_state& state) {
    if (const auto c = mdm::parse_command(body)) {
        return process(*c, state);
    }
    // Malformed, but it can be answered when it says which command it was.
    const auto d = plist::parse_dict(body);
    const auto* uuid = d ? d->string(mdm::key::command_uuid) : nullptr;
    if (uuid == nullptr || uuid->empty()) {
        return std::nullopt;
    }
    command c;
    c.uuid = command_uuid{*uuid};
    return malformed(c, state, "The command has no dictionary Command with a RequestType.");
}

mdm::report failed_report(const mdm::report& planned, mdm::error_chain_item why) {
    mdm::report out;
    out.from = planned.from;
    out.status = command_status::error;
    out.uuid = planned.uuid;
    out.not_on_console = planned.not_on_console;
    out.errors.push_back(std::move(why));
    if (const auto* type = planned.result.string(mdm::key::request_type)) {
        out.result.set(mdm::key::request_type, *type);
    }
    return out;
}

} // namespace pomona::sim::mac
