#include "mac/machine/os_catalogue.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace pomona::sim::mac {
namespace {

constexpr std::int64_t mib = 1024 * 1024;

/// Versions and builds as Apple published them. Choice: the sizes are round numbers of the right
/// order; a Mac's own download differs with what it has.
constexpr std::array<macos_release, 27> releases{{
    {"13.6", "22G120", "CFNetwork/1410.1 Darwin/22.6.0", 1200 * mib},
    {"13.7", "22H123", "CFNetwork/1410.1 Darwin/22.6.0", 1100 * mib},
    {"13.7.1", "22H221", "CFNetwork/1410.1 Darwin/22.6.0", 1000 * mib},
    {"13.7.2", "22H313", "CFNetwork/1410.1 Darwin/22.6.0", 1000 * mib},
    {"14.6", "23G80", "CFNetwork/1498.700.2 Darwin/23.6.0", 1500 * mib},
    {"14.6.1", "23G93", "CFNetwork/1498.700.2 Darwin/23.6.0", 1100 * mib},
    {"14.7", "23H124", "CFNetwork/1498.700.2 Darwin/23.6.0", 1200 * mib},
    {"14.7.1", "23H222", "CFNetwork/1498.700.2 Darwin/23.6.0", 1100 * mib},
    {"14.7.2", "23H311", "CFNetwork/1498.700.2 Darwin/23.6.0", 1100 * mib},
    {"14.7.3", "23H417", "CFNetwork/1498.700.2 Darwin/23.6.0", 1100 * mib},
    {"15.0", "24A335", "CFNetwork/1568.100.1 Darwin/24.0.0", 6600 * mib},
    {"15.0.1", "24A348", "CFNetwork/1568.100.1.2.1 Darwin/24.0.0", 1200 * mib},
    {"15.1", "24B83", "CFNetwork/1568.200.51 Darwin/24.1.0", 2900 * mib},
    {"15.1.1", "24B91", "CFNetwork/1568.200.51 Darwin/24.1.0", 1600 * mib},
    {"15.2", "24C101", "CFNetwork/1568.300.101 Darwin/24.2.0", 2900 * mib},
    {"15.3", "24D60", "CFNetwork/1568.400.12 Darwin/24.3.0", 2800 * mib},
    {"15.3.1", "24D70", "CFNetwork/1568.400.12 Darwin/24.3.0", 1700 * mib},
    {"15.3.2", "24D81", "CFNetwork/1568.400.12 Darwin/24.3.0", 1700 * mib},
    {"15.4", "24E248", "CFNetwork/3826.400.120 Darwin/24.4.0", 4300 * mib},
    {"15.4.1", "24E263", "CFNetwork/3826.400.120 Darwin/24.4.0", 1700 * mib},
    {"15.5", "24F74", "CFNetwork/3826.500.131 Darwin/24.5.0", 3000 * mib},
    {"15.6", "24G84", "CFNetwork/3826.600.41 Darwin/24.6.0", 2900 * mib},
    {"15.6.1", "24G90", "CFNetwork/3826.600.41 Darwin/24.6.0", 1800 * mib},
    {"26.0", "25A354", "CFNetwork/3860.100.1 Darwin/25.0.0", 7700 * mib},
    {"26.0.1", "25A362", "CFNetwork/3860.100.1 Darwin/25.0.0", 1900 * mib},
    {"26.1", "25B78", "CFNetwork/3860.200.71 Darwin/25.1.0", 3200 * mib},
    {"26.2", "25C56", "CFNetwork/3860.300.31 Darwin/25.2.0", 3100 * mib},
}};

/// The next number of `text`, which is shortened by it and its dot.
long take_number(std::string_view& text) {
    long out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out);
    const auto dot = text.find('.');
    text = dot == std::string_view::npos ? std::string_view{} : text.substr(dot + 1);
    return out;
}

/// Apple, "macOS Tahoe is compatible with these computers": the last models with Intel.
constexpr std::array<std::string_view, 6> intel_of_tahoe{
    "MacBookPro16,1", "MacBookPro16,2", "MacBookPro16,4", "MacPro7,1", "iMac20,1", "iMac20,2"};

} // namespace

std::span<const macos_release> all_macos_releases() {
    return releases;
}

const macos_release* find_macos_release(std::string_view version) {
    const auto* found = std::ranges::find(releases, version, &macos_release::version);
    return found == releases.end() ? nullptr : found;
}

bool older_version(std::string_view a, std::string_view b) {
    while (!a.empty() || !b.empty()) {
        const auto x = take_number(a);
        const auto y = take_number(b);
        if (x != y) {
            return x < y;
        }
    }
    return false;
}

int major_of(std::string_view version) {
    return static_cast<int>(take_number(version));
}

std::string_view marketing_name(int major) {
    switch (major) {
    case 13:
        return "Ventura";
    case 14:
        return "Sonoma";
    case 15:
        return "Sequoia";
    case 26:
        return "Tahoe";
    default:
        return {};
    }
}

int newest_major_for(std::string_view model, bool apple_silicon) {
    return apple_silicon || std::ranges::find(intel_of_tahoe, model) != intel_of_tahoe.end() ? 26
                                                                                             : 15;
}

} // namespace pomona::sim::mac
