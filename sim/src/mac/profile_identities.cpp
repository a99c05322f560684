#include "mac/profile_identities.hpp"

#include "mac/enrollment.hpp"
#include "mac/enrollment_plan.hpp"
#include "mac/error_codes.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/pkcs12.hpp"

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

namespace {

using one_result = std::expected<payload_identity, mdm::error_chain_item>;

net::task<one_result> by_scep(core_ptr self, const profile::payload* p, net::trust_store trust,
                              std::uint64_t cause) {
    auto scep = scep_of(*p, self->hw);
    if (!scep) {
        co_return scep_refusal(scep.error().message());
    }
    // Choice: a virtual Mac has one key for all its identities; to make one takes long.
    if (auto fits = check_key(*scep, self->key); !fits) {
        co_return scep_refusal(fits.error().message());
    }
    auto issued = co_await run_scep(self, scep->client, std::move(trust), cause);
    if (!issued) {
        co_return scep_refusal(issued.error().what.reason);
    }
    const auto& cert = issued->identity->cert;
    self->record("payload-identity-issued",
                 {{"certificate", to_hex(cert.sha256())},
                  {"serial", cert.serial_hex()},
                  {"subject", crypto::to_text(cert.subject())},
                  {"issuer", crypto::to_text(cert.issuer())},
                  {"not_after", to_rfc3339(cert.not_after())},
                  {"PayloadUUID", p->uuid}},
                 issued->event);
    co_return payload_identity{.payload_uuid = p->uuid, .identity = std::move(issued->identity)};
}

one_result by_pkcs12(const crypto::context& ctx, const profile::payload& p) {
    const auto* data = p.content.data("PayloadContent");
    const auto* password = p.content.string("Password");
    auto read = crypto::read_pkcs12(ctx, data != nullptr ? *data : bytes{},
                                    password != nullptr ? *password : std::string{});
    if (!read) {
        return refusal{mac_error(certificate_error_domain, code::bad_certificate,
                                 "The identity in the payload " + p.identifier +
                                     " cannot be read: " + read.error().message())};
    }
    return payload_identity{.payload_uuid = p.uuid,
                            .identity = std::make_shared<const crypto::identity>(*std::move(read))};
}

} // namespace

net::task<std::expected<std::vector<payload_identity>, mdm::error_chain_item>>
obtain_identities(core_ptr self, profile_ptr p, std::uint64_t cause) {
    std::vector<payload_identity> out;
    const auto& ctx = self->world().crypto();
    const auto anchors = anchors_of(ctx, *p);
    if (!anchors) {
        co_return refusal{mac_error(certificate_error_domain, code::bad_certificate,
                                    "A certificate cannot be read: " + anchors.error().message())};
    }
    for (const auto& one : p->payloads) {
        if (one.type == profile::acme_type) {
            co_return refusal{mac_error(profile_error_domain, code::profile_install_failure,
                                        "This Mac has no ACME client: the payload " +
                                            one.identifier + " gets no identity.")};
        }
        if (one.type != profile::scep_type && one.type != profile::pkcs12_type) {
            continue;
        }
        const bool scep = one.type == profile::scep_type;
        auto got = scep ? co_await by_scep(self, &one, trust_of(*self, *anchors), cause)
                        : by_pkcs12(ctx, one);
        if (!got) {
            co_return refusal{std::move(got.error())};
        }
        out.push_back(*std::move(got));
    }
    co_return out;
}

} // namespace pomona::sim::mac
