// The report as one HTML file that opens from disk: verdicts, per-Mac timeline, sequence diagram,
// decoded messages.
#pragma once

#include "pomona/scenario/outcome.hpp"
#include "pomona/trace/event.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pomona::reports {

struct html_input {
    const scenario::run_outcome* run = nullptr;
    std::vector<const trace::event*> events;
    std::function<std::optional<bytes>(const trace::body_ref&)> body;
};

/// Decoded bodies are included for the Macs of findings and failures and for the first Macs until
/// about 8 MiB are reached; the page says when something was left out. Never fails for a readable
/// run.
std::string html(const html_input& input);

} // namespace pomona::reports
