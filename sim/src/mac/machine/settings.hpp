// What the Settings command changes of a Mac.
#pragma once

#include "pomona/foundation/error.hpp"
#include "pomona/protocol/plist/value.hpp"

#include <string>

namespace pomona::sim::mac {

struct settings_state {
    std::string device_name; ///< empty: as it came
    std::string host_name;   ///< empty: made from the device's name
    bool bluetooth = true;
    plist::dict organization; ///< OrganizationInfo; empty: none
    // MDMOptions
    bool activation_lock_allowed = false;
    bool bootstrap_token_allowed = false;
    bool prompt_for_bootstrap_token = false;

    /// Of a Mac that was named `original` when it came.
    [[nodiscard]] const std::string& device_name_or(const std::string& original) const {
        return device_name.empty() ? original : device_name;
    }
    /// What the server had set goes with it.
    void enrollment_ended();

    [[nodiscard]] plist::dict save() const;
    static result<settings_state> load(const plist::dict& saved);
    bool operator==(const settings_state&) const = default;
};

/// A name on the network made from a device's name: letters, digits and hyphens.
std::string network_name_of(std::string_view device_name);

} // namespace pomona::sim::mac
