// The command loop (Apple, "Sending MDM commands"): commands to the Mac, its reports back.
#pragma once

#include "pomona/protocol/mdm/checkin.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pomona::mdm {

enum class command_status { idle, acknowledged, error, command_format_error, not_now };
std::string_view to_text(command_status status); ///< "Idle", "Acknowledged", …
std::optional<command_status> parse_status(std::string_view text);

struct error_chain_item {
    std::int64_t code = 0;
    std::string domain;
    std::string localized_description;
    std::string us_english_description;
};

/// What the Mac PUTs to ServerURL. `result` holds every other key of the message, in order.
struct report {
    sender from;
    command_status status = command_status::idle;
    command_uuid uuid; ///< empty for Idle
    std::vector<error_chain_item> errors;
    /// User channel only: its user is not the one at the screen.
    std::optional<bool> not_on_console = std::nullopt;
    plist::dict result;
};
result<report> parse_report(bytes_view body);
bytes write_report(const report& r);

/// What the server answers: CommandUUID and Command, nothing else at top level (MDM-CHK-005).
struct command {
    command_uuid uuid;
    std::string request_type;
    plist::dict body; ///< the Command dictionary, RequestType included
};
result<command> parse_command(bytes_view body);
bytes write_command(const command& c);

} // namespace pomona::mdm
