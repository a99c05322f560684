// The CA and the TLS identity on disk: made on first start, loaded again later.
#pragma once

#include "pomona/protocol/crypto/certificate.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::server {

struct server_identities {
    crypto::identity root;
    crypto::identity tls;
};

/// What making them needs; `key_for` may give fixed keys ("ca", "tls").
struct identity_request {
    std::filesystem::path folder; ///< empty: nothing is kept
    std::string organization;
    std::vector<std::string> names;
    std::function<std::optional<crypto::private_key>(std::string_view role)> key_for;
    bytes root_serial, tls_serial; ///< 16 random octets each
    time_point now;
};

/// Blocking and CPU-heavy: for world::offload. A CA is never replaced by a new one: files that
/// cannot be read are an error. The TLS identity is made anew when its names differ from those
/// wanted or when it ends within 30 days.
result<server_identities> load_or_make(const crypto::context& ctx, const identity_request& wanted);

} // namespace pomona::server
