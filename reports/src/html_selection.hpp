// Whose event is it, and which events go into a page of bounded size.
#pragma once

#include "pomona/scenario/outcome.hpp"
#include "pomona/trace/event.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace pomona::reports {

constexpr int no_mac = -1;

/// The Macs of a run and, for each event, whose it is. A server's or the push service's event
/// belongs to the Mac at the other end of its exchange, to the one whose token, UDID or enrollment
/// id it names, or to the one its cause belongs to.
struct attribution {
    std::vector<std::string> macs; ///< actor names, sorted
    std::vector<int> mac_of;       ///< index into `macs`, or no_mac; parallel to the events
    /// RequestType of the command an event's CommandUUID names; parallel; empty where unknown.
    std::vector<std::string> command_of;
};
attribution attribute(const std::vector<const trace::event*>& events);

/// Choice: a page with more events than this is slow to open and to forward.
constexpr std::size_t max_events = 60'000;
constexpr std::size_t first_macs = 50;

struct selection {
    std::vector<int> order; ///< Macs whose events are kept, those of findings and failures first
    std::size_t named = 0;  ///< how many of `order` a finding or failure names
    std::vector<bool> kept; ///< parallel to the events
    std::size_t omitted_events = 0;
    std::size_t omitted_macs = 0;
};
/// All events while there are at most `limit`; beyond that the events that findings and failures
/// point at, then whole Macs (those of findings and failures, then the first fifty), then events of
/// no Mac, until the limit is reached.
selection select(const scenario::run_outcome& run, const std::vector<const trace::event*>& events,
                 const attribution& whose, std::size_t limit = max_events);

} // namespace pomona::reports
