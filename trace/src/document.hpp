// A body opened: a property list, or JSON, bare or inside a CMS signature.
#pragma once

#include "pomona/protocol/plist/codec.hpp"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <optional>
#include <variant>

namespace pomona::trace {

using json_document = std::shared_ptr<const nlohmann::json>;

struct document {
    std::variant<std::monostate, plist::value, json_document> root;
    bool is_binary = false; ///< a binary property list
    bool in_cms = false;    ///< it stood inside a SignedData

    [[nodiscard]] const plist::dict* dict() const;
    [[nodiscard]] const nlohmann::json* json() const; ///< null when it is no JSON
    [[nodiscard]] bool empty() const { return root.index() == 0; }
};

/// Empty for other bytes. Bounded: 16 MiB, 64 levels. `max_nodes` of a property list.
document read_document(bytes_view body);

/// How deep documents inside documents (DDM Data, profile Payload) are followed.
inline constexpr int max_nested_documents = 4;

} // namespace pomona::trace
