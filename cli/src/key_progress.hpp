// The progress bar of key making on standard error.
#pragma once

#include "pomona/stack/key_pool.hpp"

namespace pomona::cli {

/// Draws a bar on a terminal, a line now and then elsewhere; silent when `quiet`.
stack::progress_function key_progress_bar(bool quiet);

} // namespace pomona::cli
