// What a fuzz target does when a property does not hold: say which, and stop where the fuzzer sees
// it, in any build.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

inline void must(bool holds, std::source_location where = std::source_location::current()) {
    if (!holds) {
        std::fprintf(stderr, "property does not hold: %s:%u\n", where.file_name(),
                     static_cast<unsigned>(where.line()));
        std::abort();
    }
}
