// One recorded body as the page shows it.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/trace/event.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>

namespace pomona::reports {

/// {sha256, size, media, redacted, and one of: decoded (the body as JSON), text, hex (its first
/// bytes)}. A body whose JSON would be longer than `max_bytes` has "too_long" instead.
nlohmann::json body_for_page(const trace::body_ref& ref, const std::string& media, bytes_view body,
                             std::size_t max_bytes);

} // namespace pomona::reports
