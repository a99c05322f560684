// What a predicate is after reading: terms in one array, by index.
#pragma once

#include "pomona/protocol/predicate/pattern.hpp"
#include "pomona/protocol/predicate/predicate.hpp"
#include "predicate/text_match.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>

namespace pomona::predicate {

enum class operation : std::uint8_t {
    // Predicates.
    constant, ///< TRUEPREDICATE, FALSEPREDICATE: `literal`
    all_of,   ///< AND
    any_of,   ///< OR
    negation, ///< NOT
    equal,
    unequal,
    less,
    less_or_equal,
    greater,
    greater_or_equal,
    begins_with,
    ends_with,
    contains,
    like,
    matches,
    in,
    between,
    // Values.
    literal,
    aggregate, ///< { … }
    status,    ///< @status(text)
    property,  ///< @property(text)
    key,       ///< first.@key(text), or first.text
    variable,  ///< $text
    path,      ///< a key of the evaluated object, which is none here
    self,
    count,   ///< first.@count
    element, ///< first[second]
    first_element,
    last_element,
    subquery, ///< SUBQUERY(first, $text, second)
    negative,
    add,
    subtract,
    multiply,
    divide
};
bool is_predicate(operation o);

enum class quantity : std::uint8_t { one, any, all, none };

using term_index = std::uint32_t;

struct term {
    operation is{};
    quantity how_many = quantity::one; ///< of the left side of a comparison
    match_options options = {};
    std::vector<term_index> of = {}; ///< operands, in order
    std::string text = {};
    nlohmann::json literal = {};
};

struct tree {
    std::vector<term> terms;
    term_index root = 0;
    std::vector<std::string> status_items, properties;
};

} // namespace pomona::predicate
