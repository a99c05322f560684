// Who asks for a profile by Automated Device Enrollment.
#pragma once

#include "pomona/net/http.hpp"
#include "pomona/protocol/mdm/machine_info.hpp"
#include "service.hpp"

namespace pomona::server {

/// The MachineInfo in a CMS message of a device; the answer that refuses it otherwise.
std::expected<mdm::machine_info, net::response> identify_machine(const service& s,
                                                                 bytes_view signed_info);

} // namespace pomona::server
