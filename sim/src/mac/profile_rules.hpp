// May this profile be installed on this Mac at all? What is installed already is judged by
// `profile_store`.
#pragma once

#include "mac/profile_store.hpp"

#include <expected>

namespace pomona::sim::mac {

/// What the rules ask about the Mac and the way a profile comes.
struct install_facts {
    std::string_view os_version; ///< as installed
    bool user_channel = false;
    bool user_enrollment = false;
    bool user_approved = true; ///< the user agreed to the enrollment, or it came by ADE
    origin from = origin::mdm;
};

/// How a Mac reports a profile that cannot be read (`profile::parse`).
mdm::error_chain_item unreadable(const error& why);
/// The rules of the profile itself, and of each payload type: its channel, whether it may come by
/// hand, in user enrollment, without the user's approval.
std::expected<void, mdm::error_chain_item> check_content(const profile::profile& p,
                                                         const install_facts& facts);
/// Payload types of which the schema permits one: within `p`, and with what other profiles of the
/// channel have brought.
std::expected<void, mdm::error_chain_item> check_singles(const profile::profile& p,
                                                         const profile_store& installed);

} // namespace pomona::sim::mac
