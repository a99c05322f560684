// Points in time as the worlds hand them out, and their text forms.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace pomona {

/// World time: UTC, nanoseconds. In the real world the machine's clock, in the virtual one the
/// simulated.
using time_point = std::chrono::sys_time<std::chrono::nanoseconds>;
using duration = std::chrono::nanoseconds;

/// "2026-01-02T03:04:05Z" (RFC 3339, whole seconds).
std::string to_rfc3339(time_point t);
/// The same with nine decimals: sorts as text.
std::string to_rfc3339_nanos(time_point t);
/// Accepts both forms above, UTC only.
std::optional<time_point> from_rfc3339(std::string_view text);

/// "250ms", "30s", "15m", "2h", "180d", and sums such as "1h30m". nullopt for anything else.
std::optional<duration> parse_duration(std::string_view text);
/// The shortest of the forms above, for messages: "1m30s".
std::string format_duration(duration d);

} // namespace pomona
