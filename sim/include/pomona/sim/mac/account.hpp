// A user of a Mac.
#pragma once

#include "pomona/foundation/error.hpp"
#include "pomona/protocol/plist/value.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::net {
class world;
}

namespace pomona::sim::mac {

struct persona;

/// What MDM has to do with an account.
/// Apple's protocol reference: only the user who enrolled the Mac and network users that the server
/// accepts are managed; other local users never connect.
enum class account_kind {
    managed, ///< a local user with a channel of its own
    network, ///< of a directory (network or mobile account): UserAuthenticate at each log-in
    local    ///< never heard of by the server
};
/// "managed", "network", "local".
std::string_view to_text(account_kind k);
std::optional<account_kind> find_account_kind(std::string_view text);
std::vector<std::string> account_kind_names();

struct account {
    std::string id;         ///< GUID in upper case: UserID on the wire
    std::string short_name; ///< "alice"
    std::string long_name;  ///< "Alice"
    account_kind kind = account_kind::managed;
    std::string password = {}; ///< what the user types at log-in; never in a trace

    /// With the password.
    [[nodiscard]] plist::dict save() const;
    static result<account> load(const plist::dict& saved);
};
/// An account to be made.
struct account_order {
    std::string short_name;
    account_kind kind = account_kind::managed;
    std::string password = {};
    bool operator==(const account_order&) const = default;
};
/// An account with a GUID from the world's randomness, or with the one that all users of a `kind`
/// have (Shared iPad).
account draw_account(net::world& world, account_order what, const persona* kind = nullptr);

} // namespace pomona::sim::mac
