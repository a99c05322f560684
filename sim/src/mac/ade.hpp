// Automated Device Enrollment: Setup Assistant shows who the Mac is and gets its profile.
#pragma once

#include "mac/enrollment.hpp"

namespace pomona::sim::mac {

/// As the Mac's assignment says. What the server wants first (another version of macOS) is done,
/// then asked again.
net::task<enroll_result> enroll_by_ade(core_ptr self, std::uint64_t cause);

/// Observed (F21).
inline constexpr std::string_view setup_agent = "CloudConfiguration-OSX/1.0";

/// DER SignedData with the certificate that the device got in its factory, in the form that its
/// `manner` says.
result<bytes> signed_by_device(core& c, bytes_view content);

/// Asks what the Mac is assigned to, where it does, and then its server for the profile. `cause`
/// becomes the event of the answer.
net::task<std::expected<bytes, step_failure>> fetch_profile(core_ptr self, std::uint64_t& cause);

} // namespace pomona::sim::mac
