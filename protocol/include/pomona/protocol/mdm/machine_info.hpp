// MachineInfo: what a Mac says of itself when it asks for its enrollment profile (Apple,
// "MachineInfo"; schema other/machineinfo.yaml). It travels inside a CMS signed by the device's
// certificate; the signature is not this header's.
#pragma once

#include "pomona/foundation/error.hpp"
#include "pomona/foundation/ids.hpp"

#include <optional>
#include <string>

namespace pomona::mdm {

struct machine_info {
    udid device;
    serial_number serial;
    std::string product;    ///< "Mac14,2"
    std::string build;      ///< VERSION on the wire: "24B83"
    std::string os_version; ///< OS_VERSION, since macOS 14; may be empty
    std::string language;   ///< "en"; may be empty
    /// MDM_CAN_REQUEST_SOFTWARE_UPDATE, since macOS 14: the server may answer that another version
    /// of the OS is needed first.
    bool can_request_software_update = false;
    std::string software_update_device_id; ///< since macOS 14.4; may be empty
};

/// XML property list. Empty texts are left out; so is a `false`.
bytes write_machine_info(const machine_info& m);
/// Unknown keys are ignored; UDID and SERIAL have to be there, as this is no user enrollment.
result<machine_info> read_machine_info(bytes_view plist);

/// "14.4" against "14.10": by numbers, missing ones are 0.
[[nodiscard]] bool is_older_version(std::string_view a, std::string_view b);

} // namespace pomona::mdm
