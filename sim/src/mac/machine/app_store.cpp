// What the App Store of the virtual world has, and what comes with macOS.
#include "mac/machine/applications.hpp"
#include "pomona/protocol/crypto/context.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace pomona::sim::mac {
namespace {

constexpr std::int64_t mib = 1024 * 1024;

struct known_app {
    std::int64_t store_id;
    std::string_view identifier, name, version, short_version;
    std::int64_t bundle_size;
};

/// Identifiers as Apple's store lists them. Choice: versions and sizes are those of some day.
constexpr std::array<known_app, 10> known{{
    {408981434, "com.apple.iMovieApp", "iMovie", "387", "10.4.3", 3600 * mib},
    {409183694, "com.apple.iWork.Keynote", "Keynote", "7042.0.76", "14.2", 620 * mib},
    {409201541, "com.apple.iWork.Pages", "Pages", "7042.0.76", "14.2", 570 * mib},
    {409203825, "com.apple.iWork.Numbers", "Numbers", "7042.0.76", "14.2", 540 * mib},
    {497799835, "com.apple.dt.Xcode", "Xcode", "23507", "16.2", 4500 * mib},
    {682658836, "com.apple.garageband10", "GarageBand", "5995", "10.4.11", 1100 * mib},
    {784801555, "com.microsoft.onenote.mac", "Microsoft OneNote", "16.91", "16.91", 740 * mib},
    {803453959, "com.tinyspeck.slackmacgap", "Slack", "4.41.97", "4.41.97", 290 * mib},
    {1037126344, "com.apple.configurator.ui", "Apple Configurator", "8C78", "2.18", 210 * mib},
    {1295203466, "com.microsoft.rdc.macos", "Windows App", "2522", "11.0.7", 110 * mib},
}};

app make(const known_app& k) {
    // Choice: made from its number, as nobody but the store knows it.
    return {.identifier = std::string{k.identifier},
            .name = std::string{k.name},
            .version = std::string{k.version},
            .short_version = std::string{k.short_version},
            .bundle_size = k.bundle_size,
            .store_id = k.store_id,
            .external_version = 860'000'000 + k.store_id % 10'000'000};
}

app invent(std::string identifier, std::string name, std::int64_t store_id) {
    return {.identifier = std::move(identifier),
            .name = std::move(name),
            .version = "100",
            .short_version = "1.0.0",
            .bundle_size = (20 + store_id % 180) * mib,
            .store_id = store_id,
            .external_version = 860'000'000 + store_id % 10'000'000};
}

/// "org.example.App": parts of letters, digits and hyphens.
bool is_bundle_identifier(std::string_view text) {
    return text.size() <= 155 && text.find('.') != std::string_view::npos &&
           !text.starts_with('.') && !text.ends_with('.') && std::ranges::all_of(text, [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' ||
                      c == '_';
           });
}

app of_system(std::string_view identifier, std::string_view name, std::int64_t size) {
    return {.identifier = std::string{identifier},
            .name = std::string{name},
            .version = "1",
            .short_version = "1.0",
            .bundle_size = size};
}

} // namespace

std::optional<app> store_app(std::int64_t store_id) {
    if (store_id <= 0) {
        return std::nullopt;
    }
    const auto* found = std::ranges::find(known, store_id, &known_app::store_id);
    if (found != known.end()) {
        return make(*found);
    }
    const auto number = std::to_string(store_id);
    return invent("com.example.store.app" + number, "App " + number, store_id);
}

std::optional<app> store_app(std::string_view bundle_identifier) {
    const auto* found = std::ranges::find(known, bundle_identifier, &known_app::identifier);
    if (found != known.end()) {
        return make(*found);
    }
    const auto& system = system_apps();
    if (!is_bundle_identifier(bundle_identifier) ||
        std::ranges::find(system, bundle_identifier, &app::identifier) != system.end()) {
        return std::nullopt;
    }
    const auto digest = crypto::sha256(as_bytes(bundle_identifier));
    const auto id = 1'000'000'000 + digest[0] * 65536 + digest[1] * 256 + digest[2];
    const auto dot = bundle_identifier.rfind('.');
    return invent(std::string{bundle_identifier}, std::string{bundle_identifier.substr(dot + 1)},
                  id);
}

const std::vector<app>& system_apps() {
    static const std::vector<app> all{
        of_system("com.apple.AppStore", "App Store", 14 * mib),
        of_system("com.apple.iCal", "Calendar", 20 * mib),
        of_system("com.apple.Console", "Console", 4 * mib),
        of_system("com.apple.DiskUtility", "Disk Utility", 8 * mib),
        of_system("com.apple.mail", "Mail", 28 * mib),
        of_system("com.apple.Music", "Music", 98 * mib),
        of_system("com.apple.Notes", "Notes", 31 * mib),
        of_system("com.apple.Photos", "Photos", 43 * mib),
        of_system("com.apple.Preview", "Preview", 10 * mib),
        of_system("com.apple.Safari", "Safari", 14 * mib),
        of_system("com.apple.systempreferences", "System Settings", 11 * mib),
        of_system("com.apple.Terminal", "Terminal", 10 * mib),
        of_system("com.apple.TextEdit", "TextEdit", 3 * mib)};
    return all;
}

} // namespace pomona::sim::mac
