// Facts of the schema tables as texts and as JSON.
#pragma once

#include "pomona/protocol/schema/tables.hpp"

#include <nlohmann/json_fwd.hpp>

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace pomona::cli {

struct fact_options {
    bool seed = false; ///< with what is known of a release from its seed only
};

/// "macOS 10.13 and later", "macOS 10.11 to 15.0, deprecated since 12.0".
std::string version_text(const schema::node& n, bool seed);
std::vector<const schema::node*> in_order(std::span<const schema::node> keys);
/// What holds for the whole: name and value.
std::vector<std::pair<std::string, std::string>> entry_facts(const schema::entry& e,
                                                             const fact_options& how);
/// One line a key, indented below what it stands in.
std::vector<std::string> key_lines(const std::vector<const schema::node*>& keys,
                                   const fact_options& how);
nlohmann::ordered_json entry_json(const schema::entry& e, const fact_options& how);

} // namespace pomona::cli
