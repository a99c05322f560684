// Enrollment profiles as they were delivered, and the order in which a Mac installs one.
#include "pomona/protocol/profile/profile.hpp"
#include "reading.hpp"
#include "registry.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace pomona::checks {
namespace {

constexpr std::string_view no_profile = "no Mac downloaded an enrollment profile";

/// Answers of the enroll channel that are profiles.
std::vector<const exchange*> profiles(const trace_view& run, std::string_view payload_type) {
    std::vector<const exchange*> out;
    for (const auto& x : run.of_channel("enroll")) {
        if (is_accepted(x) && list_of(x.answer->summary, "payload_types") != nullptr &&
            (payload_type.empty() || lists(x.answer->summary, "payload_types", payload_type))) {
            out.push_back(&x);
        }
    }
    return out;
}

// Apple, "MachineInfo": the profile comes as application/x-apple-aspen-config.
observation profile_has_its_type(const trace_view& run) {
    observation out;
    for (const auto* x : profiles(run, {})) {
        ++out.occasions;
        const auto type = net::media_type(x->answer->headers);
        if (x->answer->status != 200 || type != "application/x-apple-aspen-config") {
            note(out, *x->answer, "200 with application/x-apple-aspen-config",
                 answer_text(*x) + " with " + (type.empty() ? "no Content-Type" : type),
                 {x->request});
        }
    }
    out.reason = no_profile;
    return out;
}

/// PayloadUUIDs of the payloads, and what the MDM payload says about its identity.
struct profile_contents {
    std::vector<std::string> uuids;
    std::string identity;
};

std::string text_at(const nlohmann::json& from, const char* key) {
    const auto found = from.is_object() ? from.find(key) : from.end();
    return from.is_object() && found != from.end() && found->is_string() ? found->get<std::string>()
                                                                         : std::string{};
}

std::optional<profile_contents> contents_of(const trace_view& run, const trace::event& answer) {
    const auto doc = decoded(run, answer);
    if (!doc.is_object() || !doc.contains("PayloadContent") || !doc["PayloadContent"].is_array()) {
        return std::nullopt;
    }
    profile_contents out;
    for (const auto& payload : doc["PayloadContent"]) {
        out.uuids.push_back(text_at(payload, "PayloadUUID"));
        if (text_at(payload, "PayloadType") == profile::mdm_type) {
            out.identity = text_at(payload, "IdentityCertificateUUID");
        }
    }
    return out;
}

// Schema com.apple.mdm: one such payload a profile; IdentityCertificateUUID names a payload.
observation one_mdm_payload_with_identity(const trace_view& run) {
    observation out;
    for (const auto* x : profiles(run, profile::mdm_type)) {
        ++out.occasions;
        const auto& types = *list_of(x->answer->summary, "payload_types");
        if (const auto count = std::ranges::count(types, profile::mdm_type); count != 1) {
            note(out, *x->answer, "one com.apple.mdm payload", std::to_string(count), {x->request});
            continue;
        }
        const auto inside = contents_of(run, *x->answer);
        if (inside && std::ranges::find(inside->uuids, inside->identity) == inside->uuids.end()) {
            note(out, *x->answer, "IdentityCertificateUUID names a payload of the profile",
                 inside->identity.empty() ? "no such key" : inside->identity, {x->request});
        }
    }
    out.reason = no_profile;
    return out;
}

std::string topic_or_url_problem(const trace::event& answer) {
    const auto& s = answer.summary;
    if (!s.text("Topic").starts_with("com.apple.mgmt.")) {
        return "Topic " + std::string{s.text("Topic")};
    }
    if (!s.text("ServerURL").starts_with("https://")) {
        return "ServerURL " + std::string{s.text("ServerURL")};
    }
    if (s.find("CheckInURL") != nullptr && !s.text("CheckInURL").starts_with("https://")) {
        return "CheckInURL " + std::string{s.text("CheckInURL")};
    }
    return {};
}

// Schema com.apple.mdm: AccessRights is not 0, 2 requires 1, 128 requires 64; all together 8191.
std::string rights_problem(const trace::event& answer) {
    const auto rights = answer.summary.number("AccessRights");
    if (!rights) {
        return {};
    }
    const bool good = *rights >= 1 && *rights <= 8191 &&
                      ((*rights & 2) == 0 || (*rights & 1) != 0) &&
                      ((*rights & 128) == 0 || (*rights & 64) != 0);
    return good ? std::string{} : "AccessRights " + std::to_string(*rights);
}

observation examine_mdm_payload(const trace_view& run, std::string_view expected,
                                std::string (*problem_of)(const trace::event&)) {
    observation out;
    for (const auto* x : profiles(run, profile::mdm_type)) {
        ++out.occasions;
        if (auto problem = problem_of(*x->answer); !problem.empty()) {
            note(out, *x->answer, std::string{expected}, std::move(problem), {x->request});
        }
    }
    out.reason = no_profile;
    return out;
}

observation topic_and_urls(const trace_view& run) {
    return examine_mdm_payload(run, "Topic com.apple.mgmt.…, https:// URLs", topic_or_url_problem);
}

observation access_rights(const trace_view& run) {
    auto out = examine_mdm_payload(run, "1 to 8191; 2 with 1, 128 with 64", rights_problem);
    out.occasions = static_cast<std::size_t>(
        std::ranges::count_if(profiles(run, profile::mdm_type), [](const exchange* x) {
            return x->answer->summary.number("AccessRights").has_value();
        }));
    out.reason = "no enrollment profile had AccessRights";
    return out;
}

observation whole_mdm_payload(const trace_view& run) {
    return examine_mdm_payload(
        run, "Topic, ServerURL and IdentityCertificateUUID, each valid", [](const trace::event& a) {
            for (const auto* key : {"Topic", "ServerURL", "IdentityCertificateUUID"}) {
                if (a.summary.text(key).empty()) {
                    return "no " + std::string{key};
                }
            }
            auto problem = topic_or_url_problem(a);
            return problem.empty() ? rights_problem(a) : problem;
        });
}

std::string scep_payload_problem(const trace::event& answer) {
    const auto& s = answer.summary;
    const auto type = s.text("Key Type");
    // The schema's default is 1024.
    if ((type.empty() || type == "RSA") && s.number("Keysize").value_or(1024) < 2048) {
        return "Keysize " + std::to_string(s.number("Keysize").value_or(1024));
    }
    if (s.number("Key Usage").value_or(0) != 5) {
        return "Key Usage " + std::to_string(s.number("Key Usage").value_or(0));
    }
    return {};
}

// Derived from RFC 8894 section 7 (challenges are secrets) and the key sizes in use: RSA 2048, sign
// and encipher, a challenge of its own for each profile. A placeholder keeps equality.
observation scep_payload_is_safe(const trace_view& run) {
    observation out;
    std::map<std::string, const trace::event*, std::less<>> challenges;
    for (const auto* x : profiles(run, profile::scep_type)) {
        ++out.occasions;
        const auto& a = *x->answer;
        if (auto problem = scep_payload_problem(a); !problem.empty()) {
            note(out, a, "Keysize 2048 or more, Key Usage 5", std::move(problem), {x->request});
        }
        const std::string challenge{a.summary.text("Challenge")};
        if (challenge.empty()) {
            continue;
        }
        if (const auto [old, fresh] = challenges.try_emplace(challenge, &a); !fresh) {
            note(out, a, "a challenge of its own for each profile",
                 "the challenge of an earlier profile", {old->second});
        }
    }
    out.reason = "no Mac downloaded a profile with a SCEP payload";
    return out;
}

// RFC 5652 section 5: the signature covers the content. An unsigned profile is permitted.
observation profile_signature_is_valid(const trace_view& run) {
    observation out;
    for (const auto* x : profiles(run, {})) {
        const auto state = x->answer->facts.text("profile_signature");
        if (state.empty() || state == "absent") {
            continue;
        }
        ++out.occasions;
        if (state != "valid") {
            note(out, *x->answer, "a valid attached signature", std::string{state}, {x->request});
        }
    }
    out.reason = "no Mac downloaded a signed profile";
    return out;
}

// Observed (and what other simulators do): certificates and the identity come before Authenticate,
// and that before TokenUpdate.
observation install_order(const trace_view& run) {
    observation out;
    for (const auto& mac : run.macs()) {
        bool wants_scep = false;
        bool has_identity = false;
        for (const auto* e : run.of_mac(mac)) {
            if (e->kind == trace::kind::response && e->channel == "enroll") {
                wants_scep =
                    wants_scep || (lists(e->summary, "payload_types", profile::scep_type) &&
                                   lists(e->summary, "payload_types", profile::mdm_type));
            } else if (e->kind == trace::kind::response && e->channel == "scep") {
                has_identity = has_identity || e->summary.text("pkiStatus") == "SUCCESS";
            } else if (e->kind == trace::kind::state && e->name == "identity-issued") {
                has_identity = true; // also where the recorded reply is damaged beyond reading
            } else if (wants_scep && e->kind == trace::kind::request && e->channel == "checkin" &&
                       e->summary.text("MessageType") == "Authenticate") {
                ++out.occasions;
                if (!has_identity) {
                    note(out, *e, "an identity issued by SCEP before Authenticate", "none so far");
                }
            }
        }
    }
    out.reason = "no Mac sent Authenticate after it got a profile with a SCEP payload";
    return out;
}

} // namespace

void add_enroll_checks(std::vector<check>& to) {
    using enum level;
    constexpr auto server = subject::server;
    constexpr std::string_view schema =
        "mdm/profiles/com.apple.mdm.yaml, release 2024-10-21 (macOS 15.1)";
    to.push_back({"ENR-001",
                  "A profile is served with 200 as application/x-apple-aspen-config.",
                  must,
                  basis::documented,
                  "Apple, \"MachineInfo\"",
                  server,
                  {"fleetdm/fleet#22322"},
                  profile_has_its_type});
    to.push_back({"ENR-002",
                  "A profile has one MDM payload, whose identity is in the profile.",
                  must,
                  basis::schema,
                  schema,
                  server,
                  {},
                  one_mdm_payload_with_identity});
    to.push_back({"ENR-003",
                  "Topic begins with com.apple.mgmt., URLs with https://.",
                  must,
                  basis::schema,
                  schema,
                  server,
                  {"micromdm/micromdm#366"},
                  topic_and_urls});
    to.push_back({"ENR-004",
                  "AccessRights is 1 to 8191, with 1 beside 2 and 64 beside 128.",
                  must,
                  basis::schema,
                  schema,
                  server,
                  {},
                  access_rights});
    to.push_back({"ENR-006",
                  "A SCEP payload asks for RSA 2048, usage 5, with its own challenge.",
                  should,
                  basis::derived,
                  "derived from RFC 8894 section 7",
                  server,
                  {},
                  scep_payload_is_safe});
    to.push_back({"ENR-007",
                  "A signed profile's signature is valid.",
                  must,
                  basis::rfc,
                  "RFC 5652 section 5",
                  server,
                  {},
                  profile_signature_is_valid});
    to.push_back({"MDM-CHK-055",
                  "The MDM payload has its required keys, each valid.",
                  must,
                  basis::schema,
                  schema,
                  server,
                  {},
                  whole_mdm_payload});
    to.push_back({"ENR-100",
                  "A Mac gets its SCEP identity before Authenticate.",
                  must,
                  basis::observed,
                  "observed: order of installation, as in mdmb",
                  subject::device,
                  {},
                  install_order});
}

} // namespace pomona::checks
