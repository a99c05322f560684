// What a fuzz target does when a property does not hold: stop where the fuzzer sees it, in any
// build.
#pragma once

#include <cstdlib>

inline void must(bool holds) {
    if (!holds) {
        std::abort();
    }
}
