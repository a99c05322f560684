// A user of a Mac: an account that MDM manages beside the device.
#pragma once

#include <string>

namespace pomona::net {
class world;
}

namespace pomona::sim::mac {

struct account {
    std::string id;         ///< GUID in upper case: UserID on the wire
    std::string short_name; ///< "alice"
    std::string long_name;  ///< "Alice"
};
/// An account with a GUID from the world's randomness.
account draw_account(net::world& world, std::string short_name);

} // namespace pomona::sim::mac
