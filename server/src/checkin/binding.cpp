#include "checkin/binding.hpp"

namespace pomona::server {

std::string_view to_text(enrollment_state s) {
    switch (s) {
    case enrollment_state::none:
        return "none";
    case enrollment_state::authenticated:
        return "authenticated";
    case enrollment_state::enrolled:
        return "enrolled";
    case enrollment_state::disabled:
        return "disabled";
    }
    return "none";
}

access judge(const binding_facts& facts, std::string_view device, const bytes& presented,
             bool is_authenticate) {
    // Apple, "Managing certificates": the certificate and the UDID in the body belong together
    // (MDM-CHK-027).
    if (facts.owner && *facts.owner != device) {
        return access::refused;
    }
    if (is_authenticate) {
        return access::rebind;
    }
    if (facts.state == enrollment_state::none || facts.state == enrollment_state::disabled) {
        return access::unrecognized;
    }
    if (facts.bound == presented) {
        return access::allowed;
    }
    // ENR-081: a renewed certificate is taken without a new Authenticate; the old one ends with it.
    if (!facts.renewed.empty() && facts.renewed == facts.bound) {
        return access::rebind;
    }
    return access::refused;
}

} // namespace pomona::server
