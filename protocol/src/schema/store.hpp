// Where the arrays that the build makes out of the tables are found.
#pragma once

#include "pomona/protocol/schema/tables.hpp"

#include <cstddef>

namespace pomona::schema::store {

struct area_range {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
};

extern const char* const text;
extern const constant* const values;
extern const extra_facts* const extras;
extern const node* const nodes;
extern const entry* const entries;
extern const reason* const reasons;
extern const area_range* const areas;
extern const char* const release;
extern const std::size_t node_count;

} // namespace pomona::schema::store
