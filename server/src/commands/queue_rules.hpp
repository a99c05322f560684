// The rules of a command queue (Apple, "Sending MDM commands" and "Handling NotNow"): which command
// is offered next, and what a report changes. No database, no time.
#pragma once

#include "pomona/protocol/mdm/command.hpp"

#include <string>
#include <string_view>

namespace pomona::server {

/// A round is what one enrollment (a device, or a user of it) says from one Idle to the next. It is
/// not a connection: that may end in its middle, HTTP/2 carries several rounds side by side on one,
/// and a proxy may spread one round over many.

/// May a pending command be the answer to a report of `status`? `refused`: it was answered NotNow
/// in this round.
bool may_offer(bool refused, mdm::command_status status);

/// Does the command leave the queue?
bool is_terminal(mdm::command_status status);

/// After this report, will the Mac come back by itself for the commands it has refused? Only when
/// NotNow was the last status it sent; otherwise the server has to push. `any_refused`: one is
/// pending that was answered NotNow in this round.
bool needs_follow_up(mdm::command_status status, bool any_refused);

} // namespace pomona::server
