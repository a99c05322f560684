// The manifest of an application's package (schema other/manifesturl.yaml).
#pragma once

#include "mac/machine/applications.hpp"
#include "pomona/foundation/bytes.hpp"

#include <expected>
#include <string>
#include <vector>

namespace pomona::sim::mac {

/// Where the package is, and the hashes of its pieces.
struct app_manifest {
    app content;
    std::string package_url;
    std::int64_t chunk_bytes = 0; ///< 0: one hash over everything
    bool md5 = false;             ///< else SHA-256
    std::vector<bytes> hashes;    ///< empty: not checked

    /// Whether `package` has these hashes.
    [[nodiscard]] bool matches(bytes_view package) const;
};

/// The first item of a manifest. The error says what is wrong with it.
std::expected<app_manifest, std::string> read_app_manifest(const plist::dict& d);

} // namespace pomona::sim::mac
