// Documents that declarations point to (data of assets, profiles of legacy configurations): how
// they are kept.
#pragma once

#include "pomona/foundation/bytes.hpp"

#include <optional>
#include <string>

namespace pomona::server {

struct asset {
    std::string media_type;
    /// Only holders of a device certificate of this server get it (Authentication MDM); otherwise
    /// anybody does.
    bool for_devices = true;
    bytes content; ///< never empty
};

/// The settings of the store that an asset is in.
std::string asset_key(const std::string& name);
bytes write_asset(const asset& a);
std::optional<asset> read_asset(bytes_view stored); ///< nullopt: there is none

} // namespace pomona::server
