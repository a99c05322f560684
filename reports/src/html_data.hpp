// The data of the report page as JSON.
#pragma once

#include "pomona/reports/html.hpp"

#include <cstddef>
#include <string>

namespace pomona::reports {

struct data_bounds {
    std::size_t events = 60'000;
    std::size_t detail_bytes = 8U << 20U; ///< headers, facts and bodies together
    std::size_t body_bytes = 256U << 10U; ///< one body; a longer one is named but not included
};

/// One line of ASCII-safe JSON that may stand inside a <script> element: it has no '<' at all.
/// Members: run (as run.json), origin (RFC 3339), actors, macs, channels, labels, steps (tables of
/// texts), events (arrays: number, ms since origin, actor, kind, channel, label, status, cause,
/// exchange, body, end, mac, step; a missing index is -1), details (by event number: the rest of
/// the event), bodies, omitted (what was left out).
std::string page_data(const html_input& input, const data_bounds& bounds = {});

} // namespace pomona::reports
