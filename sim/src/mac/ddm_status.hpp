// Status reports: what the server was told, and what it has to be told next.
#pragma once

#include "mac/ddm_evaluation.hpp"

#include <map>
#include <optional>
#include <string>

namespace pomona::sim::mac {

/// Item by item what a delivered report said, as JSON text; unsupported items as empty text.
using reported_items = std::map<std::string, std::string, std::less<>>;

struct status_report {
    bytes json;          ///< StatusReport
    reported_items says; ///< what has been reported once this one is delivered
};
/// The items that differ from `before`; nullopt when there is none. An item that is no longer
/// subscribed is forgotten without a word.
std::optional<status_report> build_status(const evaluation& now, const hardware& machine,
                                          const reported_items& before);

} // namespace pomona::sim::mac
