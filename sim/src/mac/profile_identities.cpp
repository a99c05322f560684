#include "mac/profile_identities.hpp"

#include "mac/enrollment.hpp"
#include "mac/enrollment_plan.hpp"
#include "mac/error_codes.hpp"
#include "pomona/foundation/encoding.hpp"

namespace pomona::sim::mac {
namespace {

using refusal = std::unexpected<mdm::error_chain_item>;

refusal scep_refusal(std::string why) {
    return refusal{mac_error(scep_error_domain, code::scep_failed, std::move(why))};
}

/// The enrollment's trust, and what the profile brings itself.
net::trust_store trust_of(core& mac, const std::vector<crypto::certificate>& anchors) {
    auto all = anchors;
    for (const auto& i : mac.device.profiles.all()) {
        if (i.is_enrollment()) {
            auto own = anchors_of(mac.world().crypto(), *i.content);
            if (own) {
                all.insert(all.end(), own->begin(), own->end());
            }
        }
    }
    return trust_with(*mac.env, all);
}

} // namespace

net::task<std::expected<std::vector<payload_identity>, mdm::error_chain_item>>
obtain_identities(core_ptr self, profile_ptr p, std::uint64_t cause) {
    std::vector<payload_identity> out;
    const auto wanted = p->of_type(profile::scep_type);
    if (wanted.empty()) {
        co_return out;
    }
    auto anchors = anchors_of(self->world().crypto(), *p);
    if (!anchors) {
        co_return scep_refusal(anchors.error().message());
    }
    const auto trust = trust_of(*self, *anchors);
    for (const auto* one : wanted) {
        auto scep = scep_of(*one, self->hw);
        if (!scep) {
            co_return scep_refusal(scep.error().message());
        }
        // Choice: a virtual Mac has one key for all its identities; to make one takes long.
        if (auto fits = check_key(*scep, self->key); !fits) {
            co_return scep_refusal(fits.error().message());
        }
        auto issued = co_await run_scep(self, scep->client, trust, cause);
        if (!issued) {
            co_return scep_refusal(issued.error().what.reason);
        }
        const auto& cert = issued->identity->cert;
        cause = self->record("payload-identity-issued",
                             {{"certificate", to_hex(cert.sha256())},
                              {"serial", cert.serial_hex()},
                              {"subject", crypto::to_text(cert.subject())},
                              {"issuer", crypto::to_text(cert.issuer())},
                              {"not_after", to_rfc3339(cert.not_after())},
                              {"PayloadUUID", one->uuid}},
                             issued->event);
        out.push_back({.payload_uuid = one->uuid, .identity = std::move(issued->identity)});
    }
    co_return out;
}

} // namespace pomona::sim::mac
