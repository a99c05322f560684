// What Apple's activation service tells a Mac that asks which enrollment profile it has.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/net/connection.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim {

/// Observed: what a Mac's Setup Assistant asks; the body is signed by the device's certificate.
/// Choice: not encrypted besides, as Apple's is, and without its session.
inline constexpr std::string_view activation_path = "/macProfile";
inline constexpr std::string_view activation_action = "RequestProfileConfiguration";

/// Where Macs ask.
struct activation_host {
    std::string url; ///< whole: "https://localhost:8443/macProfile"
    net::trust_store trust;
};

namespace mac {

/// What the Mac learns (Automated Device Enrollment); the profile that its server has defined.
struct ade_assignment {
    std::string url; ///< takes MachineInfo by POST, gives the profile
    /// Setup Assistant stops until DeviceConfigured.
    bool await_device_configured = true;
    std::string web_url = {};        ///< shown instead of asking `url`; empty: none
    std::vector<bytes> anchors = {}; ///< DER: all that the server may chain to; empty: as usual
    bool mandatory = true;           ///< false: Setup Assistant goes on when enrolling failed
    bool removable = true;           ///< false: users cannot remove the enrollment profile
    bool supervised = true;          ///< as it was defined; Macs are supervised regardless
    std::vector<std::string> skipped = {}; ///< panes of Setup Assistant
    std::string organization = {};
};

} // namespace mac
} // namespace pomona::sim
