// The rules of a command queue (Apple, "Sending MDM commands" and "Handling NotNow"): which command
// is offered next, and what a report changes. No database, no time.
#pragma once

#include "pomona/protocol/mdm/command.hpp"

#include <string>
#include <string_view>

namespace pomona::server {

/// May a pending command be the answer to a report of `status` on `connection`? `refused_on` names
/// the connection on which it was last answered NotNow; empty: none.
bool may_offer(std::string_view refused_on, std::string_view connection,
               mdm::command_status status);

/// Does the command leave the queue?
bool is_terminal(mdm::command_status status);

/// After this report, will the Mac come back by itself for the commands it has refused? Only when
/// NotNow was the last status it sent; otherwise the server has to push.
bool needs_follow_up(mdm::command_status status, bool refused_here);

} // namespace pomona::server
