// Property lists on the wire: XML and binary, bounded before libplist sees a byte.
#pragma once

#include "pomona/foundation/error.hpp"
#include "pomona/protocol/plist/value.hpp"

namespace pomona::plist {

enum class errc {
    too_large = 1,
    too_deep,
    too_many_nodes,
    not_a_plist,
    malformed,
    unsupported_type, ///< a CF$UID, or an integer that 64 signed bits do not hold
    not_a_dictionary,
    missing_key,
    wrong_type
};
std::error_code make_error_code(errc value);

/// What the scan refuses. libplist 2.2 recurses over nesting and expands shared references of the
/// binary form, so all three are checked on the raw bytes first; `max_nodes` counts every node as
/// often as it is referenced.
struct limits {
    std::size_t max_bytes = 4U << 20U;
    std::size_t max_depth = 64;
    std::size_t max_nodes = 200'000;
};

/// The scan alone: linear in the input, recursion-free, allocates at most O(objects).
result<void> scan(bytes_view data, const limits& bounds = {});

/// Either form, told apart by the magic "bplist00". Scans first. Duplicate keys: the last wins.
result<value> parse(bytes_view data, const limits& bounds = {});
/// As parse, for the usual case that the root must be a dictionary.
result<dict> parse_dict(bytes_view data, const limits& bounds = {});

/// XML with Apple's DOCTYPE, tab-indented, as libplist writes it. Never fails for a tree within 64
/// levels.
bytes to_xml(const value& root);
bytes to_binary(const value& root);

/// Typed access that fails with the key's name in the error: for required keys of messages.
result<std::string> require_string(const dict& d, std::string_view key);
result<bytes> require_data(const dict& d, std::string_view key);
result<dict> require_dict(const dict& d, std::string_view key);

} // namespace pomona::plist

POMONA_ERROR_ENUM(pomona::plist::errc);
