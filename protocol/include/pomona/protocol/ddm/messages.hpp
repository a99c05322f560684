// Declarative device management documents (Apple, "Leveraging the declarative management data
// model").
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/error.hpp"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pomona::ddm {

enum class errc {
    malformed = 1,
    missing_key,
    wrong_type,
    too_long,
    unknown_kind,
    unknown_endpoint
};
std::error_code make_error_code(errc value);

/// The third component of a declaration's type, and the <kind> of its URL.
enum class kind { activation, configuration, asset, management };
std::string_view to_text(kind k); ///< "activation", …
std::optional<kind> parse_kind(std::string_view text);
/// Of "com.apple.<kind>.…".
std::optional<kind> kind_of(std::string_view declaration_type);

struct tokens {
    std::string declarations_token; ///< 1 to 256 octets
    std::string timestamp;          ///< RFC 3339, whole seconds; may be empty
};
result<tokens> parse_tokens(bytes_view json);
bytes write_tokens(const tokens& t);

struct manifest_item {
    std::string identifier;   ///< at most 64 octets
    std::string server_token; ///< at most 64 octets
    bool operator==(const manifest_item&) const = default;
};
struct manifest {
    std::vector<manifest_item> activations, configurations, assets, management;
    std::string declarations_token;
    [[nodiscard]] const std::vector<manifest_item>& items(kind k) const;
    [[nodiscard]] std::vector<manifest_item>& items(kind k);
};
result<manifest> parse_manifest(bytes_view json);
bytes write_manifest(const manifest& m);

struct declaration {
    std::string type, identifier, server_token;
    std::string payload; ///< JSON text of the Payload object
    [[nodiscard]] std::optional<ddm::kind> kind() const { return kind_of(type); }
};
/// `need_token`: a declaration as uploaded to a server may lack ServerToken.
result<declaration> parse_declaration(bytes_view json, bool need_token = true);
bytes write_declaration(const declaration& d);

/// The Endpoint key: "tokens", "declaration-items", "status", "declaration/<kind>/<identifier>".
struct endpoint {
    enum class what { tokens, declaration_items, declaration, status };
    what target{};
    ddm::kind kind{};
    std::string identifier; ///< may contain slashes: split on the first two only
};
result<endpoint> parse_endpoint(std::string_view text);
std::string write_endpoint(const endpoint& e);

/// JSON parsing with bounds on size, depth and node count; duplicate keys: the last wins. The base
/// of all of the above.
result<std::shared_ptr<const nlohmann::json>>
parse_json(bytes_view text, std::size_t max_bytes = 4U << 20U, std::size_t max_depth = 64);

} // namespace pomona::ddm

POMONA_ERROR_ENUM(pomona::ddm::errc);
