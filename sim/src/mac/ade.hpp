// Automated Device Enrollment: Setup Assistant shows who the Mac is and gets its profile.
#pragma once

#include "mac/enrollment.hpp"

namespace pomona::sim::mac {

/// As the Mac's assignment says. What the server wants first (another version of macOS) is done,
/// then asked again.
net::task<enroll_result> enroll_by_ade(core_ptr self, std::uint64_t cause);

/// What the server that the Mac is assigned to gives it. `cause` becomes the event of the answer.
net::task<std::expected<bytes, step_failure>> fetch_profile(core_ptr self, std::uint64_t& cause);

} // namespace pomona::sim::mac
