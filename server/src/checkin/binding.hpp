// Which certificate may speak for which enrollment: the rule alone, without a database.
#pragma once

#include "pomona/foundation/bytes.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace pomona::server {

/// Fact sheet section 11: Authenticate, then TokenUpdate; CheckOut ends it.
enum class enrollment_state { none = 0, authenticated = 1, enrolled = 2, disabled = 3 };
std::string_view to_text(enrollment_state s);

enum class access {
    allowed,
    rebind,       ///< allowed, and the enrollment's certificate is the presented one from now on
    premature,    ///< a user's channel before the device's has been announced
    unrecognized, ///< nothing of this enrollment is known: the Mac may as well unenroll
    refused       ///< the certificate belongs elsewhere: never a reason to unenroll
};

/// What the store knows when a request comes in.
struct binding_facts {
    enrollment_state state = enrollment_state::none; ///< of the device channel
    bytes bound;                                     ///< certificate of the enrollment; empty: none
    std::optional<std::string> owner; ///< device that the presented certificate is bound to
    bytes renewed; ///< the certificate that the presented one renewed; empty: none
};

/// `device` is the device channel's id: users of a Mac speak with its certificate.
access judge(const binding_facts& facts, std::string_view device, const bytes& presented,
             bool is_authenticate);

} // namespace pomona::server
