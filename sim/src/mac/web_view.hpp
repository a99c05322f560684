// The web view of an enrollment: pages one after the other, a form filled in where somebody has to
// sign in, until a profile comes or an address with the enrollment's own scheme.
#pragma once

#include "mac/enrollment.hpp"

namespace pomona::sim::mac {

struct web_session {
    net::trust_store trust = {}; ///< null: the system's
    net::headers first = {};     ///< with the first page load only (ENR-112)
    std::string scheme = {}; ///< an address that begins so ends it: "apple-…:"; empty: none does
};

/// What ended it: a profile in `answer`, or `address` with the scheme.
struct web_end {
    std::string address;
    net::response answer;
    std::uint64_t event = 0; ///< of the last answer
};

/// As core::person. Requests to the server of `url` are recorded as channel "enroll", others as
/// "sign-in". Nothing but https is gone to.
net::task<std::expected<web_end, step_failure>> browse(core_ptr self, std::string url,
                                                       web_session how, std::uint64_t cause);

/// Apple, "Authenticating through web views": the last two labels are the same. An address, or a
/// name of one label, has to be the same itself.
bool is_same_site(std::string_view a, std::string_view b);

} // namespace pomona::sim::mac
