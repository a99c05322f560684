// What a SCEP server says about itself (RFC 8894): GetCACaps and GetCACert.
#include "registry.hpp"
#include "scep_reading.hpp"

#include <algorithm>
#include <array>

namespace pomona::checks {
namespace {

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

// RFC 8894 section 3.5.2: a list of words in plain text. Section 2.9 makes the operation mandatory;
// what a busy or broken server answers (408, 429, 5xx) tells nothing.
observation capabilities_are_answered(const trace_view& run) {
    observation out;
    for (const auto* x : scep_operations(run, "GetCACaps")) {
        if (!x->answered() || x->answer->status == 408 || x->answer->status == 429 ||
            (x->answer->status >= 500 && x->answer->status != 501)) {
            continue;
        }
        ++out.occasions;
        const auto* words = list_of(x->answer->summary, "caps");
        if (x->answer->status != 200 || words == nullptr) {
            note(out, *x->answer, "200 with a list of keywords", answer_text(*x), {x->request});
        } else if (!std::ranges::all_of(*words, is_printable)) {
            note(out, *x->answer, "printable keywords", escape(joined(*words)), {x->request});
        }
    }
    out.reason = "no answer to GetCACaps was seen";
    return out;
}

constexpr std::array<std::string_view, 11> keywords{
    "AES",     "DES3",    "GetNextCACert", "POSTPKIOperation", "Renewal", "SHA-1",
    "SHA-256", "SHA-384", "SHA-512",       "SCEPStandard",     "SHA-224"};

std::string form_problem(const trace_view& run, const exchange& x) {
    const auto body = run.body(*x.answer);
    if (body && std::ranges::find(*body, '\r') != body->end()) {
        return "lines that end with CR LF";
    }
    for (const auto& word : *list_of(x.answer->summary, "caps")) {
        for (const auto known : keywords) {
            if (word != known && is_same_word(word, known)) {
                return "the keyword " + word;
            }
        }
    }
    const auto type = net::media_type(x.answer->headers);
    return type == "text/plain" ? std::string{} : type.empty() ? "no Content-Type" : type;
}

// Observed: Apple's tool splits at LF and compares whole words, others compare by length. RFC 8894
// section 3.5.2 permits CR LF and asks for text/plain with SHOULD.
observation capabilities_are_plain(const trace_view& run) {
    observation out;
    for (const auto* x : scep_operations(run, "GetCACaps")) {
        if (is_accepted(*x) && list_of(x->answer->summary, "caps") != nullptr) {
            ++out.occasions;
            if (auto problem = form_problem(run, *x); !problem.empty()) {
                note(out, *x->answer, "text/plain, LF, keywords as they are written in the RFC",
                     escape(problem), {x->request});
            }
        }
    }
    out.reason = "no list of capabilities was seen";
    return out;
}

// RFC 8894 section 2.9: AES-128-CBC, SHA-256 and HTTP POST are mandatory.
observation mandatory_capabilities(const trace_view& run) {
    observation out;
    for (const auto* x : scep_operations(run, "GetCACaps")) {
        if (!is_accepted(*x) || list_of(x->answer->summary, "caps") == nullptr) {
            continue;
        }
        ++out.occasions;
        const auto& caps = *x->answer;
        const bool all = has_capability(caps, "AES") && has_capability(caps, "SHA-256") &&
                         has_capability(caps, "POSTPKIOperation");
        if (!all && !has_capability(caps, "SCEPStandard")) {
            note(out, caps, "AES, SHA-256 and POSTPKIOperation, or SCEPStandard",
                 escape(joined(*list_of(caps.summary, "caps"))), {x->request});
        }
    }
    out.reason = "no list of capabilities was seen";
    return out;
}

// RFC 8894 section 4.2.1: one certificate as x-x509-ca-cert; several as certs-only with
// x-x509-ca-ra-cert. One certificate inside a certs-only message is tolerated.
observation ca_certificates_have_their_type(const trace_view& run) {
    constexpr std::string_view one = "application/x-x509-ca-cert";
    constexpr std::string_view several = "application/x-x509-ca-ra-cert";
    observation out;
    for (const auto* x : scep_operations(run, "GetCACert")) {
        const auto* certificates =
            is_accepted(*x) ? list_of(x->answer->summary, "certificates") : nullptr;
        if (certificates == nullptr) {
            continue;
        }
        ++out.occasions;
        const auto type = net::media_type(x->answer->headers);
        const auto actual = std::to_string(certificates->size()) + " certificates with " +
                            (type.empty() ? "no Content-Type" : type);
        const bool good = certificates->size() == 1  ? type == one || type == several
                          : certificates->size() > 1 ? type == several
                                                     : false;
        if (!good) {
            note(out, *x->answer,
                 "one certificate with x-x509-ca-cert, or several with x-x509-ca-ra-cert", actual,
                 {x->request});
        }
    }
    out.reason = "no answer to GetCACert was seen";
    return out;
}

} // namespace

void add_scep_checks(std::vector<check>& to) {
    using enum level;
    constexpr auto ca = subject::scep_server;
    to.push_back({"SCEP-001",
                  "GetCACaps is answered 200 with printable keywords.",
                  must,
                  basis::rfc,
                  "RFC 8894 section 3.5.2",
                  ca,
                  {},
                  capabilities_are_answered});
    to.push_back({"SCEP-002",
                  "Capabilities are text/plain with LF and exact keywords.",
                  should,
                  basis::observed,
                  "observed: clients that compare whole lines",
                  ca,
                  {},
                  capabilities_are_plain});
    to.push_back({"SCEP-003",
                  "AES, SHA-256 and POST are announced.",
                  should,
                  basis::rfc,
                  "RFC 8894 section 2.9",
                  ca,
                  {},
                  mandatory_capabilities});
    to.push_back({"SCEP-005",
                  "GetCACert has the media type of its form.",
                  must,
                  basis::rfc,
                  "RFC 8894 section 4.2.1",
                  ca,
                  {},
                  ca_certificates_have_their_type});
}

} // namespace pomona::checks
