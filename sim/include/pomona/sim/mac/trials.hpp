// What a scenario puts a machine to, beyond its condition: how updates and installations go.
#pragma once

#include "pomona/foundation/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim::mac {

/// Nullopt and empty lists leave things as they are.
struct trials {
    /// "none", or what goes wrong with updates of macOS: update_fault_names.
    std::optional<std::string> update_fault = {};
    /// How long each step of an update takes; zero: as long as it usually does.
    std::optional<duration> update_step = {};
    std::optional<bool> app_licences = {};  ///< false: none is found (9610)
    std::optional<bool> app_downloads = {}; ///< false: they fail
    /// How long each step of an installation takes; zero: as long as it usually does.
    std::optional<duration> app_step = {};
    /// Bundle identifiers of the App Store: what the user installs and removes.
    std::vector<std::string> installed_apps = {}, removed_apps = {};
    /// Why Erase All Content and Settings cannot run; empty: it can.
    std::optional<std::string> erase_obstacle = {};

    bool operator==(const trials&) const = default;
};

/// "none", "scan", "download", "network", "space", "power", "install".
std::vector<std::string> update_fault_names();
/// Whether the App Store of the virtual world has it.
bool is_store_app(std::string_view bundle_identifier);

} // namespace pomona::sim::mac
