// YAML read strictly: duplicate keys, anchors, aliases and tags are problems; every node knows its
// place.
#pragma once

#include "pomona/foundation/source.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::yaml {

enum class kind { null, scalar, sequence, mapping };

struct member;

struct node {
    yaml::kind kind = yaml::kind::null;
    location where;
    std::string text;            ///< scalar
    bool quoted = false;         ///< scalar: it is text whatever it looks like
    std::vector<node> items;     ///< sequence
    std::vector<member> members; ///< mapping, in file order
    [[nodiscard]] const node* find(std::string_view key) const;
    /// Plain scalars only: true/false, integer, number.
    [[nodiscard]] std::optional<bool> boolean() const;
    [[nodiscard]] std::optional<std::int64_t> integer() const;
    [[nodiscard]] std::optional<double> number() const;
};

struct member {
    std::string key;
    location where;
    node value;
};

/// One document, at most 1 MiB, 64 levels and 100,000 nodes.
std::expected<node, problem> read(const std::string& file, std::string_view text);

} // namespace pomona::yaml
