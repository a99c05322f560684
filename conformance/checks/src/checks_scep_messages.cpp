// pkiMessages (RFC 8894), both sides.
#include "registry.hpp"
#include "scep_reading.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace pomona::checks {
namespace {

// Derived from RFC 8894 section 4.1: what could be read and is refused by policy is a CertRep; HTTP
// says only that the message could not be processed at all.
observation refusals_are_cert_reps(const trace_view& run) {
    constexpr std::array<unsigned, 4> refusals{400, 401, 403, 422};
    observation out;
    for (const auto* x : scep_operations(run, "PKIOperation")) {
        if (!x->answered() || x->request->summary.text("signature") != "valid") {
            continue;
        }
        if (x->answer->status == 200) {
            ++out.occasions;
        } else if (std::ranges::find(refusals, x->answer->status) != refusals.end()) {
            ++out.occasions;
            note(out, *x->answer, "200 with a CertRep", answer_text(*x), {x->request});
        }
    }
    out.reason = "no readable PKIOperation was answered";
    return out;
}

/// Answers 200 to requests that the Mac had signed and we could read.
std::vector<const exchange*> replies(const trace_view& run) {
    auto out = scep_operations(run, "PKIOperation");
    std::erase_if(out, [](const exchange* x) {
        return !x->answered() || x->answer->status != 200 ||
               x->request->summary.text("signature") != "valid";
    });
    return out;
}

bool is_readable(const exchange& x) {
    return x.answer->summary.text("signature") == "valid";
}

constexpr std::string_view no_reply = "no PKIOperation was answered with 200";

std::string cert_rep_problem(const exchange& x) {
    const auto& asked = x.request->summary;
    const auto& said = x.answer->summary;
    if (!is_readable(x)) {
        return "a body that is no pkiMessage with all its attributes and a valid signature";
    }
    if (said.text("messageType") != "CertRep") {
        return "messageType " + std::string{said.text("messageType")};
    }
    if (said.text("pkiStatus").empty()) {
        return "no pkiStatus";
    }
    if (said.text("transactionID") != asked.text("transactionID")) {
        return "another transactionID";
    }
    return said.text("recipientNonce") == asked.text("senderNonce") ? std::string{}
           : said.text("recipientNonce").empty()                    ? "no recipientNonce"
                                                 : "a recipientNonce that is not the senderNonce";
}

// RFC 8894 section 3.3.2 and 3.2.1: what every CertRep has.
observation cert_rep_is_complete(const trace_view& run) {
    observation out;
    for (const auto* x : replies(run)) {
        ++out.occasions;
        if (auto problem = cert_rep_problem(*x); !problem.empty()) {
            note(out, *x->answer,
                 "messageType, pkiStatus, the request's transactionID and its nonce",
                 std::move(problem), {x->request});
        }
    }
    out.reason = no_reply;
    return out;
}

// RFC 8894 section 3.2.1.5: 16 octets, fresh. A repeated request may get the same reply again.
observation reply_nonce_is_fresh(const trace_view& run) {
    constexpr std::size_t hex_of_16_octets = 32;
    observation out;
    std::map<std::string, const exchange*, std::less<>> used;
    for (const auto* x : replies(run)) {
        if (!is_readable(*x)) {
            continue;
        }
        ++out.occasions;
        const auto asked = x->request->summary.text("senderNonce");
        const auto nonce = x->answer->summary.text("senderNonce");
        const auto [old, fresh] = used.try_emplace(std::string{nonce}, x);
        const bool repeated = !fresh && old->second->request->summary.text("senderNonce") == asked;
        if (nonce.size() != hex_of_16_octets) {
            note(out, *x->answer, "a senderNonce of 16 octets",
                 std::to_string(nonce.size() / 2) + " octets", {x->request});
        } else if (nonce == asked) {
            note(out, *x->answer, "a senderNonce of its own", "the request's", {x->request});
        } else if (!fresh && !repeated) {
            note(out, *x->answer, "a fresh senderNonce", "that of an earlier reply",
                 {old->second->answer});
        }
    }
    out.reason = no_reply;
    return out;
}

// RFC 8894 section 3.3.2 with 2.1: the CA or RA whose certificate GetCACert gave signs the reply.
observation reply_is_signed_by_the_ca(const trace_view& run) {
    observation out;
    std::map<std::string, std::set<std::string, std::less<>>, std::less<>> known;
    std::set<std::string, std::less<>>
        open; // an answer is missing, and with it a certificate maybe
    for (const auto* x : scep_operations(run, "GetCACert")) {
        const auto* list = x->answered() ? list_of(x->answer->summary, "certificates") : nullptr;
        if (!x->answered()) {
            open.insert(ca_of(*x->request));
        }
        if (list != nullptr) {
            known[ca_of(*x->request)].insert(list->begin(), list->end());
        }
    }
    for (const auto* x : replies(run)) {
        const auto ca = ca_of(*x->request);
        const auto& cas = known[ca];
        const bool is_known = cas.contains(x->answer->summary.text("signer"));
        if (!is_readable(*x) || cas.empty() || (!is_known && open.contains(ca))) {
            continue;
        }
        ++out.occasions;
        if (!is_known) {
            note(out, *x->answer, "a signer among the certificates of GetCACert",
                 std::string{x->answer->summary.text("signer")}, {x->request});
        }
    }
    out.reason = "no reply could be compared with the certificates of GetCACert";
    return out;
}

// RFC 8894 section 3.2.1.4: failInfo exactly with FAILURE.
observation fail_info_goes_with_failure(const trace_view& run) {
    observation out;
    for (const auto* x : replies(run)) {
        const auto& s = x->answer->summary;
        if (!is_readable(*x) || s.text("pkiStatus").empty()) {
            continue;
        }
        ++out.occasions;
        const bool failed = s.text("pkiStatus") == "FAILURE";
        const bool told = !s.text("failInfo").empty();
        if (failed != told) {
            note(out, *x->answer, failed ? "failInfo" : "no failInfo",
                 told ? std::string{s.text("failInfo")} : "none", {x->request});
        }
    }
    out.reason = no_reply;
    return out;
}

// RFC 5280 section 4.1.2.2: positive, at most 20 octets, unique for each CA. The Mac that got the
// certificate tells its serial number (hex, "-" when negative); the same certificate may come
// twice.
observation serials_are_unique(const trace_view& run) {
    constexpr std::size_t hex_of_20_octets = 40;
    observation out;
    std::map<std::string, const trace::event*, std::less<>> seen;
    for (const auto* e : run.events()) {
        const auto& said = e->kind == trace::kind::fact ? e->facts : e->summary;
        const auto serial = said.text("serial");
        if (e->name != "identity-issued" || !e->actor.starts_with("mac-") || serial.empty()) {
            continue;
        }
        ++out.occasions;
        const auto digits = serial.find_first_not_of('0');
        if (serial.front() == '-' || digits == serial.npos) {
            note(out, *e, "a positive serial number", std::string{serial});
        } else if (serial.size() - digits > hex_of_20_octets) {
            note(out, *e, "at most 20 octets", std::string{serial});
        }
        const auto key = std::string{said.text("issuer")} + ' ' + std::string{serial};
        const auto [old, fresh] = seen.try_emplace(key, e);
        const auto& first =
            old->second->kind == trace::kind::fact ? old->second->facts : old->second->summary;
        if (!fresh && said.text("certificate") != first.text("certificate")) {
            note(out, *e, "a serial number of its own", "that of another certificate",
                 {old->second});
        }
    }
    out.reason = "no Mac told of the certificate it was issued";
    return out;
}

/// The last GetCACaps answer with a list before `e`, by the same Mac at the same CA.
const exchange* capabilities_before(const std::vector<const exchange*>& all,
                                    const trace::event& e) {
    const exchange* out = nullptr;
    for (const auto* x : all) {
        if (x->request->actor == e.actor && ca_of(*x->request) == ca_of(e) && is_accepted(*x) &&
            x->answer->number < e.number) {
            out = x;
        }
    }
    return out;
}

// Derived from RFC 8894 section 4.1: POST where the CA says that it can, GET otherwise.
observation client_posts_when_possible(const trace_view& run) {
    observation out;
    const auto all = scep_operations(run, "GetCACaps");
    for (const auto* x : scep_operations(run, "PKIOperation")) {
        const auto* caps = capabilities_before(all, *x->request);
        if (caps == nullptr || list_of(caps->answer->summary, "caps") == nullptr) {
            continue;
        }
        ++out.occasions;
        const bool can = has_capability(*caps->answer, "POSTPKIOperation") ||
                         has_capability(*caps->answer, "SCEPStandard");
        const auto expected = can ? std::string{"POST"} : std::string{"GET"};
        if (x->request->method != expected) {
            note(out, *x->request, expected, x->request->method, {caps->answer});
        }
    }
    out.reason = "no PKIOperation followed a list of capabilities";
    return out;
}

// RFC 8894 section 3.2.1.5: 16 octets, fresh in every message. The very same message may be sent
// again when its answer was lost.
observation client_nonce_is_fresh(const trace_view& run) {
    constexpr std::size_t hex_of_16_octets = 32;
    observation out;
    std::map<std::string, const exchange*, std::less<>> used;
    for (const auto* x : scep_operations(run, "PKIOperation")) {
        const auto& s = x->request->summary;
        if (s.text("signature") != "valid") {
            continue;
        }
        ++out.occasions;
        const auto nonce = s.text("senderNonce");
        if (nonce.size() != hex_of_16_octets) {
            note(out, *x->request, "a senderNonce of 16 octets",
                 std::to_string(nonce.size() / 2) + " octets");
            continue;
        }
        const auto [old, fresh] = used.try_emplace(std::string{nonce}, x);
        if (fresh) {
            continue;
        }
        const auto& first = *old->second;
        const bool same_message =
            first.request->summary.text("transactionID") == s.text("transactionID") &&
            first.request->summary.number("message_bytes") == s.number("message_bytes");
        if (!same_message || is_accepted(first)) {
            note(out, *x->request, "a fresh senderNonce", "that of an earlier message",
                 {first.request});
        }
        old->second = x;
    }
    out.reason = "no Mac sent a PKIOperation";
    return out;
}

} // namespace

void add_scep_message_checks(std::vector<check>& to) {
    using enum level;
    constexpr auto ca = subject::scep_server;
    constexpr auto client = subject::scep_client;
    to.push_back({"SCEP-010",
                  "A refusal is a CertRep, not an HTTP error.",
                  must,
                  basis::derived,
                  "derived from RFC 8894 section 4.1",
                  ca,
                  {"micromdm/scep#37"},
                  refusals_are_cert_reps});
    to.push_back({"SCEP-011",
                  "A CertRep has its status, and the request's transactionID and nonce.",
                  must,
                  basis::rfc,
                  "RFC 8894 section 3.2.1",
                  ca,
                  {"micromdm/scep#104"},
                  cert_rep_is_complete});
    to.push_back({"SCEP-012",
                  "A CertRep has a fresh senderNonce of 16 octets.",
                  should,
                  basis::rfc,
                  "RFC 8894 section 3.2.1.5",
                  ca,
                  {"micromdm/scep#104"},
                  reply_nonce_is_fresh});
    to.push_back({"SCEP-013",
                  "A CertRep is signed by a certificate of GetCACert.",
                  must,
                  basis::rfc,
                  "RFC 8894 section 3.3.2",
                  ca,
                  {},
                  reply_is_signed_by_the_ca});
    to.push_back({"SCEP-021",
                  "Serial numbers are positive, at most 20 octets and unique.",
                  must,
                  basis::rfc,
                  "RFC 5280 section 4.1.2.2",
                  ca,
                  {"micromdm/scep#185"},
                  serials_are_unique});
    to.push_back({"SCEP-035",
                  "failInfo is there exactly with status FAILURE.",
                  must,
                  basis::rfc,
                  "RFC 8894 section 3.2.1.4",
                  ca,
                  {},
                  fail_info_goes_with_failure});
    to.push_back({"SCEP-051",
                  "PKIOperation goes by POST where the CA announces it, else by GET.",
                  must,
                  basis::derived,
                  "derived from RFC 8894 section 4.1",
                  client,
                  {},
                  client_posts_when_possible});
    to.push_back({"SCEP-054",
                  "Every message has a fresh senderNonce of 16 octets.",
                  must,
                  basis::rfc,
                  "RFC 8894 section 3.2.1.5",
                  client,
                  {},
                  client_nonce_is_fresh});
}

} // namespace pomona::checks
