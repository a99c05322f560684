// Which commands of macOS belong to which channel (schema mdm/commands, macOS 15.1).
#pragma once

#include <optional>
#include <string_view>

namespace pomona::mdm {

enum class command_channel { device, user, both };
/// Nullopt for a RequestType that is not for Macs, or that nobody knows.
std::optional<command_channel> channel_of_command(std::string_view request_type);

} // namespace pomona::mdm
