// What answers are made from: the Mac as it stands when a command arrives.
#pragma once

#include "mac/profile_store.hpp"
#include "pomona/sim/mac/persona.hpp"

#include <optional>

namespace pomona::sim::mac {

/// References into the Mac; valid during one call.
struct device_state {
    const hardware& machine;
    const profile_store& profiles;
    const crypto::context& crypto;
    std::int64_t access_rights = 0;
    push_token token;
    time_point now;
    /// Enrolled by a profile that the user installed: since macOS 11 such a Mac is supervised.
    bool supervised = true;
    bool power_nap = false;

    [[nodiscard]] bool may(std::int64_t right) const { return (access_rights & right) == right; }
};

/// "14.7.1" as 1407: for the release at which something was introduced.
int os_release(const persona& kind);

/// One query of DeviceInformation; nullopt when it is unknown here, has no value, or lacks its
/// right.
std::optional<plist::value> answer_query(std::string_view query, const device_state& state);
/// How the Mac names itself on the network.
std::string local_host_name(const hardware& machine);
std::string host_name(const hardware& machine);

/// The dictionary SecurityInfo of the device channel.
plist::dict security_info(const device_state& state);

} // namespace pomona::sim::mac
