#include "commands/queue_rules.hpp"

namespace pomona::server {

bool may_offer(bool refused, mdm::command_status status) {
    // MDM-CHK-013: Idle begins a new round, in which everything pending may be offered. Apple,
    // "Handling NotNow": sending it again at once would loop (MDM-CHK-012).
    return status == mdm::command_status::idle || !refused;
}

bool is_terminal(mdm::command_status status) {
    // Apple: Acknowledged and Error end a command. Choice: CommandFormatError too (MDM-CHK-011), as
    // repeating a malformed command cannot help.
    return status == mdm::command_status::acknowledged || status == mdm::command_status::error ||
           status == mdm::command_status::command_format_error;
}

bool needs_follow_up(mdm::command_status status, bool any_refused) {
    // Apple, "Handling NotNow" (MDM-CHK-014).
    return any_refused && is_terminal(status);
}

} // namespace pomona::server
