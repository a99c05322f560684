// The SCEP server that the profile names: everything up to, not including, the request for a
// certificate.
#include "examination.hpp"

#include <chrono>

namespace pomona::doctor {
namespace {

using namespace std::chrono_literals;

constexpr auto key_cost = 200ms;
constexpr int min_key_bits = 2048;

const profile::payload* scep_payload_of(const examination& e) {
    const auto* uuid =
        e.mdm == nullptr ? nullptr : e.mdm->content.string("IdentityCertificateUUID");
    const auto* found = uuid == nullptr ? nullptr : e.enrollment->by_uuid(*uuid);
    return found != nullptr && found->type == profile::scep_type ? found : nullptr;
}

void judge_challenge(examination& e, const profile::scep_payload& s, const std::string& where) {
    if (!s.client.challenge || s.client.challenge->empty()) {
        e.problem("scep-challenge", "the SCEP payload has no Challenge", where,
                  "let the server put one into each profile: a CA that asks for none issues to "
                  "anybody, one that asks refuses the Mac");
    }
    if (s.key_size < min_key_bits) {
        e.warn("scep-key-size", "Keysize is " + std::to_string(s.key_size), where,
               "set Keysize to 2048: Apple's default is 1024, which CAs refuse");
    }
}

void judge_ca(examination& e, const crypto::certificate& ca, const std::string& where) {
    const auto now = e.world.now();
    const auto who = "the CA " + escape(crypto::to_text(ca.subject()));
    if (now > ca.not_after()) {
        e.problem("scep-ca-expired", who + " has expired on " + to_rfc3339(ca.not_after()), where,
                  "renew the CA, and send its new fingerprint with new profiles");
    } else if (now < ca.not_before()) {
        e.problem("scep-ca-not-yet-valid", who + " is valid from " + to_rfc3339(ca.not_before()),
                  where, "set the CA's clock, or issue it anew");
    }
}

void judge_capabilities(examination& e, const net::response& answer, const std::string& where) {
    const auto caps = scep::parse_capabilities(
        answer.status == 200 ? as_text(bytes_view{answer.body}) : std::string_view{});
    const bool any_cipher = caps.aes || caps.des3;
    const bool any_digest = caps.sha1 || caps.sha256 || caps.sha384 || caps.sha512;
    std::string missing;
    for (const auto& [has, word] : {std::pair{caps.aes, "AES"}, std::pair{caps.sha256, "SHA-256"},
                                    std::pair{caps.post, "POSTPKIOperation"}}) {
        missing += has ? "" : (missing.empty() ? "" : ", ") + std::string{word};
    }
    if (!any_cipher || !any_digest) {
        e.problem("scep-caps", "GetCACaps announces too little to make a request: no " + missing,
                  where, "announce AES, SHA-256 and POSTPKIOperation (RFC 8894 section 2.9)");
    } else if (!missing.empty()) {
        e.warn("scep-caps", "GetCACaps does not announce " + missing, where,
               "RFC 8894 section 2.9 makes AES, SHA-256 and POST mandatory");
    } else {
        e.ok("scep", "GetCACaps and GetCACert answer as Macs need it", where);
    }
}

/// What a Mac's client says of an answer that it cannot go on with.
void note_refusal(examination& e, const scep::failed_action& why, const std::string& where) {
    const auto words = why.why.message();
    if (why.why.code == scep::errc::mismatch) {
        e.problem(
            "scep-fingerprint", "CAFingerprint of the profile is not that of GetCACert", where,
            "let the profile carry the hash of the certificate that GetCACert gives, or leave "
            "the key out");
    } else if (why.why.code == scep::errc::refused_algorithm) {
        e.problem("scep-ca-key", words, where, "macOS refuses RSA below 2048 bits: make a new CA");
    } else if (why.why.code == scep::errc::no_capability) {
        if (!e.has_problem("scep-caps")) {
            e.problem("scep-caps", "GetCACaps: " + words, where,
                      "announce AES, SHA-256 and POSTPKIOperation (RFC 8894 section 2.9)");
        }
    } else {
        e.problem("scep-answer", words, where,
                  "GetCACert gives one DER certificate as application/x-x509-ca-cert, or several "
                  "as x-x509-ca-ra-cert");
    }
}

net::task<std::optional<crypto::private_key>> make_key(examination& e) {
    auto key = std::make_shared<std::optional<crypto::private_key>>();
    auto ctx = e.world.crypto();
    std::function<void()> work = [key, ctx] {
        if (auto made = crypto::private_key::generate_rsa(ctx)) {
            *key = std::move(*made);
        }
    };
    co_await e.world.offload(std::move(work), key_cost);
    co_return *key;
}

/// Carries one request of the client out; nullopt once something was noted.
net::task<std::optional<net::response>> carry_out(examination& e, const scep::action& next,
                                                  const std::string& where) {
    if (const auto* refused = std::get_if<scep::failed_action>(&next)) {
        note_refusal(e, *refused, where);
        co_return std::nullopt;
    }
    const auto* http = std::get_if<scep::http_action>(&next);
    auto at = net::parse_url(http == nullptr ? "" : http->url);
    if (!at) {
        co_return std::nullopt;
    }
    auto answer = co_await get(e, std::move(*at), where);
    if (!answer) {
        e.problem("scep-answer", "SCEP gives no answer: " + answer.error(), where,
                  "look into the SCEP server's log");
        co_return std::nullopt;
    }
    co_return std::move(*answer);
}

} // namespace

net::task<void> probe_scep(examination& e) {
    const auto* payload = scep_payload_of(e);
    if (payload == nullptr) {
        co_return; // no profile, or an identity that needs no SCEP
    }
    auto settings = profile::read_scep(*payload);
    const auto profile_place = e.place("enroll_url", e.about.target.enroll_url);
    auto at = net::parse_url(settings ? settings->client.url : "");
    if (!settings || !at) {
        e.problem("scep-payload",
                  settings ? "its URL is `" + escape(settings->client.url) + "`"
                           : settings.error().message(),
                  profile_place, "correct the com.apple.security.scep payload of the profile");
        co_return;
    }
    judge_challenge(e, *settings, profile_place);
    const auto where = settings->client.url + " (SCEP payload of the profile)";
    if (co_await look_at(e, *at, where, {"h2", "http/1.1"}, trust_of(e.roots)) <
        standing::untrusted) {
        e.not_examined("SCEP");
        co_return;
    }
    const auto key = co_await make_key(e);
    if (!key) {
        co_return;
    }
    if (e.about.scep_legacy) {
        if (auto legacy = crypto::context::with_legacy()) {
            settings->client.legacy = std::move(*legacy);
        }
    }
    scep::client mac{e.world.crypto(), settings->client, *key};
    auto next = mac.start(e.world.now());
    const auto certificate = co_await carry_out(e, next, where);
    if (!certificate) {
        co_return;
    }
    next = mac.on_response(certificate->status,
                           net::find_header(certificate->headers, "content-type").value_or(""),
                           certificate->body, e.world.now());
    if (mac.ca()) {
        judge_ca(e, *mac.ca(), where);
    }
    const auto caps = co_await carry_out(e, next, where);
    if (!caps) {
        co_return;
    }
    judge_capabilities(e, *caps, where);
    // What would come next is PKIOperation: it is made, to see that it can be, and not sent.
    next =
        mac.on_response(caps->status, net::find_header(caps->headers, "content-type").value_or(""),
                        caps->body, e.world.now());
    if (const auto* refused = std::get_if<scep::failed_action>(&next)) {
        note_refusal(e, *refused, where);
    }
}

} // namespace pomona::doctor
