#include "mac/enrollment_plan.hpp"

#include "mac/device_state.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pomona::sim::mac {
namespace {

using profile::errc;

result<const profile::payload*> one_mdm_payload(const profile::profile& p) {
    const auto all = p.of_type(profile::mdm_type);
    if (all.empty()) {
        return fail(errc::missing_key, "the profile has no com.apple.mdm payload");
    }
    if (all.size() > 1) {
        return fail(errc::unsupported_value, "the profile has more than one com.apple.mdm payload");
    }
    return all.front();
}

/// Observed (F25): variables are replaced, and a missing CN becomes the payload's identifier.
void complete_subject(crypto::name& subject, const profile::payload& p, const hardware& machine) {
    for (auto& part : subject) {
        part.text = replace_variables(std::move(part.text), machine);
    }
    if (std::ranges::find(subject, "CN", &crypto::name_part::type) == subject.end() &&
        std::ranges::find(subject, "2.5.4.3", &crypto::name_part::type) == subject.end()) {
        subject.push_back({"CN", p.identifier});
    }
}

bool holds_certificates(const profile::payload& p) {
    return p.type == profile::root_type || p.type == profile::pkcs1_type ||
           p.type == profile::pem_type;
}

/// Schema com.apple.mdm: UUIDs of certificate payloads. Choice: a profile that names another one is
/// refused, as nothing could be trusted by it.
result<std::vector<crypto::certificate>> pins_of(const crypto::context& ctx,
                                                 const profile::profile& p,
                                                 const std::vector<std::string>& uuids) {
    std::vector<crypto::certificate> out;
    for (const auto& uuid : uuids) {
        const auto* named = p.by_uuid(uuid);
        if (named == nullptr || !holds_certificates(*named)) {
            return fail(errc::missing_key,
                        "a pinned certificate is none of the profile's payloads: " + uuid);
        }
        auto read = profile::read_certificates(ctx, *named);
        if (!read) {
            return std::unexpected{std::move(read.error())};
        }
        std::ranges::move(*read, std::back_inserter(out));
    }
    return out;
}

} // namespace

result<std::vector<crypto::certificate>> anchors_of(const crypto::context& ctx,
                                                    const profile::profile& p) {
    std::vector<crypto::certificate> out;
    for (const auto& one : p.payloads) {
        if (!holds_certificates(one)) {
            continue;
        }
        auto read = profile::read_certificates(ctx, one);
        if (!read) {
            return std::unexpected{std::move(read.error())};
        }
        std::ranges::move(*read, std::back_inserter(out));
    }
    return out;
}

result<profile::scep_payload> scep_of(const profile::payload& p, const hardware& machine) {
    auto scep = profile::read_scep(p);
    if (scep) {
        complete_subject(scep->client.subject, p, machine);
    }
    return scep;
}

namespace {

/// What the payload that IdentityCertificateUUID names asks for.
result<void> plan_identity(const crypto::context& ctx, const profile::payload& p,
                           const hardware& machine, enrollment_plan& out) {
    if (p.type == profile::pkcs12_type) {
        auto read = profile::read_pkcs12(ctx, p);
        if (!read) {
            return std::unexpected{std::move(read.error())};
        }
        out.given = std::make_shared<const crypto::identity>(*std::move(read));
        return {};
    }
    if (p.type != profile::scep_type) {
        return fail(errc::unsupported_value,
                    "this Mac gets its identity by SCEP or PKCS12, not by " + p.type);
    }
    auto scep = scep_of(p, machine);
    if (!scep) {
        return std::unexpected{std::move(scep.error())};
    }
    out.scep = *std::move(scep);
    return {};
}

} // namespace

std::string replace_variables(std::string text, const hardware& machine) {
    const std::array<std::pair<std::string_view, std::string>, 6> variables{{
        {"%SerialNumber%", machine.serial.value()},
        {"%HardwareUUID%", machine.device.value()},
        {"%ComputerName%", machine.computer_name},
        {"%HostName%", host_name(machine)},
        {"%LocalHostName%", local_host_name(machine)},
        {"%MACAddress%", machine.wifi_mac},
    }};
    for (const auto& [name, with] : variables) {
        for (auto at = text.find(name); at != std::string::npos;
             at = text.find(name, at + with.size())) {
            text.replace(at, name.size(), with);
        }
    }
    return text;
}

result<enrollment_plan> plan_enrollment(const crypto::context& ctx, bytes_view data,
                                        const hardware& machine) {
    auto parsed = profile::parse(ctx, data);
    if (!parsed) {
        return std::unexpected{std::move(parsed.error())};
    }
    const auto mdm_payload = one_mdm_payload(*parsed);
    if (!mdm_payload) {
        return std::unexpected{mdm_payload.error()};
    }
    auto mdm = profile::read_mdm(**mdm_payload);
    if (!mdm) {
        return std::unexpected{std::move(mdm.error())};
    }
    // Observed (F26): iOS refuses it, macOS does not.
    if (machine.kind.has_quirk("strict-topic-prefix") &&
        !mdm->topic.value().starts_with("com.apple.mgmt.")) {
        return fail(errc::unsupported_value,
                    "Topic does not begin with com.apple.mgmt.: " + mdm->topic.value());
    }
    const auto* identity = parsed->by_uuid(mdm->identity_certificate_uuid);
    if (identity == nullptr) {
        return fail(errc::missing_key, "IdentityCertificateUUID names no payload of the profile: " +
                                           mdm->identity_certificate_uuid);
    }
    enrollment_plan out;
    if (auto done = plan_identity(ctx, *identity, machine, out); !done) {
        return std::unexpected{std::move(done.error())};
    }
    auto anchors = anchors_of(ctx, *parsed);
    if (!anchors) {
        return std::unexpected{std::move(anchors.error())};
    }
    auto server_pins = pins_of(ctx, *parsed, mdm->server_pins);
    auto checkin_pins = pins_of(ctx, *parsed, mdm->checkin_pins);
    if (!server_pins || !checkin_pins) {
        return std::unexpected{std::move(server_pins ? checkin_pins.error() : server_pins.error())};
    }
    out.server_pins = *std::move(server_pins);
    out.checkin_pins = *std::move(checkin_pins);
    out.content = *std::move(parsed);
    out.mdm = *std::move(mdm);
    out.anchors = *std::move(anchors);
    return out;
}

result<void> check_key(const profile::scep_payload& wanted, const crypto::private_key& key) {
    if (!key.is_rsa() || wanted.key_size != key.bits()) {
        return fail(errc::unsupported_value,
                    "the payload asks for an RSA key of " + std::to_string(wanted.key_size) +
                        " bits (Keysize), this Mac has one of " + std::to_string(key.bits()));
    }
    return {};
}

result<void> check_key(const enrollment_plan& plan, const crypto::private_key& key) {
    return plan.given ? result<void>{} : check_key(plan.scep, key);
}

} // namespace pomona::sim::mac
