// What the schema tables do not say of commands, and the bits of AccessRights by name.
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

/// Such a command is never answered NotNow because the Mac is in Power Nap. The schema does not say
/// it; everything else about commands is in protocol/schema.
bool works_in_power_nap(std::string_view request_type);

} // namespace pomona::sim::mac
