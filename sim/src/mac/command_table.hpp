// The commands macOS knows, and the access right each needs.
#pragma once

#include <cstdint>
#include <string_view>

namespace pomona::sim::mac {

/// Bits of AccessRights (schema com.apple.mdm).
namespace access_right {
inline constexpr std::int64_t none = 0;
inline constexpr std::int64_t inspect_profiles = 1;
inline constexpr std::int64_t change_profiles = 2;
inline constexpr std::int64_t lock_device = 4;
inline constexpr std::int64_t erase_device = 8;
inline constexpr std::int64_t device_information = 16;
inline constexpr std::int64_t network_information = 32;
inline constexpr std::int64_t inspect_apps = 256;
inline constexpr std::int64_t security_queries = 1024;
inline constexpr std::int64_t settings = 2048;
inline constexpr std::int64_t manage_apps = 4096;
} // namespace access_right

struct command_kind {
    std::string_view request_type;
    std::int64_t right = access_right::none; ///< all of these bits are needed
    bool works_in_power_nap = false;         ///< never answered NotNow for that reason
};
/// Null for a RequestType that is not for Macs, or that nobody knows.
const command_kind* find_command(std::string_view request_type);

} // namespace pomona::sim::mac
