// Reading and writing the saved form of the machine's facets: property lists of our own making. A
// key that is missing has its default, so that a file of an older Pomona still loads.
#pragma once

#include "pomona/foundation/error.hpp"
#include "pomona/foundation/time.hpp"
#include "pomona/protocol/plist/value.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace pomona::sim::mac::saved {

inline std::string text(const plist::dict& d, std::string_view key) {
    const auto* found = d.string(key);
    return found == nullptr ? std::string{} : *found;
}
inline bool flag(const plist::dict& d, std::string_view key, bool otherwise) {
    const auto* found = d.boolean(key);
    return found == nullptr ? otherwise : *found;
}
inline std::int64_t number(const plist::dict& d, std::string_view key, std::int64_t otherwise = 0) {
    const auto* found = d.integer(key);
    return found == nullptr ? otherwise : *found;
}
/// Times are texts with nanoseconds: a date of a property list has whole seconds.
inline std::optional<time_point> time(const plist::dict& d, std::string_view key) {
    const auto* found = d.string(key);
    return found == nullptr ? std::nullopt : from_rfc3339(*found);
}
inline std::optional<duration> length(const plist::dict& d, std::string_view key) {
    const auto* found = d.integer(key);
    return found == nullptr ? std::nullopt : std::optional{duration{*found}};
}

inline void put(plist::dict& d, std::string_view key, time_point t) {
    d.set(key, to_rfc3339_nanos(t));
}
inline void put(plist::dict& d, std::string_view key, const std::optional<time_point>& t) {
    if (t) {
        put(d, key, *t);
    }
}
inline void put(plist::dict& d, std::string_view key, const std::optional<duration>& length) {
    if (length) {
        d.set(key, std::int64_t{length->count()});
    }
}

inline std::unexpected<error> unusable(std::string what) {
    return fail(std::make_error_code(std::errc::invalid_argument),
                "the saved state of " + std::move(what) + " cannot be used");
}

} // namespace pomona::sim::mac::saved
