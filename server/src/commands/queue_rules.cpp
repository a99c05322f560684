#include "commands/queue_rules.hpp"

namespace pomona::server {

bool may_offer(std::string_view refused_on, std::string_view connection,
               mdm::command_status status) {
    // MDM-CHK-013: Idle begins a new round, in which everything pending may be offered, also when
    // the Mac kept its connection.
    if (status == mdm::command_status::idle) {
        return true;
    }
    // Apple, "Handling NotNow": sending it again at once would loop (MDM-CHK-012).
    return refused_on.empty() || refused_on != connection;
}

bool is_terminal(mdm::command_status status) {
    // Apple: Acknowledged and Error end a command. Choice: CommandFormatError too (MDM-CHK-011), as
    // repeating a malformed command cannot help.
    return status == mdm::command_status::acknowledged || status == mdm::command_status::error ||
           status == mdm::command_status::command_format_error;
}

bool needs_follow_up(mdm::command_status status, bool refused_here) {
    // Apple, "Handling NotNow" (MDM-CHK-014).
    return refused_here && is_terminal(status);
}

} // namespace pomona::server
