// The releases of macOS that the virtual update service offers. Facts, no state.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim::mac {

/// One release as Apple's lookup service lists it.
struct macos_release {
    std::string_view version;       ///< "15.1.1"
    std::string_view build;         ///< "24B91"
    std::string_view network_agent; ///< "CFNetwork/… Darwin/…" of this release
    std::int64_t download_bytes = 0;
};

/// In the order of their versions.
std::span<const macos_release> all_macos_releases();
/// Null when the catalogue has none of exactly that version.
const macos_release* find_macos_release(std::string_view version);

/// Numbers compared one by one, "15.1" before "15.1.1" before "15.10"; anything that is no number
/// counts as 0.
bool older_version(std::string_view a, std::string_view b);
/// 15 of "15.1.1".
int major_of(std::string_view version);
/// "Sequoia"; empty when the major version is not in the catalogue.
std::string_view marketing_name(int major);
/// The last major version that runs on a model.
int newest_major_for(std::string_view model, bool apple_silicon);

} // namespace pomona::sim::mac
