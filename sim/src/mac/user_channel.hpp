// A user's channel from log-in to log-out.
#pragma once

#include "mac/core.hpp"

namespace pomona::sim::mac {

/// Announces the channel of a user that is logged in to an enrolled Mac, if it is not open yet.
void open_when_possible(channel& c, std::uint64_t cause);

/// The two steps of UserAuthenticate; sets `admitted` and `auth_token`. `cause` becomes the event
/// that ended it. Accepted: the server has answered one way or the other (user_login.cpp).
net::task<standing> authenticate_user(channel_ptr self, channel::stamp begun, std::uint64_t& cause);

/// The user logs in at the login window, or beside another one (fast user switching), and has the
/// console. Nothing happens when logged in already but for the console.
void log_in(channel& c);
/// The user's agent ends, and with it what it was at.
void log_out(channel& c);
/// The account was deleted: its channel, if it has one, ends for good.
void end_user(core& mac, const std::string& short_name, std::uint64_t cause);
/// The locked keychain holds profiles up (Apple, "Handling a NotNow status").
void set_keychain_locked(channel& c, bool locked);
/// What stood in the way of sessions may be over: because of event `cause`.
void look_again(channel& c, std::uint64_t cause);

} // namespace pomona::sim::mac
