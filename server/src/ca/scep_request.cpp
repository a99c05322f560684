#include "ca/scep_request.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/scep/message.hpp"

#include <algorithm>

namespace pomona::server {
namespace {

scep_request refuse(unsigned status, std::string reason) {
    return {scep_request::what::invalid, {}, status, std::move(reason)};
}

/// The bytes of `message`, still escaped: a body of base64 may hold what percent_decode refuses.
std::optional<bytes> message_of(std::string_view target) {
    auto text = net::query_parameter(target, "message");
    if (!text) {
        return std::nullopt;
    }
    // Observed: macOS leaves '+' raw when the CA does not advertise POST, a form decoder on the way
    // makes spaces of them, strongSwan breaks lines, Go's client uses the URL-safe alphabet
    // (SCEP-009).
    return from_base64_liberal(*text, true);
}

} // namespace

scep_request read_scep_request(const net::request& http) {
    const auto operation = net::query_parameter(http.target, "operation").value_or("");
    const bool get = http.method == "GET";
    // SCEP-007: `message` of the first two names a CA; there is only one here.
    if (get && operation == "GetCACaps") {
        return {scep_request::what::get_ca_caps, {}, 0, {}};
    }
    if (get && operation == "GetCACert") {
        return {scep_request::what::get_ca_cert, {}, 0, {}};
    }
    if (operation != "PKIOperation") {
        return refuse(400, "unknown SCEP operation");
    }
    if (!get && http.method != "POST") {
        return refuse(405, "PKIOperation is POST or GET");
    }
    scep_request out{scep_request::what::pki_operation, {}, 0, {}};
    if (get) {
        auto message = message_of(http.target);
        if (!message) {
            return refuse(400, "the parameter message is not base64");
        }
        out.message = std::move(*message);
    } else {
        out.message = http.body; // whatever its Content-Type: clients disagree (SCEP-008)
    }
    if (out.message.size() > max_pki_message) {
        return refuse(413, "a pkiMessage of this size is not accepted");
    }
    if (out.message.empty()) {
        return refuse(400, "there is no pkiMessage");
    }
    return out;
}

std::string scep_capabilities() {
    scep::capabilities caps;
    caps.aes = caps.des3 = true;
    caps.sha1 = caps.sha256 = caps.sha384 = caps.sha512 = true;
    caps.post = caps.renewal = caps.scep_standard = true;
    return scep::write_capabilities(caps);
}

} // namespace pomona::server
