#include "answers.hpp"
#include "enroll/enrollment_profile.hpp"
#include "handlers.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/protocol/mdm/keys.hpp"

namespace pomona::server {

// GET /enroll: each answer is a new profile with a challenge of its own, signed by the TLS
// identity, which a Mac that trusts the CA shows as verified.
net::task<net::response> answer_enroll(service_ptr s, net::incoming in) {
    if (in.what.method != "GET") {
        co_return wrong_method("GET");
    }
    co_return co_await give_profile(std::move(s), {});
}

net::task<net::response> give_profile(service_ptr s, profile_for whom) {
    const auto& identity = s->push->identity();
    if (!identity) {
        co_return plain_answer(503, "there is no push certificate yet: upload one with its key to "
                                    "PUT /v1/pushcert, then fetch this profile again");
    }
    auto& w = s->world;
    enrollment_profile_facts facts{
        .base_url = s->base_url,
        .organization = s->options.organization,
        .root = s->root().cert,
        .topic = identity->topic,
        .scep_url = s->base_url + "/scep",
        .scep_ca_sha1 = s->root().cert.sha1(),
        .challenge = to_hex(w.random(16)), // 128 bits (fact sheet section 8)
        .uuids = {w.random_uuid(), w.random_uuid(), w.random_uuid(), w.random_uuid()},
        .sign_message = s->options.sign_message,
        .access_rights = s->options.access_rights,
        .check_out_when_removed = s->options.check_out_when_removed,
        .enrollment_mode = whom.mode,
        .managed_account = whom.managed_account};
    if (!whom.serial.empty()) {
        constexpr std::size_t salt_bytes = 8;
        facts.server_query =
            "?" + std::string{enroll_reference} + '=' +
            write_enroll_reference(s->reference_key, w.random(salt_bytes), whom.serial);
    }
    if (whom.mode == to_text(account_mode::byod)) {
        facts.access_rights = 0; // ENR-056: none
    }
    const auto now = w.now();
    if (const auto& other = s->options.other_ca) {
        facts.scep_url = other->url;
        facts.scep_ca_sha1 = other->ca.sha1();
        facts.challenge = other->challenge;
    } else if (auto kept =
                   co_await s->keep->add_challenge(crypto::sha256(as_bytes(facts.challenge)),
                                                   now + s->options.challenge_lifetime, now);
               !kept) {
        co_return failure_answer("keeping a challenge", kept.error());
    }
    auto document = write_enrollment_profile(facts);
    auto signed_profile = crypto::sign_attached(document, s->identities->tls, now);
    if (!signed_profile) {
        co_return failure_answer("signing the enrollment profile", signed_profile.error());
    }
    auto out = answer_with(200, mdm::profile_content_type, std::move(*signed_profile));
    out.headers.push_back({"Content-Disposition", "attachment; filename=\"enroll.mobileconfig\""});
    out.headers.push_back({"Cache-Control", "no-store"}); // the challenge is for one Mac
    co_return out;
}

} // namespace pomona::server
