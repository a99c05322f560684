// Numbered pieces of work on all cores, results handed to the calling thread as they come.
#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>

namespace pomona::stack {

struct crew_options {
    unsigned threads = 0; ///< 0: one a core
    std::size_t count = 0;
    std::stop_token stop;
};

/// Calls `work(i)` for each i below count, on the crew's threads; it must not throw. `tick` is
/// called on the calling thread, at least five times a second and once at the end; false from it
/// ends the work early, as the stop token does. Returns when no thread runs any more.
void run_crew(crew_options how, const std::function<void(std::size_t)>& work,
              const std::function<bool()>& tick);

} // namespace pomona::stack
