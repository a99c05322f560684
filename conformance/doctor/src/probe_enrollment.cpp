// The enrollment profile: does it come, and could a Mac install it?
#include "examination.hpp"
#include "pomona/protocol/mdm/keys.hpp"

namespace pomona::doctor {
namespace {

constexpr std::string_view what_follows =
    "the enrollment profile, SCEP, and whether the profile fits the push certificate";

std::string text_of(const profile::payload& p, std::string_view key) {
    const auto* found = p.content.string(key);
    return found == nullptr ? std::string{} : *found;
}

/// The body, once the answer is what Apple's "Enrollment profile" asks for.
std::optional<bytes> accept(examination& e, std::expected<net::response, std::string> answer,
                            const std::string& where) {
    if (!answer) {
        e.problem("enroll-answer", "the enrollment profile cannot be fetched: " + answer.error(),
                  where, "correct `enroll_url`, or look into the server's log");
        return std::nullopt;
    }
    if (answer->status != 200) {
        const auto words = escape(as_text(bytes_view{answer->body}), 120);
        e.problem("enroll-status",
                  "GET is answered " + std::to_string(answer->status) +
                      (words.empty() ? "" : ": " + words),
                  where, "`enroll_url` has to give a profile to whoever asks: correct its path");
        return std::nullopt;
    }
    const auto type = net::media_type(answer->headers);
    if (type != mdm::profile_content_type) {
        e.problem("enroll-type",
                  "what comes is " + (type.empty() ? "of no type" : escape(type)) + ", not " +
                      std::string{mdm::profile_content_type},
                  where, "a Mac installs a profile only by its type: send that Content-Type");
    }
    return std::move(answer->body);
}

void judge_urls(examination& e, const std::string& where) {
    for (const auto* key : {"ServerURL", "CheckInURL"}) {
        const auto* url = e.mdm->content.string(key);
        if (url == nullptr && std::string_view{key} == "CheckInURL") {
            continue; // check-ins go to ServerURL then
        }
        const auto read = net::parse_url(url == nullptr ? "" : *url);
        if (!read || !read->secure) {
            e.problem("profile-https",
                      std::string{key} + " is " +
                          (url == nullptr ? "missing" : "`" + escape(*url) + "`"),
                      where, "macOS takes https only: correct the address the server gives itself");
        }
    }
}

void judge_identity(examination& e, const std::string& where) {
    const auto uuid = text_of(*e.mdm, "IdentityCertificateUUID");
    const auto* identity = e.enrollment->by_uuid(uuid);
    if (identity == nullptr) {
        e.problem("profile-identity",
                  "IdentityCertificateUUID " + (uuid.empty() ? "is missing" : escape(uuid)) +
                      (uuid.empty() ? "" : " names no payload of the profile"),
                  where, "let it be the PayloadUUID of the SCEP or PKCS #12 payload");
        return;
    }
    const bool usable = identity->type == profile::scep_type ||
                        identity->type == profile::pkcs12_type ||
                        identity->type == "com.apple.security.acme";
    if (!usable) {
        e.problem("profile-identity", "IdentityCertificateUUID names a " + escape(identity->type),
                  where, "let it name the SCEP or PKCS #12 payload");
    }
}

void judge_payload(examination& e, const std::string& where) {
    const auto topic = text_of(*e.mdm, "Topic");
    if (!topic.starts_with("com.apple.mgmt.")) {
        e.problem("profile-topic", "Topic is `" + escape(topic) + "`", where,
                  "it is the UID of the push certificate's subject: com.apple.mgmt.…");
    }
    judge_urls(e, where);
    judge_identity(e, where);
    const auto whole = profile::read_mdm(*e.mdm);
    const bool told = e.has_problem("profile-topic") || e.has_problem("profile-https") ||
                      e.has_problem("profile-identity");
    if (!whole && !told) {
        e.problem("profile-keys", whole.error().message(), where,
                  "correct this key of the com.apple.mdm payload");
    }
}

void trust_roots(examination& e) {
    for (const auto& p : e.enrollment->payloads) {
        if (p.type == profile::root_type || p.type == profile::pkcs1_type ||
            p.type == profile::pem_type) {
            if (auto read = profile::read_certificates(e.world.crypto(), p)) {
                e.roots.insert(e.roots.end(), read->begin(), read->end());
            }
        }
    }
}

bool judge_profile(examination& e, const bytes& body, const std::string& where) {
    auto read = profile::parse(e.world.crypto(), body);
    if (!read) {
        e.problem("profile-form", "what comes is no profile: " + read.error().message(), where,
                  "correct the server's profile; `plutil -lint` says more of an unsigned one");
        return false;
    }
    e.enrollment = std::move(*read);
    const auto mdm = e.enrollment->of_type(profile::mdm_type);
    if (mdm.size() != 1) {
        e.problem("profile-mdm",
                  "the profile has " + (mdm.empty() ? "no" : std::to_string(mdm.size())) +
                      " com.apple.mdm payload" + (mdm.size() > 1 ? "s" : ""),
                  where, "an enrollment profile has exactly one: is this another profile's URL?");
        return false;
    }
    e.mdm = mdm.front();
    trust_roots(e);
    e.ok("enroll",
         std::string{"the enrollment profile comes, "} +
             (e.enrollment->is_signed ? "signed" : "not signed (macOS shows it as unverified)"),
         where);
    judge_payload(e, where);
    return true;
}

} // namespace

net::task<void> probe_enrollment(examination& e) {
    const auto& text = e.about.target.enroll_url;
    auto at = net::parse_url(text);
    const auto where = e.place("enroll_url", text);
    const auto known = at ? e.endpoints.find(net::to_text(at->server)) : e.endpoints.end();
    if (known == e.endpoints.end() || known->second < standing::untrusted) {
        e.not_examined(std::string{what_follows});
        co_return;
    }
    auto answer = co_await get(e, std::move(*at), where);
    const auto body = accept(e, std::move(answer), where);
    if (!body || !judge_profile(e, *body, where)) {
        e.not_examined("SCEP, and whether the profile fits the push certificate");
        co_return;
    }
    for (const auto* key : {"ServerURL", "CheckInURL"}) {
        auto server = net::parse_url(text_of(*e.mdm, key));
        if (server && server->secure) {
            const auto place = text_of(*e.mdm, key) + " (" + key + " of the profile)";
            co_await look_at(e, std::move(*server), place, {"h2", "http/1.1"}, trust_of(e.roots));
        }
    }
}

} // namespace pomona::doctor
